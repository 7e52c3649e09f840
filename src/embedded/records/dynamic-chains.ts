import { GraphkeepError } from '../../base/errors.ts';
import type { DynamicKey } from '../../store/build/value-writer.ts';
import { splitIntoChain } from '../../store/records/dynamic-chain.ts';
import type { DynamicRecord } from '../../store/records/dynamic-record.ts';
import { NULL_REFERENCE } from '../../store/records/record-codec.ts';
import type { RecordChanges } from './record-changes.ts';
import type { RecordReads } from './record-view.ts';

/** The records of a dynamic chain, in order; throws `store.corrupt` if it is broken. */
export function readChain(reads: RecordReads, key: DynamicKey, firstId: number): Readonly<DynamicRecord>[] {
  const records: Readonly<DynamicRecord>[] = [];
  const seen = new Set<number>();
  for (let id = firstId; id !== NULL_REFERENCE; ) {
    const record = reads.read(key, id);
    if (record === undefined || seen.has(id)) {
      const what = record === undefined ? 'is not in use' : 'is in it twice';
      throw new GraphkeepError('store.corrupt', `the ${key} chain from ${firstId} is broken: record ${id} ${what}`);
    }
    seen.add(id);
    records.push(record);
    id = record.next;
  }
  return records;
}

/** Writes a value into a chain of new records. Returns the id of the first one, which is `firstId` if given. */
export function writeChain(changes: RecordChanges, key: DynamicKey, bytes: Uint8Array, firstId?: number): number {
  const ids = firstId === undefined ? [] : [firstId];
  const takeId = () => ids.pop() ?? changes.takeId(key);
  const records = splitIntoChain(bytes, changes.view.dataBytes(key), takeId);
  for (const record of records) changes.create(key, record);
  return records[0]!.id;
}

/** Writes another value into the chain from `firstId`, which keeps its records as far as they are needed. */
export function rewriteChain(changes: RecordChanges, key: DynamicKey, bytes: Uint8Array, firstId: number): void {
  const old = readChain(changes, key, firstId).map(({ id }) => id);
  const unused = [...old];
  const records = splitIntoChain(bytes, changes.view.dataBytes(key), () => unused.shift() ?? changes.takeId(key));
  for (const [i, record] of records.entries()) {
    if (i < old.length) Object.assign(changes.edit(key, record.id), record);
    else changes.create(key, record);
  }
  for (const id of unused) changes.delete(key, id);
}

export function deleteChain(changes: RecordChanges, key: DynamicKey, firstId: number): void {
  for (const { id } of readChain(changes, key, firstId)) changes.delete(key, id);
}
