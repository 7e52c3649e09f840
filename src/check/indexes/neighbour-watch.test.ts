import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { genericKey } from '../../store/index/keys/generic-key.ts';
import type { IndexKeyCodec } from '../../store/index/keys/key-codec.ts';
import { readEntityId } from '../../store/index/keys/key-entity.ts';
import { numberKey, uniqueNumberKey } from '../../store/index/keys/number-key.ts';
import { pointLayout } from '../../store/index/keys/point-key.ts';
import { temporalKeys } from '../../store/index/keys/temporal-key.ts';
import { textKey } from '../../store/index/keys/text-key.ts';
import type { PropertyValue } from '../../store/values/property-value.ts';
import { KeySum } from './key-sum.ts';
import { NeighbourWatch } from './neighbour-watch.ts';

const long = (value: number): PropertyValue => ({ type: 'long', value: BigInt(value) });
const text = (value: string): PropertyValue => ({ type: 'string', value });

const codecs: [string, IndexKeyCodec, PropertyValue, PropertyValue][] = [
  ['generic', genericKey, long(1), text('a')],
  ['numbers', numberKey, long(1), long(2)],
  ['numbers of unique indexes', uniqueNumberKey, long(1), long(2)],
  ['texts', textKey, text('a'), text('ab')],
  ['dates', temporalKeys.date, { type: 'date', epochDay: 1n }, { type: 'date', epochDay: 2n }],
];

describe.each(codecs)('neighbours among %s', (_name, codec, first, second) => {
  it('neighbours are the same values of different entities, the same entry twice, or neither', () => {
    const watch = new NeighbourWatch(codec.layout);
    const see = (entity: number, value: PropertyValue) => {
      const key = codec.encode(entity, [value])!;
      expect(readEntityId(codec.layout, key, 0, key.length)).toBe(entity);
      // The key somewhere in a page.
      const page = Buffer.concat([Buffer.alloc(5, 0xff), key, Buffer.alloc(5, 0xff)]);
      return watch.see(page, 5, key.length);
    };
    expect(see(7, first)).toBe('different');
    expect(see(8, first)).toBe('same-values');
    expect(watch.previousEntity).toBe(7);
    expect(see(8, first)).toBe('duplicate');
    expect(see(8, second)).toBe('different');
    expect(see(3_000_000_000, second)).toBe('same-values');
    expect(watch.previousEntity).toBe(8);
  });
});

it('numbers of different types have the same value', () => {
  const watch = new NeighbourWatch(numberKey.layout);
  const keys = [numberKey.encode(1, [long(1)])!, numberKey.encode(2, [{ type: 'double', bits: 0x3ff0000000000000n }])!];
  expect(keys.map((key) => watch.see(key, 0, key.length))).toEqual(['different', 'same-values']);
});

it('different points may have the same place on the curve', () => {
  const watch = new NeighbourWatch(pointLayout);
  const keyOf = (entity: number) => Buffer.from(`0000000000000005${entity.toString(16).padStart(16, '0')}`, 'hex');
  expect([1, 2, 2].map((entity) => watch.see(keyOf(entity), 0, 16))).toEqual(['different', 'different', 'duplicate']);
});

it('keys that are too short to have an entity belong to none', () => {
  expect(readEntityId(textKey.layout, Buffer.alloc(4), 0, 4)).toBeNaN();
  expect(readEntityId(numberKey.layout, Buffer.alloc(17, 0x7f), 0, 17)).toBeNaN();
  expect(new NeighbourWatch(textKey.layout).see(Buffer.alloc(4), 0, 4)).toBe('different');
});

describe('the fingerprint of a set of keys', () => {
  const keys = fc.uniqueArray(fc.uint8Array({ minLength: 8, maxLength: 40 }), {
    minLength: 1,
    maxLength: 30,
    selector: (key) => Buffer.from(key).toString('hex'),
  });
  const sumOf = (all: readonly Uint8Array[]) => {
    const sum = new KeySum();
    for (const key of all) sum.add(key, 0, key.length);
    return sum;
  };

  it('the fingerprint of a set of keys does not depend on their order', () => {
    fc.assert(fc.property(keys, (all) => sumOf(all).equals(sumOf(all.toReversed()))));
  });

  it('the fingerprint of a set of keys changes with every byte, and with every lost or repeated key', () => {
    fc.assert(
      fc.property(keys, fc.nat(), fc.integer({ min: 1, max: 255 }), (all, at, change) => {
        const index = at % all.length;
        const changed = all.map((key) => Uint8Array.from(key));
        changed[index]![at % changed[index]!.length]! ^= change;
        const sum = sumOf(all);
        expect(sum.equals(sumOf(changed))).toBe(false);
        expect(sum.equals(sumOf(all.toSpliced(index, 1)))).toBe(false);
        expect(sum.equals(sumOf([...all, all[index]!]))).toBe(false);
      }),
    );
  });
});
