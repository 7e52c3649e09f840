import type { Dice } from '../../../../src/base/dice.ts';
import { randomBits } from '../../../support/random/random-bits.ts';
import { Float64 } from '../packstream.ts';
import type { JsonValue } from './cypher-over-http.ts';
import { Literal, type ModernValue, pointLiteral } from './jolt.ts';

/** A property value: what the server gets, and what it must store. */
export interface RandomProperty {
  readonly parameter: JsonValue;
  readonly value: ModernValue;
}

type Generator = (dice: Dice) => RandomProperty;

/** For the fulltext index. */
export const WORDS = ['alpha', 'beta', 'gamma', 'delta', 'omega', 'näköala', 'søvnløs', '日本語'] as const;

const same = (value: JsonValue & ModernValue): RandomProperty => ({ parameter: value, value });
const listOf = <T>(dice: Dice, most: number, make: () => T) => Array.from({ length: dice.between(1, most) }, make);
/** Never a whole number, which would reach the server as an integer. */
const fraction = (dice: Dice, limit: number) => dice.between(-limit, limit) + dice.between(1, 15) / 16;
const float: Generator = (dice) => {
  const number = dice.chance(0.2) ? dice.pick([5e-324, 1.5e300, -2.5e-8]) : fraction(dice, 10_000);
  return { parameter: number, value: new Float64(number) };
};
const floats = (numbers: readonly number[]): RandomProperty => ({
  parameter: numbers,
  value: numbers.map((number) => new Float64(number)),
});
const text: Generator = (dice) => same(`${dice.pick(WORDS)} ${dice.between(0, 99_999)}`);
const words: Generator = (dice) => same(listOf(dice, dice.chance(0.1) ? 600 : 30, () => dice.pick(WORDS)).join(' '));

/** Properties that JSON can carry. Some are in indexes, see {@link createModernSchema}. */
const plain: Readonly<Record<string, Generator>> = {
  score: (dice) => same(dice.between(-1_000_000, 1_000_000)),
  ratio: float,
  name: text,
  body: words,
  flag: (dice) => same(dice.chance(0.5)),
  numbers: (dice) => same(listOf(dice, dice.chance(0.1) ? 300 : 12, () => dice.between(-1e12, 1e12))),
  texts: (dice) => same(listOf(dice, 8, () => dice.pick(WORDS))),
  embedding: (dice) => floats(Array.from({ length: 8 }, () => fraction(dice, 3))),
};

/** Some plain properties; now and then one whose key is used nowhere else. */
export function randomPlain(dice: Dice, newKey: string): Map<string, RandomProperty> {
  const names = dice.some(Object.keys(plain), 0.5);
  const chosen = new Map(names.map((name) => [name, plain[name]!(dice)]));
  if (dice.chance(0.02)) chosen.set(newKey, same(dice.between(0, 9)));
  return chosen;
}

const two = (number: number) => String(number).padStart(2, '0');
const date = (dice: Dice) => `${dice.between(1900, 2100)}-${two(dice.between(1, 12))}-${two(dice.between(1, 28))}`;
/** In the form in which the server prints it: it leaves out seconds that are zero, and zeros at the end in threes. */
const time = (dice: Dice) =>
  `${two(dice.between(0, 23))}:${two(dice.between(0, 59))}:${two(dice.between(1, 59))}${dice.pick(['', '.125', '.000007', '.123456789'])}`;
const literal = (words: string): RandomProperty => ({ parameter: words, value: new Literal(words) });

function point(dice: Dice): RandomProperty {
  const [srid, count] = dice.pick([
    [7203, 2],
    [4326, 2],
    [9157, 3],
    [4979, 3],
  ] as const);
  const coordinates = Array.from({ length: count }, () => fraction(dice, 80));
  const [x, y, z] = coordinates as [number, number, number | undefined];
  return { parameter: { srid, x, y, ...(z === undefined ? {} : { z }) }, value: pointLiteral(srid, coordinates) };
}

/** Properties that functions of Cypher make of what JSON can carry, and how. They are written all at once; some of them are null. */
const typed: Readonly<Record<string, { readonly make: (parameter: string) => string; readonly generate: Generator }>> =
  {
    day: { make: (row) => `date(${row})`, generate: (dice) => literal(date(dice)) },
    clock: { make: (row) => `localtime(${row})`, generate: (dice) => literal(time(dice)) },
    moment: {
      make: (row) => `datetime(${row})`,
      generate: (dice) =>
        literal(`${date(dice)}T${time(dice)}${dice.pick(['+02:00', 'Z', '-09:30', '+09:00[Etc/GMT-9]'])}`),
    },
    span: {
      make: (row) => `duration(${row})`,
      generate: (dice) => literal(`P${dice.between(1, 11)}M${dice.between(1, 99)}DT${dice.between(1, 59)}S`),
    },
    place: { make: (row) => `point(${row})`, generate: point },
    big: {
      make: (row) => `toInteger(${row})`,
      generate: (dice) => {
        const bits = BigInt.asIntN(64, randomBits(dice));
        const isSafe = Number.isSafeInteger(Number(bits));
        return { parameter: String(bits), value: isSafe ? Number(bits) : bits };
      },
    },
    days: {
      make: (row) => `[text IN ${row} | date(text)]`,
      generate: (dice) => {
        const dates = listOf(dice, 10, () => date(dice));
        return { parameter: dates, value: dates.map((day) => new Literal(day)) };
      },
    },
  };

export const typedNames = Object.keys(typed);

/** The part of a statement that sets them from a parameter or row. */
export const typedAssignments = (entity: string, row: string) =>
  typedNames.map((name) => `${entity}.${name} = ${typed[name]!.make(`${row}.${name}`)}`).join(', ');

export function randomTyped(dice: Dice): Map<string, RandomProperty> {
  return new Map(dice.some(typedNames, 0.6).map((name) => [name, typed[name]!.generate(dice)]));
}
