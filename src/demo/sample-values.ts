import type { Dice } from '../base/dice.ts';
import { bitsOfDouble, bitsOfFloat } from '../base/floating-bits.ts';
import type { PropertyValue, ScalarValue } from '../store/values/property-value.ts';

/** Generators for values of every type that a Neo4j database stores, short and long ones. */
const scalars: Record<ScalarValue['type'], (dice: Dice) => ScalarValue> = {
  boolean: (dice) => ({ type: 'boolean', value: dice.chance(0.5) }),
  byte: (dice) => ({ type: 'byte', value: dice.between(-128, 127) }),
  short: (dice) => ({ type: 'short', value: dice.between(-32_768, 32_767) }),
  int: (dice) => ({ type: 'int', value: dice.between(-(2 ** 31), 2 ** 31 - 1) }),
  char: (dice) => ({ type: 'char', value: dice.between(0x20, 0xd7ff) }),
  long: (dice) => ({ type: 'long', value: anyLong(dice) }),
  float: (dice) => ({ type: 'float', bits: bitsOfFloat(dice.next() * 1e6) }),
  double: (dice) => ({ type: 'double', bits: bitsOfDouble((dice.next() - 0.5) * 1e12) }),
  string: (dice) => ({ type: 'string', value: anyText(dice) }),
  point: (dice) => anyPoint(dice),
  date: (dice) => ({ type: 'date', epochDay: BigInt(dice.between(-100_000, 40_000)) }),
  localtime: (dice) => ({ type: 'localtime', nanoOfDay: nanoOfDay(dice) }),
  time: (dice) => ({ type: 'time', localNanoOfDay: nanoOfDay(dice), offsetSeconds: offset(dice) }),
  localdatetime: (dice) => ({ type: 'localdatetime', ...moment(dice) }),
  datetime: (dice) =>
    dice.chance(0.5)
      ? { type: 'datetime', ...moment(dice), offsetSeconds: offset(dice) }
      : { type: 'datetime', ...moment(dice), zone: dice.below(500) },
  duration: (dice) => ({
    type: 'duration',
    months: BigInt(dice.between(-500, 500)),
    days: BigInt(dice.between(-500, 500)),
    seconds: BigInt(dice.between(-100_000, 100_000)),
    nanos: dice.below(1_000_000_000),
  }),
};

/** Property keys of the samples: one for each value type, and one for an array of each. */
export const sampleKeys: readonly string[] = Object.keys(scalars).flatMap((type) => [type, `${type}s`]);

/** A value for one of the {@link sampleKeys}. */
export function makeSampleValue(key: string, dice: Dice): PropertyValue {
  const scalar = scalars[key as ScalarValue['type']];
  if (scalar !== undefined) return scalar(dice);
  const of = key.slice(0, -1) as ScalarValue['type'];
  const first = scalars[of](dice);
  const elements = Array.from({ length: dice.pick([0, 1, 3, 40]) }, () => scalars[of](dice));
  // The points in an array share a coordinate system; other elements are independent.
  return { type: 'array', of, elements: of === 'point' ? elements.map(() => movedPoint(first, dice)) : elements };
}

function anyLong(dice: Dice): bigint {
  const size = dice.pick([8n, 35n, 62n]);
  const magnitude = (BigInt(dice.below(2 ** 31)) << 31n) | BigInt(dice.below(2 ** 31));
  return (dice.chance(0.5) ? 1n : -1n) * (magnitude % (1n << size));
}

const texts = [
  'order-2018-11-22',
  'Ünïcödé',
  'a text that is long enough for records of its own. ',
  '日本語のテキスト',
  '🙂',
];

function anyText(dice: Dice): string {
  return `${dice.pick(texts)}${dice.below(1000)}`.repeat(dice.pick([1, 1, 1, 12]));
}

/** Dimensions of the coordinate reference systems: cartesian and WGS 84, each in two and three dimensions. */
const dimensions: Record<number, number> = { 7203: 2, 9157: 3, 4326: 2, 4979: 3 };

function anyPoint(dice: Dice): ScalarValue {
  const srid = dice.pick(Object.keys(dimensions).map(Number));
  return movedPoint({ type: 'point', srid, coordinates: [] }, dice);
}

function movedPoint(point: ScalarValue, dice: Dice): ScalarValue {
  const srid = (point as Extract<ScalarValue, { type: 'point' }>).srid;
  // Small enough to be a latitude.
  const coordinates = Array.from({ length: dimensions[srid]! }, () => bitsOfDouble(dice.next() * 160 - 80));
  return { type: 'point', srid, coordinates };
}

function nanoOfDay(dice: Dice): bigint {
  return BigInt(dice.below(86_400)) * 1_000_000_000n + BigInt(dice.below(1_000_000_000));
}

function offset(dice: Dice): number {
  return 900 * dice.between(-48, 48);
}

function moment(dice: Dice): { epochSecond: bigint; nanoOfSecond: number } {
  return { epochSecond: BigInt(dice.between(0, 2 ** 31)), nanoOfSecond: dice.below(1_000_000_000) };
}
