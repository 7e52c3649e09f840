import type { FileHandle } from 'node:fs/promises';
import { throwIfCancelled } from '../../base/cancellation.ts';
import { atFile, isMissing } from '../../base/file-errors.ts';
import { openRegularFileAsync } from '../../base/regular-files.ts';
import { classifyDatabaseFile, handlingOf } from '../../store/files/store-files.ts';
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

/** One piece of a copy; others run at the same time. */
export type LiveTask = (copying: LiveCopying) => Promise<unknown>;

/** Runs tasks, some at a time, in their order. */
export async function runTasks(tasks: readonly LiveTask[], { rate, signal }: LiveCopying): Promise<void> {
  const waiting = [...tasks];
  // The first failure ends the others, so that nobody is called any more once this rejects.
  const failing = new AbortController();
  const copying = { rate, signal: AbortSignal.any([signal, failing.signal]) };
  const work = async (): Promise<void> => {
    for (let task = waiting.shift(); task !== undefined; task = waiting.shift()) {
      throwIfCancelled(copying.signal);
      await task(copying);
    }
  };
  let failure: { error: unknown } | undefined;
  const workers = Array.from({ length: Math.min(FILES_AT_ONCE, tasks.length) }, () =>
    work().catch((error: unknown) => {
      failure ??= { error };
      failing.abort(error);
    }),
  );
  await Promise.all(workers);
  throwIfCancelled(signal);
  if (failure !== undefined) throw failure.error;
}

/**
 * Copies a file of a running server to a receiver. It may change while it is read: what is read of a record is older or newer or torn, and
 * replay corrects it, as long as the log is read after the last byte of the files (spec transaction-logs 10.1). Undefined if the file has
 * vanished.
 */
export async function copyLiveFile(
  file: LiveFile,
  receiver: CopyReceiver,
  copying: LiveCopying,
): Promise<FileReceiver | undefined> {
  return await withLiveFile(file, async (source) => {
    const { name, path, alignment } = file;
    const { size } = await atFile('read the file', path, () => source.stat());
    throwIfCancelled(copying.signal);
    const received = await receiver.openFile({ name, alignment, empty: size < alignment });
    // As much as it had when it was opened, in whole records: what comes after that is in the log.
    await deliverFile({ source, path, bytes: size - (size % alignment) }, received, copying);
    await received.end();
    return received;
  });
}

/** Opens a file. Undefined if it has vanished: it was of an index that the server has changed or dropped. A record store never vanishes. */
export async function withLiveFile<T>(
  { name, path }: LiveFile,
  use: (source: FileHandle) => Promise<T>,
): Promise<T | undefined> {
  let source: FileHandle;
  try {
    source = await openRegularFileAsync(path);
  } catch (error) {
    if (isMissing(error) && mayVanish(name)) return undefined;
    throw error;
  }
  try {
    return await use(source);
  } finally {
    await source.close();
  }
}

function mayVanish(name: string): boolean {
  return handlingOf(classifyDatabaseFile(name)) === 'derived' || name.includes('/');
}

/** The first bytes of an open file. */
export interface OpenPart {
  source: FileHandle;
  path: string;
  bytes: number;
}

/** Delivers a part of a file: as a whole if the receiver can take it, else in pieces. */
export async function deliverFile(part: OpenPart, file: FileReceiver, copying: LiveCopying): Promise<void> {
  if (part.bytes > 0) {
    const cloned = await file.clone?.(pathOfOpen(part), part.bytes);
    throwIfCancelled(copying.signal);
    if (cloned === undefined) await deliverPieces(part, file, copying);
  }
  throwIfCancelled(copying.signal);
}

/** A path to the open file, whatever has its name by now. */
function pathOfOpen({ source, path }: OpenPart): string {
  return process.platform === 'linux' ? `/proc/self/fd/${source.fd}` : path;
}

/** Reads the next piece while the receiver takes one. */
async function deliverPieces(
  { source, path, bytes }: OpenPart,
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
