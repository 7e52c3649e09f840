import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { atFile } from '../base/file-errors.ts';
import { refuseOuterLink } from '../base/inner-links.ts';

/**
 * An incremental writes to the files of a backup: through a link that leads out, it would change a file of somebody else.
 * @throws GraphkeepError `file.io`
 */
export async function refuseOuterLinks(directory: string): Promise<void> {
  const names = await atFile('read the directory', directory, () => readdir(directory, { recursive: true }));
  for (const name of names) {
    const path = join(directory, name);
    if ((await lstat(path)).isSymbolicLink()) refuseOuterLink(directory, path);
  }
}
