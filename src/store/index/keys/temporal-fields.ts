import type { ByteReader } from '../../../base/byte-reader.ts';
import { readI64 } from '../../../base/byte-reader.ts';
import type { ByteWriter } from '../../../base/byte-writer.ts';
import { compareI32, compareI64, readI32 } from '../../tree/page/byte-order.ts';
import type { ScalarValue } from '../../values/property-value.ts';
import { compareZones, packOffset, unpackOffset, ZONE_TABLE_FLAG } from './zone-order.ts';

export const TEMPORAL_TYPES = ['date', 'localtime', 'time', 'localdatetime', 'datetime', 'duration'] as const;
export type TemporalType = (typeof TEMPORAL_TYPES)[number];
export type TemporalValue = Extract<ScalarValue, { type: TemporalType }>;

export function isTemporal(value: { type: string }): value is TemporalValue {
  return (TEMPORAL_TYPES as readonly string[]).includes(value.type);
}

/**
 * The fields of each temporal type in index keys (spec trees-and-indexes 12), identical in the `temporal-1.0` layouts and in
 * `native-btree-1.0`:
 *
 * | type          | fields, in the order of comparison                                   |
 * |---------------|----------------------------------------------------------------------|
 * | date          | i64 epoch day                                                        |
 * | localtime     | i64 nanos of day                                                     |
 * | time          | i64 nanos of day UTC, i32 offset seconds                             |
 * | localdatetime | i64 epoch second, i32 nano                                           |
 * | datetime      | i64 epoch second UTC, i32 nano, i32 zone                             |
 * | duration      | i64 total average seconds, i32 nanos, i64 months, i64 days           |
 *
 * "nanos of day UTC" are not normalised to one day: 00:30+02:00 is negative.
 */
const FIELDS: Record<TemporalType, readonly ('i64' | 'i32' | 'zone')[]> = {
  date: ['i64'],
  localtime: ['i64'],
  time: ['i64', 'i32'],
  localdatetime: ['i64', 'i32'],
  datetime: ['i64', 'i32', 'zone'],
  duration: ['i64', 'i32', 'i64', 'i64'],
};

const NANOS_PER_SECOND = 1_000_000_000n;
const SECONDS_PER_DAY = 86_400n;
const SECONDS_PER_MONTH = 2_629_800n;

export function temporalBytes(type: TemporalType): number {
  return FIELDS[type].reduce((sum, field) => sum + (field === 'i64' ? 8 : 4), 0);
}

/** Returns a function that compares two values of this type by their fields. */
export function temporalOrder(type: TemporalType): (a: Uint8Array, aAt: number, b: Uint8Array, bAt: number) => number {
  const fields = FIELDS[type];
  return (a, aAt, b, bAt) => {
    let at = 0;
    for (const field of fields) {
      const order =
        field === 'i64'
          ? compareI64(a, aAt + at, b, bAt + at)
          : field === 'i32'
            ? compareI32(a, aAt + at, b, bAt + at)
            : compareZones(readI32(a, aAt + at), readI32(b, bAt + at), readI64(a, aAt));
      if (order !== 0) return order;
      at += field === 'i64' ? 8 : 4;
    }
    return 0;
  };
}

/** Writes the fields; returns false if a number does not fit into its field. */
export function encodeTemporal(writer: ByteWriter, value: TemporalValue): boolean {
  switch (value.type) {
    case 'date':
      writer.bigI64(value.epochDay);
      return true;
    case 'localtime':
      writer.bigI64(value.nanoOfDay);
      return true;
    case 'time':
      writer.bigI64(value.localNanoOfDay - BigInt(value.offsetSeconds) * NANOS_PER_SECOND).i32(value.offsetSeconds);
      return true;
    case 'localdatetime':
      writer.bigI64(value.epochSecond).i32(value.nanoOfSecond);
      return true;
    case 'datetime':
      writer.bigI64(value.epochSecond).i32(value.nanoOfSecond);
      writer.i32(value.zone === undefined ? packOffset(value.offsetSeconds ?? 0) : ZONE_TABLE_FLAG | value.zone);
      return true;
    case 'duration': {
      const total = value.months * SECONDS_PER_MONTH + value.days * SECONDS_PER_DAY + value.seconds;
      if (total !== BigInt.asIntN(64, total)) return false;
      writer.bigI64(total).i32(value.nanos).bigI64(value.months).bigI64(value.days);
      return true;
    }
  }
}

export function decodeTemporal(reader: ByteReader, type: TemporalType): TemporalValue {
  switch (type) {
    case 'date':
      return { type, epochDay: reader.bigI64() };
    case 'localtime':
      return { type, nanoOfDay: reader.bigI64() };
    case 'time': {
      const utc = reader.bigI64();
      const offsetSeconds = reader.i32();
      return { type, localNanoOfDay: utc + BigInt(offsetSeconds) * NANOS_PER_SECOND, offsetSeconds };
    }
    case 'localdatetime':
      return { type, epochSecond: reader.bigI64(), nanoOfSecond: reader.i32() };
    case 'datetime': {
      const instant = { epochSecond: reader.bigI64(), nanoOfSecond: reader.i32() };
      const zone = reader.i32();
      if ((zone & ZONE_TABLE_FLAG) !== 0) return { type, ...instant, zone: zone & 0xff_ffff };
      return { type, ...instant, offsetSeconds: unpackOffset(zone) };
    }
    case 'duration': {
      const total = reader.bigI64();
      const nanos = reader.i32();
      const months = reader.bigI64();
      const days = reader.bigI64();
      return { type, months, days, seconds: total - months * SECONDS_PER_MONTH - days * SECONDS_PER_DAY, nanos };
    }
  }
}
