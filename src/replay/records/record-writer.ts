import { join } from 'node:path';
import { throwIfCancelled } from '../../base/cancellation.ts';
import { syncFile } from '../../base/durable-files.ts';
import { GraphkeepError } from '../../base/errors.ts';
import { fileError, isMissing } from '../../base/file-errors.ts';
import { readRecordSize } from '../../store/files/record-file.ts';
import type { RecordKind } from '../../store/files/store-files.ts';
import type { StoreFormat } from '../../store/files/store-format.ts';
import type { DynamicRecord } from '../../store/records/dynamic-record.ts';
import type { RecordCodec } from '../../store/records/record-codec.ts';
import type { FreedUnits } from '../collect/freed-units.ts';
import { imagesOf } from '../collect/image-decoders.ts';
import { type ImageLocation, NO_IMAGE } from '../collect/image-location.ts';
import { fileOfSpace, type RecordSpace, recordSpaces } from '../collect/record-space.ts';
import type { ReplayContext } from '../collect/replay-context.ts';
import { RecordWindow } from './record-window.ts';

/** The fields common to all records. */
export interface AnyRecord {
  id: number;
  inUse: boolean;
  secondaryUnit?: number;
  data?: Uint8Array;
}

export interface WrittenRecords {
  records: number;
  files: number;
}

/**
 * Writes the last after-image of every changed record into the store files, each file once and in id order, and forces them to disk.
 * Idempotent: can be repeated after a kill. `onFile` receives the number of changed files written so far, starting with 0.
 */
export async function writeRecords(
  context: ReplayContext,
  freedUnits: FreedUnits | undefined,
  signal?: AbortSignal,
  onFile?: (done: number, total: number) => void,
): Promise<WrittenRecords> {
  const written = { records: 0, files: 0 };
  const changed = recordSpaces.filter((space) => context.changes.has(space));
  onFile?.(0, changed.length);
  // Each file is flushed while the next one is written.
  const flushes: Promise<void>[] = [];
  try {
    for (const space of changed) {
      throwIfCancelled(signal);
      written.records += writeSpace(space, context, freedUnits);
      written.files++;
      flushes.push(beginFlush(join(context.folder, fileOfSpace(space).fileName)));
      // Let the event loop run between files, for signals and progress.
      await new Promise(setImmediate);
      onFile?.(written.files, changed.length);
    }
  } finally {
    await Promise.allSettled(flushes);
  }
  await Promise.all(flushes);
  return written;
}

/** Keeps a failure for the code that waits for all flushes. */
function beginFlush(path: string): Promise<void> {
  const flush = syncFile(path);
  flush.catch(() => {});
  return flush;
}

function writeSpace(space: RecordSpace, context: ReplayContext, units: FreedUnits | undefined): number {
  const { folder, format, changes, images } = context;
  const file = fileOfSpace(space);
  const path = join(folder, file.fileName);
  const codec = codecOf(path, file.kind, format);
  const decode = imagesOf(space, images) as unknown as (image: ImageLocation, record: AnyRecord) => AnyRecord;
  const record = codec.create();
  const window = openWindow(path, codec.size);

  function write(wanted: (record: AnyRecord) => boolean): number {
    let records = 0;
    for (const { id, lastAfter } of changes.inOrder(space)) {
      if (lastAfter === NO_IMAGE) continue;
      decode(lastAfter, record);
      if (!wanted(record)) continue;
      record.id = id;
      checkFits(record, codec.size - format.dynamicHeaderBytes, path);
      const offset = window.seek(id);
      const secondUnit = codec.encode(record, window.page, offset);
      window.markDirty(offset);
      if (secondUnit !== undefined) window.writeRecord(record.secondaryUnit!, secondUnit);
      records++;
    }
    return records;
  }

  try {
    const records = units?.occurIn(space) ? writeWithUnits(window, units.of(space), write) : write(() => true);
    window.writeBack();
    return records;
  } catch (error) {
    throw fileError(error, 'write the store file', path);
  } finally {
    window.close();
  }
}

/**
 * Clears everything that no longer exists before writing anything. An id that one record gave up can now be the second unit of another with
 * a lower id, or the other way round: clearing it in id order would destroy what was just written there.
 */
function writeWithUnits(
  window: RecordWindow,
  freedUnits: Iterable<number>,
  write: (wanted: (record: AnyRecord) => boolean) => number,
): number {
  for (const unit of freedUnits) window.clearInUse(unit);
  return write((record) => !record.inUse) + write((record) => record.inUse);
}

export function codecOf(path: string, kind: RecordKind, format: StoreFormat): RecordCodec<AnyRecord> {
  const codec: unknown = kind === 'dynamic' ? format.dynamic(readRecordSize(path, format)) : format[kind];
  return codec as RecordCodec<AnyRecord>;
}

function openWindow(path: string, recordBytes: number): RecordWindow {
  try {
    return new RecordWindow(path, recordBytes);
  } catch (error) {
    if (!isMissing(error)) throw fileError(error, 'open the store file', path);
    throw new GraphkeepError('store.missing-file', 'a store file is missing', { place: { file: path }, cause: error });
  }
}

/** Throws if a dynamic record of the log does not fit the block size of its store. */
export function checkFits(record: AnyRecord, blockBytes: number, path: string): void {
  const { data } = record as Partial<DynamicRecord>;
  if (data === undefined || data.length <= blockBytes) return;
  throw new GraphkeepError('log.corrupt', 'a dynamic record of the log is larger than the blocks of its store', {
    place: { file: path },
    observed: `${data.length} bytes, at most ${blockBytes}`,
  });
}
