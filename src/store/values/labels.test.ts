import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { splitIntoChain } from '../records/dynamic-chain.ts';
import { dynamicLabelField, encodeDynamicLabels, encodeInlineLabels, hasDynamicLabels, readLabels } from './labels.ts';
import { encodeNumberArray } from './number-array.ts';

const never = () => undefined;

describe('labels of a node', () => {
  it('labels of a node are inline if there are at most seven and each fits', () => {
    expect(encodeInlineLabels([])).toBe(0);
    expect(encodeInlineLabels([0, 1, 2, 3, 4, 5, 32])).toBeUndefined();
    expect(encodeInlineLabels([0, 1, 2, 3, 4, 5, 6, 7])).toBeUndefined();
    expect(encodeInlineLabels([2 ** 32 - 1])).toBe(2 ** 36 + 2 ** 32 - 1);
    expect(encodeInlineLabels([1, 2 ** 18 - 1])).toBe(2 * 2 ** 36 + (2 ** 18 - 1) * 2 ** 18 + 1);
    expect(encodeInlineLabels([1, 2 ** 18])).toBeUndefined();
  });

  it('labels of a node survive a round trip, inline or dynamic', () => {
    const labels = fc
      .uniqueArray(fc.oneof(fc.nat({ max: 40 }), fc.nat({ max: 2 ** 31 - 1 })), { maxLength: 60 })
      .map((list) => list.sort((a, b) => a - b));
    fc.assert(
      fc.property(fc.nat(), labels, (node, list) => {
        const field = encodeInlineLabels(list);
        if (field !== undefined) {
          expect(hasDynamicLabels(field)).toBe(false);
          expect(readLabels(node, field, never)).toEqual(list);
        }
        let id = 2 ** 35;
        const chain = splitIntoChain(encodeDynamicLabels(node, list), 56, () => id++);
        const read = (at: number) => chain[at - 2 ** 35];
        const dynamic = dynamicLabelField(2 ** 35);
        expect(hasDynamicLabels(dynamic)).toBe(true);
        expect(readLabels(node, dynamic, read)).toEqual(list);
        expect(() => readLabels(node + 1, dynamic, read)).toThrow(/another node/);
      }),
    );
  });

  it('labels of a node are refused if an id is not an int or not a number', () => {
    expect(() => readLabels(1, 2 ** 36 + 2 ** 31, never)).toThrow(/cannot exist/);
    expect(() => readLabels(1, 2 ** 36 + 2 ** 36 - 1, never)).toThrow(/cannot exist/);
    const [record] = splitIntoChain(encodeNumberArray('double', [0n, 5n]), 56, () => 7);
    expect(() => readLabels(0, dynamicLabelField(7), () => record)).toThrow(/another node|cannot exist/);
  });

  it('labels of a node are refused if their chain is broken', () => {
    expect(() => readLabels(1, dynamicLabelField(9), never)).toThrow(/broken/);
  });
});
