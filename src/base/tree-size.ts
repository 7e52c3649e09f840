import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Files and bytes below a directory, to tell how far a copy of it is. What cannot be read is left out, as the copy itself will say so.
 * `include`: false leaves a file, or all below a directory, out; the path is relative, with `/`.
 */
export async function measureTree(
  root: string,
  include: (relative: string, isDirectory: boolean) => boolean = () => true,
): Promise<{ files: number; bytes: number }> {
  const total = { files: 0, bytes: 0 };
  const measure = async (directory: string, prefix: string): Promise<void> => {
    for (const entry of await readdir(directory, { withFileTypes: true }).catch(() => [])) {
      const path = join(directory, entry.name);
      const relative = prefix + entry.name;
      const info = await stat(path).catch(() => undefined);
      if (info === undefined || !include(relative, info.isDirectory())) continue;
      // A link to a directory is not followed: it may lead back.
      if (entry.isDirectory()) await measure(path, `${relative}/`);
      else if (info.isFile()) {
        total.files++;
        total.bytes += info.size;
      }
    }
  };
  await measure(root, '');
  return total;
}
