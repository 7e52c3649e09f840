import { closeSync, constants, fstatSync, openSync, readFileSync, type Stats, statSync } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { GraphkeepError } from './errors.ts';
import { atFile, fileError } from './file-errors.ts';

/*
 * Opens every file of a database, and refuses what is not a regular file. Anything may have been put in its place: opening a named pipe
 * without a writer blocks for ever, opening a device may trigger an action, and a directory opens but fails at the first read. Links are
 * followed. Errors: `file.corrupt` for anything but a regular file, `file.io` with the place for system errors; `isMissing` recognizes a
 * missing file.
 */

/** If the kind changes between stat and open, the open still does not block. Windows has no such flag. */
const NON_BLOCKING = constants.O_NONBLOCK ?? 0;

const flagsOf = {
  r: constants.O_RDONLY | NON_BLOCKING,
  'r+': constants.O_RDWR | NON_BLOCKING,
} as const;

/** The kind of a path that is not a regular file: "a directory", "a named pipe", ... */
export function describeIrregular(info: Stats): string | undefined {
  if (info.isFile()) return undefined;
  if (info.isDirectory()) return 'a directory';
  if (info.isFIFO()) return 'a named pipe';
  if (info.isSocket()) return 'a socket';
  return 'a device';
}

/** Opens an existing regular file; the caller closes the descriptor. */
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

/** Asynchronous {@link openRegularFile}. */
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
