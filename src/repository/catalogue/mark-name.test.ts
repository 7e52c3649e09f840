import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findHolds, formatMarkName, type MarkName, markKinds, newestMarks, parseMarkName } from './mark-name.ts';
import { formatStampedId } from './object-keys.ts';

const stampedId = fc
  .record({
    second: fc.integer({ min: 0, max: 4_000_000_000 }),
    random: fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: 8, maxLength: 8 }),
  })
  .map(({ second, random }) => formatStampedId({ began: new Date(second * 1000), random }));
const anyMark: fc.Arbitrary<MarkName> = fc.record({
  base: stampedId,
  kind: fc.constantFrom(...markKinds),
  id: stampedId,
});

const BASE = '20261129T020304Z-5f3a9c1e';
const at = (second: number, random = '00000000') =>
  formatStampedId({ began: new Date(Date.UTC(2026, 11, 1) + second * 1000), random });

describe('names of marks', () => {
  it('the name of a mark reads as what was written, and is a key', () => {
    fc.assert(
      fc.property(anyMark, (mark) => {
        const name = formatMarkName(mark);
        expect(parseMarkName(name)).toEqual(mark);
        expect(name).toMatch(/^[A-Za-z0-9._-]{1,250}$/);
      }),
    );
  });

  it('the name of a mark looks as documented', () => {
    expect(parseMarkName(`${BASE}.proof.20261201T040000Z-0a1b2c3d.json`)).toEqual({
      base: BASE,
      kind: 'proof',
      id: '20261201T040000Z-0a1b2c3d',
    });
  });

  it.each([
    ['a kind of a later release', `${BASE}.removed.20261201T040000Z-0a1b2c3d.json`],
    ['another ending', `${BASE}.hold.20261201T040000Z-0a1b2c3d.json.age`],
    ['a base that is none', `20261129T020304Z.hold.20261201T040000Z-0a1b2c3d.json`],
    ['a day that does not exist', `${BASE}.hold.20261131T040000Z-0a1b2c3d.json`],
    ['no id', `${BASE}.hold..json`],
    ['a temporary name', `.tmp-${BASE}.hold.20261201T040000Z-0a1b2c3d.json`],
    ['capital letters', `${BASE}.HOLD.20261201T040000Z-0a1b2c3d.json`],
  ])('it is no mark: %s', (_, name) => {
    expect(parseMarkName(name)).toBeUndefined();
  });

  it('a mark with an id that is none gets no name', () => {
    const mark = { base: BASE, kind: 'hold', id: at(1) } as const;
    expect(() => formatMarkName({ ...mark, base: '../x' })).toThrow(RangeError);
    expect(() => formatMarkName({ ...mark, id: 'x' })).toThrow(RangeError);
  });
});

describe('what marks say together', () => {
  it('a base is held if the last word about it is a hold, in whatever order marks are listed', () => {
    const words = fc.array(fc.tuple(fc.nat(3), fc.constantFrom('hold', 'release', 'proof'), fc.nat(9)), {
      maxLength: 12,
    });
    fc.assert(
      fc.property(words, (script) => {
        const marks = script.map(([base, kind, second], i): MarkName => {
          return { base: `${base}`, kind: kind as MarkName['kind'], id: at(second, `0000000${i.toString(16)}`) };
        });
        const held = findHolds(marks);
        expect(new Set(findHolds(marks.toReversed()).keys())).toEqual(new Set(held.keys()));
        for (const base of ['0', '1', '2', '3']) {
          const said = marks.filter((mark) => mark.base === base && mark.kind !== 'proof');
          const last = said
            .map(({ id }) => id.slice(0, 16))
            .sort()
            .at(-1);
          const ties = said.filter(({ id }) => id.startsWith(last ?? '-'));
          expect(held.has(base)).toBe(ties.some(({ kind }) => kind === 'hold'));
        }
      }),
    );
  });

  it('the newest marks of a kind come first', () => {
    const marks = [at(2), at(9), at(5)].map((id): MarkName => ({ base: BASE, kind: 'proof', id }));
    const key: MarkName = { base: BASE, kind: 'key', id: at(99) };
    expect(newestMarks([...marks, key], 'proof').map(({ id }) => id)).toEqual([at(9), at(5), at(2)]);
    expect(newestMarks([...marks, key], 'proof', 'key')[0]).toBe(key);
  });
});
