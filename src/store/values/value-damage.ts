import { hasCode } from '../../base/errors.ts';
import {
  BLOCK_BYTES,
  BLOCKS_PER_RECORD,
  blockTypes,
  readShortStringEncoding,
  shortStringSteps,
} from '../records/property-block-layout.ts';
import type { PropertyRecord } from '../records/property-record.ts';
import { POINTS, STRINGS, TIMES } from './dynamic-array.ts';
import { numberTypeNumber } from './number-array.ts';
import { checkGeometry } from './point-value.ts';
import type { PropertyBlockCursor } from './property-chain.ts';

const NUMBER_TYPES = 8;

/** Why the value at the cursor cannot be read from its own blocks; undefined if it can. Other records are not looked at. */
export function findValueDamage(cursor: PropertyBlockCursor): string | undefined {
  const { blocks, offset, type } = cursor;
  if (type === blockTypes.shortString) {
    const encoding = readShortStringEncoding(blocks, offset);
    return encoding < shortStringSteps.length ? undefined : `short string encoding ${encoding}`;
  }
  const top = blocks[offset + 4]! >> 4;
  if (type === blockTypes.shortArray) {
    return top >= 1 && top <= NUMBER_TYPES ? undefined : `short array of element type ${top}`;
  }
  return type === blockTypes.spatial ? findGeometryDamage(blocks, offset) : undefined;
}

const LONG = numberTypeNumber('long');
const NUMBER_HEADER_BYTES = 3;
const POINT_HEADER_BYTES = 6;
const TEMPORAL_TYPES = 6;
const TIME_HEADER_BYTES = 2;

/** Why an array with these first bytes cannot be read (spec record-stores 8.3); undefined if no fault is visible. */
export function findArrayDamage(bytes: Uint8Array): string | undefined {
  const kind = bytes[0] ?? 0;
  if (kind >= 1 && kind <= NUMBER_TYPES) return findNumbersDamage(bytes);
  if (kind === STRINGS) return undefined;
  if (kind === POINTS && bytes.length >= POINT_HEADER_BYTES + NUMBER_HEADER_BYTES) {
    const code = (bytes[4]! << 8) | bytes[5]!;
    return findSystemDamage(bytes[1]!, bytes[2]!, bytes[3]!, code) ?? findNumbersDamage(bytes.subarray(6));
  }
  if (kind === TIMES && bytes.length >= TIME_HEADER_BYTES + NUMBER_HEADER_BYTES) {
    const type = bytes[1]!;
    if (type < 1 || type > TEMPORAL_TYPES || bytes[TIME_HEADER_BYTES] !== LONG) return `temporal array of type ${type}`;
    return findNumbersDamage(bytes.subarray(TIME_HEADER_BYTES));
  }
  return `array of element type ${kind}`;
}

/** u8 type, u8 bits used in the last byte, u8 bits per element. */
function findNumbersDamage(bytes: Uint8Array): string | undefined {
  if (bytes.length < NUMBER_HEADER_BYTES) return `array header of ${bytes.length} bytes`;
  if (bytes[0]! < 1 || bytes[0]! > NUMBER_TYPES) return `array of element type ${bytes[0]}`;
  if (bytes[1]! < 1 || bytes[1]! > 8) return `array with ${bytes[1]} bits in its last byte`;
  return bytes[2]! <= 64 ? undefined : `array with ${bytes[2]} bits per element`;
}

/** Bits from 28 on: geometry type 4, dimension 4, table 4, code 16 (spec record-stores 8.4). */
function findGeometryDamage(blocks: Uint8Array, offset: number): string | undefined {
  const dimensions = blocks[offset + 3]!;
  const code = (blocks[offset + 1]! << 8) | blocks[offset + 2]!;
  return findSystemDamage(blocks[offset + 4]! >> 4, dimensions & 15, dimensions >> 4, code);
}

function findSystemDamage(geometry: number, dimension: number, table: number, code: number): string | undefined {
  try {
    checkGeometry(geometry, dimension, table, code);
    return undefined;
  } catch (error) {
    if (!hasCode(error, 'store.corrupt')) throw error;
    return `geometry with SRID ${code}`;
  }
}

/**
 * True if something other than a zero block follows the last value of a standard record that is not full (spec record-stores 6.4): a value
 * that has lost its type.
 */
export function hasLostValue({ blocks, blockCount }: PropertyRecord): boolean {
  if (blockCount >= BLOCKS_PER_RECORD) return false;
  const at = blockCount * BLOCK_BYTES;
  for (let i = at; i < at + BLOCK_BYTES; i++) if (blocks[i] !== 0) return true;
  return false;
}
