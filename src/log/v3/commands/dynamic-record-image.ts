import type { ByteWriter } from '../../../base/byte-writer.ts';
import type { DynamicRecord } from '../../../store/records/dynamic-record.ts';
import { copyBytes, corruptLog, INCOMPLETE, readI32, readRecordId, readReference } from '../fields/log-integer.ts';
import { MAX_DYNAMIC_DATA_BYTES } from '../fields/log-limits.ts';
import type { DynamicOwner, TransactionVisitor } from '../fields/transaction-visitor.ts';
import { readCount } from './record-flags.ts';

/**
 * Dynamic record inside a command (spec transaction-logs 3.1), and a list of them: `count:i32 record*count`
 *
 * | off | size | field |
 * |---|---|---|
 * | 0 | 8 | id |
 * | 8 | 4 | type: 9 = string value, 10 = array value, -1 = label, name or schema record |
 * | 12 | 1 | flags: 0x01 in use, 0x02 first of its chain. A record not in use ends here |
 * | 13 | 4 | length n of the data |
 * | 17 | 8 | next record, -1 = last |
 * | 25 | n | data |
 */
export interface DynamicImage {
  id: number;
  type: number;
  flags: number;
  next: number;
  data: Uint8Array;
}

const STRING_VALUE_TYPE = 9;
const ARRAY_VALUE_TYPE = 10;

const UNUSED_BYTES = 13;
const USED_BYTES = 25;
const IN_USE = 0x01;
const FIRST = 0x02;
const NO_DATA = new Uint8Array(0);

function skipDynamicRecord(buffer: Uint8Array, at: number, end: number): number {
  if (at + UNUSED_BYTES > end) throw INCOMPLETE;
  const flags = buffer[at + 12]!;
  if (flags > (IN_USE | FIRST)) throw corruptLog('a dynamic record has flags that do not exist', at, flags);
  if ((flags & IN_USE) === 0) return at + UNUSED_BYTES;
  if (at + USED_BYTES > end) throw INCOMPLETE;
  const length = readI32(buffer, at + 13);
  if (length < 0 || length > MAX_DYNAMIC_DATA_BYTES) {
    throw corruptLog(`the data of a dynamic record is not 0 to ${MAX_DYNAMIC_DATA_BYTES} bytes`, at, length);
  }
  const next = at + USED_BYTES + length;
  if (next > end) throw INCOMPLETE;
  return next;
}

export function skipDynamicRecords(buffer: Uint8Array, at: number, end: number): number {
  if (at + 4 > end) throw INCOMPLETE;
  let next = at + 4;
  for (let left = readCount(buffer, at); left > 0; left--) next = skipDynamicRecord(buffer, next, end);
  return next;
}

/** Calls `visitor.dynamic` for every record of the list at `at`; returns the offset after the list. */
export function visitDynamicRecords(
  buffer: Uint8Array,
  at: number,
  end: number,
  owner: DynamicOwner,
  isBefore: boolean,
  visitor: TransactionVisitor,
): number {
  if (at + 4 > end) throw INCOMPLETE;
  let here = at + 4;
  for (let left = readCount(buffer, at); left > 0; left--) {
    const next = skipDynamicRecord(buffer, here, end);
    visitor.dynamic(owner, readRecordId(buffer, here), isBefore, here, next);
    here = next;
  }
  return here;
}

/** {@link visitDynamicRecords} for property values: each record says whether it belongs to the string or the array store. */
export function visitValueRecords(
  buffer: Uint8Array,
  at: number,
  end: number,
  isBefore: boolean,
  visitor: TransactionVisitor,
): number {
  if (at + 4 > end) throw INCOMPLETE;
  let here = at + 4;
  for (let left = readCount(buffer, at); left > 0; left--) {
    const next = skipDynamicRecord(buffer, here, end);
    const type = readI32(buffer, here + 8);
    if (type !== STRING_VALUE_TYPE && type !== ARRAY_VALUE_TYPE) {
      throw corruptLog('the record of a property value is neither of a string nor of an array', here, type);
    }
    const owner = type === STRING_VALUE_TYPE ? 'strings' : 'arrays';
    visitor.dynamic(owner, readRecordId(buffer, here), isBefore, here, next);
    here = next;
  }
  return here;
}

/** Fills `record` from the image at `offset`; `record.data` is a view into `buffer`, empty if the record is not in use. */
export function readDynamicImage(buffer: Uint8Array, offset: number, record: DynamicRecord): DynamicRecord {
  const end = skipDynamicRecord(buffer, offset, buffer.length);
  const flags = buffer[offset + 12]!;
  record.id = readRecordId(buffer, offset);
  record.inUse = (flags & IN_USE) !== 0;
  record.first = (flags & FIRST) !== 0;
  record.next = record.inUse ? readReference(buffer, offset + 17) : -1;
  record.data = record.inUse ? buffer.subarray(offset + USED_BYTES, end) : NO_DATA;
  return record;
}

export function decodeDynamicRecords(buffer: Uint8Array, at: number, end: number): DynamicImage[] {
  const records: DynamicImage[] = [];
  let here = at + 4;
  for (let left = readCount(buffer, at); left > 0; left--) {
    const next = skipDynamicRecord(buffer, here, end);
    const inUse = (buffer[here + 12]! & IN_USE) !== 0;
    records.push({
      id: readRecordId(buffer, here),
      type: readI32(buffer, here + 8),
      flags: buffer[here + 12]!,
      next: inUse ? readReference(buffer, here + 17) : -1,
      data: inUse ? copyBytes(buffer, here + USED_BYTES, next) : NO_DATA,
    });
    here = next;
  }
  return records;
}

export function encodeDynamicRecords(writer: ByteWriter, records: readonly DynamicImage[]): void {
  writer.i32(records.length);
  for (const record of records) {
    writer.i64(record.id).i32(record.type).u8(record.flags);
    if ((record.flags & IN_USE) !== 0) writer.i32(record.data.length).i64(record.next).bytes(record.data);
  }
}
