import type { Dice } from '../../../src/base/dice.ts';
import { randomBits } from '../../support/random/random-bits.ts';
import { Float64, Structure, tags, type Value } from './packstream.ts';

/** Which property values a load may write. */
export interface ValueKinds {
  readonly booleans: boolean;
  readonly points: boolean;
  readonly temporals: boolean;
  readonly arrays: boolean;
}

export const everyKind: ValueKinds = { booleans: true, points: true, temporals: true, arrays: true };
export const numbersAndText: ValueKinds = { booleans: false, points: false, temporals: false, arrays: false };

type Generator = (dice: Dice) => Value;

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

function integer(dice: Dice): Value {
  const width = dice.between(1, 64);
  return BigInt.asIntN(64, BigInt.asIntN(width, randomBits(dice)));
}

function float(dice: Dice): Value {
  switch (dice.between(0, 5)) {
    case 0:
      return new Float64(dice.pick([0, -0, 1, -1, Infinity, -Infinity, 5e-324, 1.7976931348623157e308]));
    case 1:
      return new Float64(dice.between(-1000, 1000));
    case 2:
      return new Float64(dice.between(-1000, 1000) / 8);
    default:
      return new Float64((dice.next() - 0.5) * 10 ** dice.between(-30, 30));
  }
}

function text(dice: Dice, maxLength: number): string {
  const alphabet = dice.chance(0.15) ? rare : dice.pick(alphabets);
  return Array.from({ length: dice.between(0, maxLength) }, () => dice.pick(alphabet)).join('');
}

const boolean: Generator = (dice) => dice.chance(0.5);
const shortText: Generator = (dice) => text(dice, 30);
const longText: Generator = (dice) => text(dice, 900);

const coordinate = (dice: Dice, limit: number) =>
  new Float64(dice.chance(0.1) ? dice.pick([0, limit, -limit]) : (dice.next() * 2 - 1) * limit);
const points: readonly Generator[] = [
  (dice) => new Structure(tags.point2d, [7203, coordinate(dice, 2e6), coordinate(dice, 1000)]),
  (dice) => new Structure(tags.point2d, [4326, coordinate(dice, 180), coordinate(dice, 90)]),
  (dice) => new Structure(tags.point3d, [9157, coordinate(dice, 100), coordinate(dice, 100), coordinate(dice, 100)]),
  (dice) => new Structure(tags.point3d, [4979, coordinate(dice, 180), coordinate(dice, 90), coordinate(dice, 5000)]),
];

const day = (dice: Dice) =>
  dice.chance(0.1) ? dice.between(-365_000_000, 365_000_000) : dice.between(-20_000, 40_000);
const second = (dice: Dice) => day(dice) * 86_400 + dice.between(0, 86_399);
const nano = (dice: Dice) => (dice.chance(0.3) ? 0 : dice.between(0, 999_999_999));
const nanoOfDay = (dice: Dice) => dice.between(0, 86_399) * 1_000_000_000 + nano(dice);
const offset = (dice: Dice) => dice.between(-64_800, 64_800);
const temporals: readonly Generator[] = [
  (dice) => new Structure(tags.date, [day(dice)]),
  (dice) => new Structure(tags.time, [nanoOfDay(dice), offset(dice)]),
  (dice) => new Structure(tags.localTime, [nanoOfDay(dice)]),
  (dice) => new Structure(tags.localDateTime, [second(dice), nano(dice)]),
  (dice) => new Structure(tags.dateTimeOffset, [second(dice), nano(dice), offset(dice)]),
  (dice) => new Structure(tags.dateTimeZone, [dice.between(0, 4_000_000_000), nano(dice), dice.pick(zones)]),
  (dice) =>
    new Structure(tags.duration, [
      dice.between(-5000, 5000),
      dice.between(-100_000, 100_000),
      dice.between(-1e9, 1e9),
      nano(dice),
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
export function randomValue(dice: Dice, kinds: ValueKinds): Value {
  if (!kinds.arrays || dice.chance(0.75)) return dice.pick([...scalars(kinds), longText])(dice);
  if (dice.chance(0.05)) return randomBytes(dice, dice.between(0, 300));
  return randomArray(dice, kinds, dice.chance(0.2) ? 200 : 12);
}

/** A random property value small enough for every kind of index. */
export function randomIndexedValue(dice: Dice, kinds: ValueKinds): Value {
  // A small space of values, so that equal values, and equal numbers of different type, do occur.
  if (dice.chance(0.3)) {
    const small = dice.between(0, 50);
    return dice.pick<Value>([small, new Float64(small), `name ${small}`]);
  }
  if (!kinds.arrays || dice.chance(0.8)) return dice.pick(scalars(kinds))(dice);
  return randomArray(dice, kinds, 6);
}

function randomArray(dice: Dice, kinds: ValueKinds, maxLength: number): Value {
  const generator = dice.pick(scalars(kinds));
  return Array.from({ length: dice.between(0, maxLength) }, () => generator(dice));
}

function randomBytes(dice: Dice, length: number): Uint8Array {
  return Uint8Array.from({ length }, () => dice.between(0, 255));
}
