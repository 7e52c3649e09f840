import { readdir } from 'node:fs/promises';
import { statIfExists } from './durable-files.ts';
import { atFile } from './file-errors.ts';

/** The names in a directory, unordered; empty if there is no directory at the path. */
export async function listIfExists(directory: string): Promise<string[]> {
  if ((await statIfExists(directory))?.isDirectory() !== true) return [];
  return await atFile('read the directory', directory, () => readdir(directory));
}
