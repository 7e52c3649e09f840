import { Float64, Structure, tags, type Value } from './packstream.ts';
import type { Random } from './random.ts';

/** Which property values a load may write. */
export interface ValueKinds {
  readonly booleans: boolean;
  readonly points: boolean;
  readonly temporals: boolean;
  readonly arrays: boolean;
}

export const everyKind: ValueKinds = { booleans: true, points: true, temporals: true, arrays: true };
export const numbersAndText: ValueKinds = { booleans: false, points: false, temporals: false, arrays: false };

type Generator = (random: Random) => Value;

const zones = [
  'Europe/Stockholm',
  'America/New_York',
  'Asia/Tokyo',
  'Australia/Sydney',
  'Africa/Cairo',
  'Asia/Kolkata',
];
const alphabets = [
  '0123456789',
  'abcdefghijklmnopqrstuvwxyz',
  'ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.- ',
  'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+,\'/!?"',
  'åäöÅÄÖéüßñçøæ',
  'ελληνικά кириллица 日本語 한국어 עברית',
].map((alphabet) => [...alphabet]);
const rare = [...alphabets.flat(), '😀', '𝄞', '\u0000', '\n', '\\', '"'];

function integer(random: Random): Value {
  const width = random.integer(1, 64);
  return BigInt.asIntN(64, BigInt.asIntN(width, random.bits64()));
}

function float(random: Random): Value {
  switch (random.integer(0, 5)) {
    case 0:
      return new Float64(random.pick([0, -0, 1, -1, Infinity, -Infinity, 5e-324, 1.7976931348623157e308]));
    case 1:
      return new Float64(random.integer(-1000, 1000));
    case 2:
      return new Float64(random.integer(-1000, 1000) / 8);
    default:
      return new Float64((random.fraction() - 0.5) * 10 ** random.integer(-30, 30));
  }
}

function text(random: Random, maxLength: number): string {
  const alphabet = random.chance(0.15) ? rare : random.pick(alphabets);
  return Array.from({ length: random.integer(0, maxLength) }, () => random.pick(alphabet)).join('');
}

const boolean: Generator = (random) => random.chance(0.5);
const shortText: Generator = (random) => text(random, 30);
const longText: Generator = (random) => text(random, 900);

const coordinate = (random: Random, limit: number) =>
  new Float64(random.chance(0.1) ? random.pick([0, limit, -limit]) : (random.fraction() * 2 - 1) * limit);
const points: readonly Generator[] = [
  (random) => new Structure(tags.point2d, [7203, coordinate(random, 2e6), coordinate(random, 1000)]),
  (random) => new Structure(tags.point2d, [4326, coordinate(random, 180), coordinate(random, 90)]),
  (random) =>
    new Structure(tags.point3d, [9157, coordinate(random, 100), coordinate(random, 100), coordinate(random, 100)]),
  (random) =>
    new Structure(tags.point3d, [4979, coordinate(random, 180), coordinate(random, 90), coordinate(random, 5000)]),
];

const day = (random: Random) =>
  random.chance(0.1) ? random.integer(-365_000_000, 365_000_000) : random.integer(-20_000, 40_000);
const second = (random: Random) => day(random) * 86_400 + random.integer(0, 86_399);
const nano = (random: Random) => (random.chance(0.3) ? 0 : random.integer(0, 999_999_999));
const nanoOfDay = (random: Random) => random.integer(0, 86_399) * 1_000_000_000 + nano(random);
const offset = (random: Random) => random.integer(-64_800, 64_800);
const temporals: readonly Generator[] = [
  (random) => new Structure(tags.date, [day(random)]),
  (random) => new Structure(tags.time, [nanoOfDay(random), offset(random)]),
  (random) => new Structure(tags.localTime, [nanoOfDay(random)]),
  (random) => new Structure(tags.localDateTime, [second(random), nano(random)]),
  (random) => new Structure(tags.dateTimeOffset, [second(random), nano(random), offset(random)]),
  (random) => new Structure(tags.dateTimeZone, [random.integer(0, 4_000_000_000), nano(random), random.pick(zones)]),
  (random) =>
    new Structure(tags.duration, [
      random.integer(-5000, 5000),
      random.integer(-100_000, 100_000),
      random.integer(-1e9, 1e9),
      nano(random),
    ]),
];

function scalars(kinds: ValueKinds): Generator[] {
  return [
    ...[integer, float, shortText, shortText],
    ...(kinds.booleans ? [boolean] : []),
    ...(kinds.points ? points : []),
    ...(kinds.temporals ? temporals : []),
  ];
}

/** A random property value of the kinds, for a property no index covers. */
export function randomValue(random: Random, kinds: ValueKinds): Value {
  if (!kinds.arrays || random.chance(0.75)) return random.pick([...scalars(kinds), longText])(random);
  if (random.chance(0.05)) return randomBytes(random, random.integer(0, 300));
  return randomArray(random, kinds, random.chance(0.2) ? 200 : 12);
}

/** A random property value small enough for every kind of index. */
export function randomIndexedValue(random: Random, kinds: ValueKinds): Value {
  // A small space of values too, so that equal values, and equal numbers of different type, do occur.
  if (random.chance(0.3)) {
    const small = random.integer(0, 50);
    return random.pick<Value>([small, new Float64(small), `name ${small}`]);
  }
  if (!kinds.arrays || random.chance(0.8)) return random.pick(scalars(kinds))(random);
  return randomArray(random, kinds, 6);
}

function randomArray(random: Random, kinds: ValueKinds, maxLength: number): Value {
  const generator = random.pick(scalars(kinds));
  return Array.from({ length: random.integer(0, maxLength) }, () => generator(random));
}

function randomBytes(random: Random, length: number): Uint8Array {
  return Uint8Array.from({ length }, () => random.integer(0, 255));
}
