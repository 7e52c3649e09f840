import { closeSync, constants, fstatSync, openSync, readFileSync, type Stats, statSync } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { GraphkeepError } from './errors.ts';
import { atFile, fileError } from './file-errors.ts';

/*
 * Files that others have put there may be anything: a named pipe that nobody writes to would hold an `open` for ever, a device may do
 * something when it is opened, and a directory opens and fails at the first read. So every file of a database is opened here. Links are
 * followed; what is not a regular file is `file.corrupt`. What the system refuses is `file.io` with the place; `isMissing` knows a file
 * that is not there.
 */

/** Should the kind change between the look and the opening, the opening still does not wait. Windows has neither. */
const NON_BLOCKING = constants.O_NONBLOCK ?? 0;

const flagsOf = {
  r: constants.O_RDONLY | NON_BLOCKING,
  'r+': constants.O_RDWR | NON_BLOCKING,
} as const;

/** What is at the path, if it is not a regular file: "a directory", "a named pipe", ... */
export function describeIrregular(info: Stats): string | undefined {
  if (info.isFile()) return undefined;
  if (info.isDirectory()) return 'a directory';
  if (info.isFIFO()) return 'a named pipe';
  if (info.isSocket()) return 'a socket';
  return 'a device';
}

/** Opens a regular file that exists; the caller closes the descriptor. */
export function openRegularFile(path: string, access: keyof typeof flagsOf = 'r'): number {
  try {
    requireRegular(statSync(path), path);
    const fd = openSync(path, flagsOf[access]);
    try {
      requireRegular(fstatSync(fd), path);
      return fd;
    } catch (error) {
      closeSync(fd);
      throw error;
    }
  } catch (error) {
    throw fileError(error, 'open the file', path);
  }
}

/** {@link openRegularFile} beside other work. */
export async function openRegularFileAsync(path: string, access: keyof typeof flagsOf = 'r'): Promise<FileHandle> {
  return await atFile('open the file', path, async () => {
    requireRegular(await stat(path), path);
    const file = await open(path, flagsOf[access]);
    try {
      requireRegular(await file.stat(), path);
      return file;
    } catch (error) {
      await file.close();
      throw error;
    }
  });
}

/** The whole content of a regular file. */
export function readRegularFile(path: string): Buffer {
  const fd = openRegularFile(path);
  try {
    return readFileSync(fd);
  } catch (error) {
    throw fileError(error, 'read the file', path);
  } finally {
    closeSync(fd);
  }
}

function requireRegular(info: Stats, file: string): void {
  const kind = describeIrregular(info);
  if (kind === undefined) return;
  throw new GraphkeepError('file.corrupt', 'there must be a regular file here', { place: { file }, observed: kind });
}
