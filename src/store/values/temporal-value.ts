import { GraphkeepError } from '../../base/errors.ts';
import { blockTypes } from '../records/property-block-layout.ts';
import type { ScalarValue } from './property-value.ts';

/**
 * Temporal values (spec record-stores 8.5 and 8.3). As a scalar, bits 28-31 of the first block hold the temporal type:
 *
 *     type            blocks  content
 *     1 date          1 or 2  bit 32 = 1: epochDay in bits 33-63; else second block
 *     2 localtime     1 or 2  the same with nanoOfDay
 *     3 localdatetime      2  bits 32-63 nanoOfSecond; epochSecond
 *     4 time               2  bits 32-63 offset in seconds; nanoOfDay in UTC, not normalised
 *     5 datetime           3  bit 32: 1 offset, 0 zone; bits 33-63 nanoOfSecond; epochSecond; offset or zone
 *     6 duration           4  bits 32-63 nanos; months, days, seconds
 *
 * In arrays an element is a fixed number of longs, and a time is local there.
 */
export type TemporalType = 'date' | 'localtime' | 'localdatetime' | 'time' | 'datetime' | 'duration';
export type TemporalValue = Extract<ScalarValue, { type: TemporalType }>;

const types: readonly TemporalType[] = ['date', 'localtime', 'localdatetime', 'time', 'datetime', 'duration'];
const longsPerElement: Record<TemporalType, number> = {
  date: 1,
  localtime: 1,
  localdatetime: 2,
  time: 2,
  datetime: 3,
  duration: 4,
};

const NANOS_PER_SECOND = 1_000_000_000n;
const INLINE_LIMIT = 1n << 31n;

export function isTemporal(value: ScalarValue): value is TemporalValue {
  return (types as readonly string[]).includes(value.type);
}

export function temporalTypeNumber(type: TemporalType): number {
  return types.indexOf(type) + 1;
}

export function temporalTypeByNumber(number: number): TemporalType {
  const type = types[number - 1];
  if (type === undefined) throw new GraphkeepError('store.corrupt', 'unknown temporal type', { observed: number });
  return type;
}

export function temporalLongs(type: TemporalType): number {
  return longsPerElement[type];
}

/** The blocks of a temporal scalar; unsigned. */
export function encodeTemporalBlocks(key: number, value: TemporalValue): bigint[] {
  const head = BigInt(key) | (BigInt(blockTypes.temporal) << 24n) | (BigInt(temporalTypeNumber(value.type)) << 28n);
  const withTop = (top: number | bigint) => head | ((BigInt(top) & 0xffff_ffffn) << 32n);
  switch (value.type) {
    case 'date':
      return inlineOrBlock(head, value.epochDay);
    case 'localtime':
      return inlineOrBlock(head, value.nanoOfDay);
    case 'localdatetime':
      return [withTop(value.nanoOfSecond), value.epochSecond];
    case 'time':
      return [withTop(value.offsetSeconds), value.localNanoOfDay - BigInt(value.offsetSeconds) * NANOS_PER_SECOND];
    case 'datetime': {
      const { offsetSeconds } = value;
      const mark = offsetSeconds === undefined ? 0 : 1;
      return [
        withTop((BigInt(value.nanoOfSecond) << 1n) | BigInt(mark)),
        value.epochSecond,
        BigInt(offsetSeconds ?? zoneOf(value)),
      ];
    }
    case 'duration':
      return [withTop(value.nanos), value.months, value.days, value.seconds];
  }
}

function inlineOrBlock(head: bigint, value: bigint): bigint[] {
  return value >= 0n && value < INLINE_LIMIT ? [head | (1n << 32n) | (value << 33n)] : [head, value];
}

/** Decodes blocks: the first one unsigned, the others signed. */
export function decodeTemporalBlocks(blocks: readonly bigint[]): TemporalValue {
  const head = blocks[0]!;
  const type = temporalTypeByNumber(Number((head >> 28n) & 15n));
  const top = Number(BigInt.asIntN(32, head >> 32n));
  const inline = (head >> 32n) & 1n;
  const second = blocks[1] ?? 0n;
  switch (type) {
    case 'date':
      return { type, epochDay: inline ? head >> 33n : second };
    case 'localtime':
      return { type, nanoOfDay: inline ? head >> 33n : second };
    case 'localdatetime':
      return { type, epochSecond: second, nanoOfSecond: top };
    case 'time':
      return { type, localNanoOfDay: second + BigInt(top) * NANOS_PER_SECOND, offsetSeconds: top };
    case 'datetime':
      return dateTime(second, Number(head >> 33n), inline === 1n, Number(blocks[2]!));
    case 'duration':
      return { type, nanos: top, months: second, days: blocks[2]!, seconds: blocks[3]! };
  }
}

/** Longs of one array element. */
export function temporalToLongs(value: TemporalValue): bigint[] {
  switch (value.type) {
    case 'date':
      return [value.epochDay];
    case 'localtime':
      return [value.nanoOfDay];
    case 'localdatetime':
      return [value.epochSecond, BigInt(value.nanoOfSecond)];
    case 'time':
      return [value.localNanoOfDay, BigInt(value.offsetSeconds)];
    case 'datetime': {
      const place =
        value.offsetSeconds === undefined ? BigInt(zoneOf(value)) << 1n : (BigInt(value.offsetSeconds) << 1n) | 1n;
      return [value.epochSecond, BigInt(value.nanoOfSecond), place];
    }
    case 'duration':
      return [value.months, value.days, value.seconds, BigInt(value.nanos)];
  }
}

/** One array element from its longs, the first one at `at`. */
export function temporalFromLongs(type: TemporalType, longs: readonly bigint[], at: number): TemporalValue {
  const a = longs[at]!;
  const b = longs[at + 1] ?? 0n;
  switch (type) {
    case 'date':
      return { type, epochDay: a };
    case 'localtime':
      return { type, nanoOfDay: a };
    case 'localdatetime':
      return { type, epochSecond: a, nanoOfSecond: Number(b) };
    case 'time':
      return { type, localNanoOfDay: a, offsetSeconds: Number(b) };
    case 'datetime': {
      const place = longs[at + 2]!;
      return dateTime(a, Number(b), (place & 1n) === 1n, Number(place >> 1n));
    }
    case 'duration':
      return { type, months: a, days: b, seconds: longs[at + 2]!, nanos: Number(longs[at + 3]!) };
  }
}

function dateTime(epochSecond: bigint, nanoOfSecond: number, isOffset: boolean, place: number): TemporalValue {
  return { type: 'datetime', epochSecond, nanoOfSecond, ...(isOffset ? { offsetSeconds: place } : { zone: place }) };
}

function zoneOf(value: { zone?: number }): number {
  if (value.zone !== undefined) return value.zone;
  throw new GraphkeepError('internal', 'a datetime has neither offset nor zone');
}
