import { GraphkeepError } from '../../../base/errors.ts';
import type { SecondUnits } from '../record-codec.ts';
import { ReferenceCursor, writeCompressed } from './compressed-reference.ts';

/**
 * The frame that nodes, relationships and groups of high_limit share (spec record-stores 7.2). Header byte:
 *
 *     0x01  in use
 *     0x02  the record consists of two units, or this is a second unit
 *     0x04  if 0x02: 1 = first unit, 0 = second unit; else: 1 = variable form, 0 = fixed form
 *
 * Two units: header, compressed id of the second unit, data; the data goes on at byte 1 of the second unit, whose byte 0 is 0x03.
 */
export const IN_USE = 0x01;
const TWO_UNITS = 0x02;
const VARIABLE = 0x04;
const SECOND_UNIT_HEADER = IN_USE | TWO_UNITS;
const FIRST_UNIT_HEADER = IN_USE | TWO_UNITS | VARIABLE;

export interface HighLimitVersion {
  /** `vE.H.0` has only the variable form, and 0x04 says nothing about single units; genuine writers set it all the same. */
  fixedForm: boolean;
  /** Relationship types of three bytes, from `vE.H.2`. */
  wideTypes: boolean;
}

const cursor = new ReferenceCursor();
/** Both units end to end, or the data of a record on its way out. The codecs are synchronous and not reentrant. */
const scratch = new Uint8Array(128);

/** Is the id taken, by a record or as the second unit of another? */
export function isOccupied(buffer: Uint8Array, offset: number): boolean {
  return (buffer[offset]! & IN_USE) !== 0;
}

/** Is there a record here: in use, and not the second unit of another? */
export function isRecord(header: number): boolean {
  return (header & IN_USE) !== 0 && (header & FIRST_UNIT_HEADER) !== SECOND_UNIT_HEADER;
}

export function isFixed(header: number, version: HighLimitVersion): boolean {
  return version.fixedForm && (header & (TWO_UNITS | VARIABLE)) === 0;
}

/** Id of the second unit, or -1. */
export function readSecondUnitId(buffer: Uint8Array, offset: number, size: number): number {
  if ((buffer[offset]! & FIRST_UNIT_HEADER) !== FIRST_UNIT_HEADER) return -1;
  return cursor.reset(buffer, offset + 1, offset + size).read();
}

/** Where the data of a record in variable form begins; valid until the next call. */
export function openVariable(
  buffer: Uint8Array,
  offset: number,
  size: number,
  secondUnit: number,
  units: SecondUnits | undefined,
): ReferenceCursor {
  if (secondUnit < 0) return cursor.reset(buffer, offset + 1, offset + size);
  for (let i = 0; i < size; i++) scratch[i] = buffer[offset + i]!; // before `units` reuses the buffer
  const unit = units?.read(secondUnit);
  if (unit === undefined || (unit.buffer[unit.offset]! & FIRST_UNIT_HEADER) !== SECOND_UNIT_HEADER) {
    throw new GraphkeepError('store.corrupt', 'the second unit of a record is missing', { observed: secondUnit });
  }
  for (let i = 1; i < size; i++) scratch[size + i - 1] = unit.buffer[unit.offset + i]!;
  cursor.reset(scratch, 1, size + size - 1).read();
  return cursor;
}

/** Data of a record in variable form: write it with {@link writeCompressed} from offset 0, then {@link writeVariable}. */
export const outgoing = new Uint8Array(128);

/**
 * Writes header and the first `length` bytes of {@link outgoing}: one unit if it fits, else two. Returns the bytes of the second
 * unit. The second unit's reference is not part of that test (spec record-stores 7.2).
 */
export function writeVariable(
  buffer: Uint8Array,
  offset: number,
  size: number,
  header: number,
  length: number,
  secondUnit: number,
): Uint8Array | undefined {
  if (1 + length <= size) {
    buffer[offset] = header | IN_USE | VARIABLE;
    for (let i = 0; i < length; i++) buffer[offset + 1 + i] = outgoing[i]!;
    return undefined;
  }
  if (secondUnit < 0) throw new GraphkeepError('store.corrupt', 'a record needs a second unit and has none');
  buffer[offset] = header | FIRST_UNIT_HEADER;
  const data = writeCompressed(buffer, offset + 1, secondUnit);
  const inFirst = offset + size - data;
  for (let i = 0; i < inFirst; i++) buffer[data + i] = outgoing[i]!;
  const second = new Uint8Array(size);
  second[0] = SECOND_UNIT_HEADER;
  for (let i = inFirst; i < length; i++) second[1 + i - inFirst] = outgoing[i]!;
  return second;
}

/**
 * Clears the mark of a record. If it stands in the file with two units, its second unit has to be cleared too: the record learns its
 * id and the one byte to write there is returned.
 */
export function writeDeleted(
  record: { secondaryUnit: number },
  buffer: Uint8Array,
  offset: number,
  size: number,
): Uint8Array | undefined {
  const secondUnit = readSecondUnitId(buffer, offset, size);
  buffer[offset]! &= ~IN_USE;
  if (secondUnit < 0) return undefined;
  record.secondaryUnit = secondUnit;
  return Uint8Array.of(TWO_UNITS);
}
