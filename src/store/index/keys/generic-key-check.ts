import {
  CRS_BYTES,
  crsDimensions,
  familyOf,
  isArraySlot,
  isKnownSlotType,
  readCrs,
  TEXT_LENGTH_MASK,
} from './generic-slot.ts';
import { numberBytes } from './number-order.ts';
import { temporalBytes } from './temporal-fields.ts';

const ENTITY_BYTES = 8;

/**
 * Why a server cannot read a key of `native-btree-1.0` (spec trees-and-indexes 12.1); undefined if it can. A server rejects a text longer
 * than the rest of the key. Otherwise the last value of a separator may be cut off anywhere, but not that of an entry.
 */
export function findGenericKeyProblem(
  key: Uint8Array,
  start: number,
  length: number,
  isSeparator: boolean,
): string | undefined {
  const end = start + length;
  let at = start + ENTITY_BYTES;
  while (at < end) {
    const next = skipSlot(key, at, end);
    if (typeof next === 'string') return next;
    if (next > end) return isSeparator ? undefined : `a value ends ${next - end} bytes after the key`;
    at = next;
  }
  return at === end ? undefined : 'there is no entity';
}

/** The end of the slot, which may be beyond the key; or what is wrong. */
function skipSlot(key: Uint8Array, from: number, end: number): number | string {
  const slotType = key[from]!;
  if (!isKnownSlotType(slotType)) return `there is no slot type ${slotType}`;
  const family = familyOf(slotType)!;
  const isArray = isArraySlot(slotType);
  let at = from + 1;
  let size = 0;
  if (family === 'number') {
    if (at >= end) return at + 1;
    size = numberBytes(key[at++]!);
  } else if (family === 'point') {
    if (at + CRS_BYTES > end) return at + CRS_BYTES;
    size = 8 + 8 * crsDimensions(readCrs(key, at));
    at += CRS_BYTES;
  } else if (family === 'boolean') size = 1;
  else if (family !== 'text') size = temporalBytes(family);
  let count = 1;
  if (isArray) {
    if (at + 2 > end) return at + 2;
    count = readU16(key, at) & (family === 'text' ? TEXT_LENGTH_MASK : 0xffff);
    at += 2;
  }
  return family === 'text' ? skipTexts(key, at, end, count) : at + count * size;
}

function skipTexts(key: Uint8Array, from: number, end: number, count: number): number | string {
  let at = from;
  for (let i = 0; i < count; i++) {
    if (at + 2 > end) return at + 2;
    const length = readU16(key, at) & TEXT_LENGTH_MASK;
    at += 2;
    if (at + length > end) return `a text of ${length} bytes has only ${end - at} left`;
    at += length;
  }
  return at;
}

function readU16(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 8) | bytes[at + 1]!;
}
