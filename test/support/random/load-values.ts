import fc from 'fast-check';
import { Dice } from '../../../src/base/dice.ts';
import { bitsOfDouble } from '../../../src/base/floating-bits.ts';
import { genericKey } from '../../../src/store/index/keys/generic-key.ts';
import { PointCurves } from '../../../src/store/index/keys/point-curves.ts';
import type { PropertyValue } from '../../../src/store/values/property-value.ts';
import { noteValue } from '../corpus/golden-store.ts';
import { arbitraryValue } from './arbitrary-values.ts';
import { campaign } from './campaign-size.ts';
import { zoneNumber } from './zone-numbers.ts';

/** Java and Node may have different rules for unusual zones, the past and the future. These are safe from 1982 to 2022. */
const ZONES = ['Europe/Stockholm', 'America/New_York', 'Asia/Tokyo', 'Australia/Sydney', 'Asia/Kolkata'].map(
  zoneNumber,
);
const FIRST_SECOND = 378_691_200n;
const SECONDS = 1_262_304_000n;

const LARGEST_INDEXED = 400;

/** The values of a seed: all, and those that fit into every index. */
interface Pool {
  all: readonly PropertyValue[];
  small: readonly PropertyValue[];
}

/** Nearly every load has the same seed, and a pool takes longer than some loads. */
const pools = new Map<number, Pool>();

function poolOf(seed: number): Pool {
  const known = pools.get(seed);
  if (known !== undefined) return known;
  const all = fc.sample(arbitraryValue, { seed, numRuns: campaign.size(3000, 600) }).map(withKnownZone);
  const small = all.filter(
    (value) =>
      JSON.stringify(noteValue(value)).length <= LARGEST_INDEXED &&
      genericKey.encode(0, [value], new PointCurves()) !== undefined,
  );
  const pool = { all, small };
  pools.set(seed, pool);
  return pool;
}

/** Values to draw from: every type that a server stores, with edge values and long texts and arrays. */
export class LoadValues {
  private readonly dice: Dice;
  private readonly any: readonly PropertyValue[];
  private readonly indexed: readonly PropertyValue[];

  /** `nativeOnly`: indexed keys get only types that a `lucene+native` index keeps outside Lucene. */
  constructor(seed: number, nativeOnly: boolean) {
    this.dice = new Dice(seed);
    const { all, small } = poolOf(seed);
    this.any = [...all, ...Array.from({ length: all.length / 10 }, () => this.longText())];
    this.indexed = nativeOnly ? small.filter(({ type }) => type !== 'array' && type !== 'boolean') : small;
  }

  pick(): PropertyValue {
    return this.dice.pick(this.any);
  }

  /** A value that fits into every index and that we can write there; equal values, and equal numbers of different type, do occur. */
  pickIndexed(): PropertyValue {
    if (this.dice.chance(0.7)) return this.dice.pick(this.indexed);
    const number = this.dice.below(50);
    return this.dice.pick<PropertyValue>([
      { type: 'long', value: BigInt(number) },
      { type: 'int', value: number },
      { type: 'double', bits: bitsOfDouble(number) },
      { type: 'string', value: `name ${number}` },
    ]);
  }

  private longText(): PropertyValue {
    const text = this.dice.pick(['a long text, ', 'ünïcödé ', '0123456789', '日本語のテキスト']);
    return { type: 'string', value: text.repeat(this.dice.between(10, 200)) };
  }
}

/** Moves zoned times to a range where all time zone tables agree. */
function withKnownZone(value: PropertyValue): PropertyValue {
  if (value.type === 'array')
    return { ...value, elements: value.elements.map((one) => withKnownZone(one) as typeof one) };
  if (value.type !== 'datetime' || value.zone === undefined) return value;
  const epochSecond = FIRST_SECOND + (((value.epochSecond % SECONDS) + SECONDS) % SECONDS);
  return { ...value, epochSecond, zone: ZONES[value.zone % ZONES.length]! };
}
