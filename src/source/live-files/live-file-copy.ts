import type { FileHandle } from 'node:fs/promises';
import { throwIfCancelled } from '../../base/cancellation.ts';
import { atFile, isMissing } from '../../base/file-errors.ts';
import { openRegularFileAsync } from '../../base/regular-files.ts';
import type { CopyReceiver, FileReceiver } from '../backup-source.ts';
import type { LiveFile } from './live-file-list.ts';
import type { RateLimit } from './rate-limit.ts';

/** Small enough to stay in the cache of a processor until it is written. */
const READ_BYTES = 256 * 1024;
/** Files that are read at the same time. */
const FILES_AT_ONCE = 3;

export interface LiveCopying {
  rate: RateLimit;
  signal: AbortSignal;
}

/**
 * Copies files of a running server to a receiver. They may change while they are read: what is read of a record is older or newer or torn,
 * and replay corrects it, as long as the log is read after the last byte of the files (spec transaction-logs 10.1).
 */
export async function copyLiveFiles(
  files: readonly LiveFile[],
  receiver: CopyReceiver,
  { rate, signal }: LiveCopying,
): Promise<void> {
  const waiting = [...files];
  // The first failure ends the others, so that nobody is called any more once this rejects.
  const failing = new AbortController();
  const copying = { rate, signal: AbortSignal.any([signal, failing.signal]) };
  const work = async (): Promise<void> => {
    for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) {
      throwIfCancelled(copying.signal);
      await copyLiveFile(file, receiver, copying);
    }
  };
  let failure: { error: unknown } | undefined;
  const workers = Array.from({ length: Math.min(FILES_AT_ONCE, files.length) }, () =>
    work().catch((error: unknown) => {
      failure ??= { error };
      failing.abort(error);
    }),
  );
  await Promise.all(workers);
  throwIfCancelled(signal);
  if (failure !== undefined) throw failure.error;
}

/** Undefined if the file has vanished: it was of an index that the server has changed or dropped. A record store never vanishes. */
export async function copyLiveFile(
  { name, path, alignment }: LiveFile,
  receiver: CopyReceiver,
  copying: LiveCopying,
): Promise<FileReceiver | undefined> {
  let source: FileHandle;
  try {
    source = await openRegularFileAsync(path);
  } catch (error) {
    if (isMissing(error) && name.includes('/')) return undefined;
    throw error;
  }
  try {
    const { size } = await atFile('read the file', path, () => source.stat());
    throwIfCancelled(copying.signal);
    const file = await receiver.openFile({ name, alignment, empty: size < alignment });
    // As much as it had when it was opened, in whole records: what comes after that is in the log.
    const bytes = size - (size % alignment);
    const cloned = bytes === 0 ? undefined : await file.clone?.(pathOfOpen(source, path), bytes);
    if (cloned === undefined) await deliver({ source, path, bytes }, file, copying);
    throwIfCancelled(copying.signal);
    await file.end();
    return file;
  } finally {
    await source.close();
  }
}

/** A path to the open file, whatever has its name by now. */
function pathOfOpen(source: FileHandle, path: string): string {
  return process.platform === 'linux' ? `/proc/self/fd/${source.fd}` : path;
}

/** Reads the next piece while the receiver takes one. */
async function deliver(
  { source, path, bytes }: { source: FileHandle; path: string; bytes: number },
  file: FileReceiver,
  { rate, signal }: LiveCopying,
): Promise<void> {
  const buffers = [0, 1].map(() => Buffer.allocUnsafeSlow(Math.min(READ_BYTES, bytes)));
  const read = async (into: Buffer, at: number): Promise<Buffer> => {
    throwIfCancelled(signal);
    const wanted = Math.min(into.length, bytes - at);
    if (wanted === 0) return into.subarray(0, 0);
    await rate.take(wanted, signal);
    const { bytesRead } = await atFile('read the file', path, () => source.read(into, 0, wanted, at));
    return into.subarray(0, bytesRead);
  };
  let reading = read(buffers[0]!, 0);
  try {
    // It may become shorter: what is missing was deleted after the check point, and the log says so.
    for (let at = 0, piece = await reading; piece.length > 0; piece = await reading) {
      at += piece.length;
      buffers.reverse();
      reading = read(buffers[0]!, at);
      // A failure waits until the piece is taken.
      reading.catch(() => {});
      throwIfCancelled(signal);
      await file.bytes(piece);
    }
  } finally {
    await Promise.allSettled([reading]);
  }
}
