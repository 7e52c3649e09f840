import { join } from 'node:path';
import { throwIfCancelled } from '../../base/cancellation.ts';
import { GraphkeepError } from '../../base/errors.ts';
import type { IdBits } from '../../store/files/store-format.ts';
import { imagesOf } from '../collect/image-decoders.ts';
import { type ImageLocation, NO_IMAGE } from '../collect/image-location.ts';
import { fileOfSpace, type RecordSpace, recordSpaces } from '../collect/record-space.ts';
import type { ReplayContext } from '../collect/replay-context.ts';
import { type AnyRecord, checkFits, codecOf } from './record-writer.ts';

/**
 * Does everything that {@link writeRecords} does except writing, so that every reason to refuse a record is found before the first change
 * to the store. Needed because a log from the network has only been checked for structure.
 */
export async function checkRecords(context: ReplayContext, signal?: AbortSignal): Promise<void> {
  for (const space of recordSpaces) {
    if (!context.changes.has(space)) continue;
    throwIfCancelled(signal);
    checkSpace(space, context);
    await new Promise(setImmediate);
  }
}

function checkSpace(space: RecordSpace, { folder, format, changes, images }: ReplayContext): void {
  const { key, kind, fileName } = fileOfSpace(space);
  const path = join(folder, fileName);
  const codec = codecOf(path, kind, format);
  const decode = imagesOf(space, images) as unknown as (image: ImageLocation, record: AnyRecord) => AnyRecord;
  const record = codec.create();
  const bytes = Buffer.alloc(codec.size);
  const endId = 2 ** (key in format.idBits ? format.idBits[key as keyof IdBits] : format.idBits.dynamic);
  for (const { id, lastAfter } of changes.inOrder(space)) {
    if (lastAfter === NO_IMAGE) continue;
    decode(lastAfter, record);
    record.id = id;
    checkId(id, endId, path);
    if (record.inUse) checkId(record.secondaryUnit ?? -1, endId, path);
    checkFits(record, codec.size - format.dynamicHeaderBytes, path);
    codec.encode(record, bytes, 0);
  }
}

function checkId(id: number, endId: number, path: string): void {
  if (id < endId) return;
  throw new GraphkeepError('log.corrupt', 'a record of the log has an id that its store cannot have', {
    place: { file: path },
    observed: id,
  });
}
