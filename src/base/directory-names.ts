import { type Dirent, readdirSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { statIfExists } from './durable-files.ts';
import { atFile, fileError, isMissing } from './file-errors.ts';

/** The names in a directory, unordered; empty if there is no directory at the path. */
export async function listIfExists(directory: string): Promise<string[]> {
  if ((await statIfExists(directory))?.isDirectory() !== true) return [];
  return await atFile('read the directory', directory, () => readdir(directory));
}

/** The entries of a directory that somebody else may remove at any time; empty if it is gone. */
export function entriesIfThere(directory: string): Dirent[] {
  try {
    return readdirSync(directory, { withFileTypes: true });
  } catch (error) {
    if (isMissing(error)) return [];
    throw fileError(error, 'read the directory', directory);
  }
}
