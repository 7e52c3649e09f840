import { GraphkeepError } from '../../../base/errors.ts';
import { zoneName } from '../../values/zone-table.ts';

/**
 * Zones of date-times in index keys, four bytes: if bit 24 is set, the low 24 bits are a number in the zone table, else an offset in
 * seconds.
 */
export const ZONE_TABLE_FLAG = 0x100_0000;

export function packOffset(offsetSeconds: number): number {
  return offsetSeconds & 0xff_ffff;
}

export function unpackOffset(zone: number): number {
  return (zone << 8) >> 8;
}

/** Beyond these seconds a JavaScript date cannot give the offset of a zone. */
const MAX_SECOND = 8_640_000_000_000;

/**
 * Orders two date-times of the same instant (as observed on 3.4.9 and 3.5.34): by offset at that instant, that is, by local time; then
 * plain offsets before named zones; then by zone name.
 */
export function compareZones(a: number, b: number, epochSecond: number): number {
  if (a === b) return 0;
  const offset = offsetOf(a, epochSecond) - offsetOf(b, epochSecond);
  if (offset !== 0) return offset;
  const aName = nameOf(a) ?? '';
  const bName = nameOf(b) ?? '';
  return aName < bName ? -1 : aName > bName ? 1 : 0;
}

function nameOf(zone: number): string | undefined {
  if ((zone & ZONE_TABLE_FLAG) === 0) return undefined;
  const number = zone & 0xff_ffff;
  const name = zoneName(number);
  if (name === undefined) throw unknownZone('a time zone has an unknown number', number);
  return name;
}

function offsetOf(zone: number, epochSecond: number): number {
  const name = nameOf(zone);
  if (name === undefined) return unpackOffset(zone);
  if (Math.abs(epochSecond) > MAX_SECOND) throw unknownZone(`the offset of ${name} is not known`, epochSecond);
  const parts = formatterOf(name).formatToParts(epochSecond * 1000);
  return parseOffset(parts.find((part) => part.type === 'timeZoneName')!.value);
}

const formatters = new Map<string, Intl.DateTimeFormat>();

function formatterOf(name: string): Intl.DateTimeFormat {
  let formatter = formatters.get(name);
  if (formatter === undefined) {
    try {
      formatter = new Intl.DateTimeFormat('en-US', { timeZone: name, timeZoneName: 'longOffset' });
    } catch (cause) {
      throw unknownZone('a time zone is not known to this system', name, cause);
    }
    formatters.set(name, formatter);
  }
  return formatter;
}

/** `GMT`, `GMT-05:00` or `GMT+00:17:30`. */
function parseOffset(text: string): number {
  const match = /^GMT(?:([+-])(\d+):(\d+)(?::(\d+))?)?$/.exec(text);
  if (match === null) throw unknownZone('this system describes the offset of a time zone in an unknown way', text);
  const [, sign, hours = '0', minutes = '0', seconds = '0'] = match;
  const offset = Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds);
  return sign === '-' ? -offset : offset;
}

function unknownZone(message: string, observed: string | number, cause?: unknown): GraphkeepError {
  return new GraphkeepError('store.format', message, cause === undefined ? { observed } : { observed, cause });
}
