import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { arbitraryValue } from '../../../../test/support/random/arbitrary-values.ts';
import { genericKey } from './generic-key.ts';
import { findGenericKeyProblem } from './generic-key-check.ts';

const key = fc
  .array(arbitraryValue, { minLength: 1, maxLength: 3 })
  .map((values) => genericKey.encode(7, values))
  .filter((bytes) => bytes !== undefined);

describe('keys', () => {
  it('keys that we write can be read', () => {
    fc.assert(fc.property(key, (bytes) => findGenericKeyProblem(bytes, 0, bytes.length, false) === undefined));
  });

  it('keys that are cut off cannot be read, unless they end between two values or are separators that do not cut a text', () => {
    const text = genericKey.encode(7, [{ type: 'string', value: 'abcdef' }])!;
    expect(findGenericKeyProblem(text, 0, text.length - 1, true)).toBe('a text of 6 bytes has only 5 left');
    expect(findGenericKeyProblem(text, 0, 10, true)).toBeUndefined();
    expect(findGenericKeyProblem(text, 0, 10, false)).toBe('a value ends 1 bytes after the key');
    const number = genericKey.encode(7, [{ type: 'long', value: 5n }])!;
    expect(findGenericKeyProblem(number, 0, number.length - 1, true)).toBeUndefined();
    expect(findGenericKeyProblem(number, 0, number.length - 1, false)).toContain('1 bytes after');
    expect(findGenericKeyProblem(number, 0, 5, true)).toBe('there is no entity');
  });

  it('keys of no known type cannot be read', () => {
    const bytes = Buffer.from(genericKey.encode(7, [{ type: 'boolean', value: true }])!);
    bytes[8] = 20;
    expect(findGenericKeyProblem(bytes, 0, bytes.length, true)).toBe('there is no slot type 20');
  });

  it('keys of any bytes are judged without reading outside', () => {
    const damaged = fc.tuple(key, fc.uint8Array({ maxLength: 12 }), fc.nat({ max: 40 }));
    fc.assert(
      fc.property(damaged, ([bytes, other, at]) => {
        const changed = Buffer.concat([bytes, Buffer.alloc(3)]);
        changed.set(other.subarray(0, Math.max(0, changed.length - at)), Math.min(at, changed.length));
        for (const length of [0, 3, 8, bytes.length, changed.length]) {
          const alone = findGenericKeyProblem(changed.subarray(0, length), 0, length, true);
          expect(findGenericKeyProblem(changed, 0, length, true)).toBe(alone);
        }
      }),
    );
  });
});
