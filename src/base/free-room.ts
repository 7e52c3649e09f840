import { statfs } from 'node:fs/promises';
import { GraphkeepError } from './errors.ts';
import { atFile } from './file-errors.ts';

/**
 * Refuses work for which the disk has no room, before it begins.
 * @param message what there is no room for, as in `there is not enough room to unpack the archive`
 * @param whatFor behind the number of bytes, as in ` by the next file`
 * @throws GraphkeepError `file.io`
 */
export async function requireRoom(
  directory: string,
  neededBytes: number,
  message: string,
  whatFor = '',
): Promise<void> {
  const { bavail, bsize, blocks } = await atFile('read the file system', directory, () => statfs(directory));
  // Some file systems do not report their size.
  if (blocks === 0 || neededBytes <= bavail * bsize) return;
  throw new GraphkeepError('file.io', message, {
    place: { file: directory },
    observed: `${bavail * bsize} bytes free, ${neededBytes} needed${whatFor}`,
    hint: 'Make room on this disk, then run the command again.',
  });
}
