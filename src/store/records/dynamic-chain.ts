import { GraphkeepError } from '../../base/errors.ts';
import type { DynamicRecord } from './dynamic-record.ts';
import { NULL_REFERENCE } from './record-codec.ts';

/** Reads record `id` of a dynamic store; undefined beyond the end of the file. The next call may reuse the record. */
export type ReadDynamic = (id: number) => DynamicRecord | undefined;

/** The bytes of a value in a chain of dynamic records (spec record-stores 6.5), concatenated. */
export function readDynamicChain(firstId: number, read: ReadDynamic): Buffer {
  const parts: Buffer[] = [];
  let turnAt = 1;
  let tortoise = NULL_REFERENCE;
  for (let id = firstId, steps = 0; id !== NULL_REFERENCE; steps++) {
    const record = read(id);
    if (record === undefined || !record.inUse) throw brokenChain(firstId, id, 'is not in use');
    if (id === tortoise) throw brokenChain(firstId, id, 'is in it twice');
    if (steps === turnAt) {
      tortoise = id;
      turnAt *= 2;
    }
    parts.push(Buffer.from(record.data));
    id = record.next;
  }
  return parts.length === 1 ? parts[0]! : Buffer.concat(parts);
}

function brokenChain(firstId: number, id: number, what: string): GraphkeepError {
  return new GraphkeepError(
    'store.corrupt',
    `the chain of dynamic records from ${firstId} is broken: record ${id} ${what}`,
    {
      observed: id,
    },
  );
}

/**
 * Splits a value into dynamic records of `capacity` data bytes. All but the last are full; an empty value takes one record. `nextId`
 * supplies the ids in chain order.
 */
export function splitIntoChain(bytes: Uint8Array, capacity: number, nextId: () => number): DynamicRecord[] {
  const records: DynamicRecord[] = [];
  for (let at = 0; at === 0 || at < bytes.length; at += capacity) {
    const record: DynamicRecord = {
      id: nextId(),
      inUse: true,
      first: at === 0,
      next: NULL_REFERENCE,
      data: bytes.subarray(at, at + capacity),
    };
    const previous = records.at(-1);
    if (previous !== undefined) previous.next = record.id;
    records.push(record);
  }
  return records;
}
