import { realpath } from 'node:fs/promises';
import { statIfExists } from './durable-files.ts';
import { fileError, isMissing, missingDirectory, systemCodeOf } from './file-errors.ts';

/**
 * The real path of a directory that the user named, from an absolute one. `later`: a missing one passes here, and is refused by
 * {@link requireDirectory}.
 * @throws GraphkeepError `directory.missing`, `file.io`
 */
export async function canonicalDirectory(absolute: string, missing: 'refuse' | 'later' = 'refuse'): Promise<string> {
  try {
    return await realpath(absolute);
  } catch (error) {
    if (!isMissing(error) && systemCodeOf(error) !== 'ENOTDIR') throw fileError(error, 'open the directory', absolute);
    if (missing === 'later') return absolute;
    throw missingDirectory(absolute);
  }
}

/** @throws GraphkeepError `directory.missing` if it is no directory */
export async function requireDirectory(path: string): Promise<void> {
  if ((await statIfExists(path))?.isDirectory() !== true) throw missingDirectory(path);
}
