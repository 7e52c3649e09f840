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
 * Two units: header, compressed id of the second unit, data. The data continues at byte 1 of the second unit, whose byte 0 is 0x03.
 */
export const IN_USE = 0x01;
const TWO_UNITS = 0x02;
const VARIABLE = 0x04;
const SECOND_UNIT_HEADER = IN_USE | TWO_UNITS;
const FIRST_UNIT_HEADER = IN_USE | TWO_UNITS | VARIABLE;

export interface HighLimitVersion {
  /** `vE.H.0` has only the variable form, so 0x04 means nothing on single units; genuine writers set it all the same. */
  fixedForm: boolean;
  /** Relationship types of three bytes, from `vE.H.2`. */
  wideTypes: boolean;
}

/** True if the id is taken, by a record or as the second unit of another. */
export function isOccupied(buffer: Uint8Array, offset: number): boolean {
  return (buffer[offset]! & IN_USE) !== 0;
}

/** True if there is a record here: in use, and not the second unit of another. */
export function isRecord(header: number): boolean {
  return (header & IN_USE) !== 0 && (header & FIRST_UNIT_HEADER) !== SECOND_UNIT_HEADER;
}

export function isFixed(header: number, version: HighLimitVersion): boolean {
  return version.fixedForm && (header & (TWO_UNITS | VARIABLE)) === 0;
}

/** More than two units of any record can hold. */
const MOST_DATA_BYTES = 128;

/**
 * Reads and writes the units (`size` bytes each) of one codec's records. Its buffers are reused, so that records cost no allocation: the
 * result of {@link open} is valid until the next call.
 */
export class RecordFrame {
  private readonly size: number;
  private readonly cursor = new ReferenceCursor();
  /** Both units of the record being read, end to end. */
  private readonly units: Uint8Array;
  /** The data of the record being written. */
  private readonly data = new Uint8Array(MOST_DATA_BYTES);
  private length = 0;

  constructor(size: number) {
    this.size = size;
    this.units = new Uint8Array(2 * size);
  }

  /** Id of the second unit, or -1. */
  readSecondUnitId(buffer: Uint8Array, offset: number): number {
    if ((buffer[offset]! & FIRST_UNIT_HEADER) !== FIRST_UNIT_HEADER) return -1;
    return this.cursor.reset(buffer, offset + 1, offset + this.size).read();
  }

  /** Positions the cursor at the data of a record in variable form. */
  open(buffer: Uint8Array, offset: number, secondUnit: number, others: SecondUnits | undefined): ReferenceCursor {
    const { cursor, size, units } = this;
    if (secondUnit < 0) return cursor.reset(buffer, offset + 1, offset + size);
    for (let i = 0; i < size; i++) units[i] = buffer[offset + i]!; // Before `others` reuses the buffer.
    const unit = others?.read(secondUnit);
    if (unit === undefined || (unit.buffer[unit.offset]! & FIRST_UNIT_HEADER) !== SECOND_UNIT_HEADER) {
      throw new GraphkeepError('store.corrupt', 'the second unit of a record is missing', { observed: secondUnit });
    }
    for (let i = 1; i < size; i++) units[size + i - 1] = unit.buffer[unit.offset + i]!;
    cursor.reset(units, 1, size + size - 1).read();
    return cursor;
  }

  /** Starts the data of a record in variable form; write its fields, then call {@link finish}. */
  begin(): this {
    this.length = 0;
    return this;
  }

  putByte(value: number): this {
    this.data[this.length++] = value;
    return this;
  }

  putReference(value: number): this {
    this.length = writeCompressed(this.data, this.length, value);
    return this;
  }

  /**
   * Writes header and data: in one unit if they fit, else in two. Returns the bytes of the second unit. The reference to the second unit
   * does not count in that decision (spec record-stores 7.2).
   */
  finish(buffer: Uint8Array, offset: number, header: number, secondUnit: number): Uint8Array | undefined {
    const { size, data, length } = this;
    if (1 + length <= size) {
      buffer[offset] = header | IN_USE | VARIABLE;
      for (let i = 0; i < length; i++) buffer[offset + 1 + i] = data[i]!;
      return undefined;
    }
    if (secondUnit < 0) throw new GraphkeepError('store.corrupt', 'a record needs a second unit and has none');
    buffer[offset] = header | FIRST_UNIT_HEADER;
    const dataAt = writeCompressed(buffer, offset + 1, secondUnit);
    const inFirst = offset + size - dataAt;
    for (let i = 0; i < inFirst; i++) buffer[dataAt + i] = data[i]!;
    const second = new Uint8Array(size);
    second[0] = SECOND_UNIT_HEADER;
    for (let i = inFirst; i < length; i++) second[1 + i - inFirst] = data[i]!;
    return second;
  }

  /**
   * Clears the mark of a record. If the record on disk has two units, the second one must be cleared too: sets its id in the record and
   * returns the one byte to write there.
   */
  delete(record: { secondaryUnit: number }, buffer: Uint8Array, offset: number): Uint8Array | undefined {
    const secondUnit = this.readSecondUnitId(buffer, offset);
    buffer[offset]! &= ~IN_USE;
    if (secondUnit < 0) return undefined;
    record.secondaryUnit = secondUnit;
    return Uint8Array.of(TWO_UNITS);
  }
}
