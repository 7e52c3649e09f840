import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { atFile } from '../../../base/file-errors.ts';
import { refuseOuterLink } from '../../../base/inner-links.ts';

/**
 * An incremental writes to the files of a backup: through a link that leads out, it would change another user's file.
 * @throws GraphkeepError `file.io`
 */
export async function refuseOuterLinks(directory: string): Promise<void> {
  const list = () => readdir(directory, { recursive: true, withFileTypes: true });
  for (const entry of await atFile('read the directory', directory, list)) {
    if (entry.isSymbolicLink()) refuseOuterLink(directory, join(entry.parentPath, entry.name));
  }
}
