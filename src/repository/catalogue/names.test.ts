import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatStampedId, isDatabaseKey, parseStampedId } from './object-keys.ts';
import { formatPartName, type PartName, parsePartName } from './part-name.ts';
import { formatSegmentName, parseSegmentName, type SegmentName } from './segment-name.ts';
import { formatMilliseconds, formatSeconds, parseMilliseconds, parseSeconds } from './times.ts';

/** Keys hold these only; a component has at most 250 bytes. */
const KEY = /^[A-Za-z0-9._/-]+$/;

const hex = (length: number) =>
  fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: length, maxLength: length });
const time = fc.date({
  min: new Date('1970-01-01T00:00:00Z'),
  max: new Date('9999-12-31T23:59:59.999Z'),
  noInvalidDate: true,
});

const segment: fc.Arbitrary<SegmentName> = fc
  .record({
    ids: fc.uniqueArray(fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }), { minLength: 1, maxLength: 2 }),
    piece: fc.integer({ min: 0, max: 99_999 }),
    isLastPiece: fc.boolean(),
    newestCommit: time,
    checksum: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    digest: hex(32),
    isEncrypted: fc.boolean(),
  })
  .map(({ ids, piece, isLastPiece, ...rest }) => {
    const [first, last = first] = ids.sort((one, other) => one - other) as [number, number?];
    return { ...rest, first, last, ...(first === last ? { piece, isLastPiece } : { piece: 0, isLastPiece: true }) };
  });

const part: fc.Arbitrary<PartName> = fc.oneof(
  fc.record({
    kind: fc.constant('part' as const),
    file: fc.maxSafeNat(),
    offset: fc.maxSafeNat(),
    digest: hex(16),
    isEncrypted: fc.boolean(),
  }),
  fc.record({
    kind: fc.constant('bundle' as const),
    number: fc.maxSafeNat(),
    digest: hex(16),
    isEncrypted: fc.boolean(),
  }),
);

describe('names of segments', () => {
  it('the name of a segment reads as what was written, and is a key', () => {
    fc.assert(
      fc.property(segment, (one) => {
        const name = formatSegmentName(one);
        expect(parseSegmentName(name)).toEqual(one);
        expect(name).toMatch(KEY);
        expect(name.length).toBeLessThanOrEqual(250);
      }),
    );
  });

  it('names of segments sort by their first transaction', () => {
    fc.assert(
      fc.property(segment, segment, (one, other) => {
        fc.pre(one.first < other.first);
        expect(formatSegmentName(one) < formatSegmentName(other)).toBe(true);
      }),
    );
  });

  it('the name of a segment looks as documented', () => {
    const name =
      '0000000000000000121-0000000000000000456.00000e.20261129T020304.005Z.fffffffffffffffe.0123456789abcdef0123456789abcdef.tar.zst.age';
    expect(parseSegmentName(name)).toEqual({
      first: 121,
      last: 456,
      piece: 0,
      isLastPiece: true,
      newestCommit: new Date('2026-11-29T02:03:04.005Z'),
      checksum: -2n,
      digest: '0123456789abcdef0123456789abcdef',
      isEncrypted: true,
    });
  });

  const sound =
    '0000000000000000121-0000000000000000456.00000e.20261129T020304.005Z.fffffffffffffffe.0123456789abcdef0123456789abcdef.tar.zst';
  it.each([
    ['another ending', sound.replace('.zst', '.gz')],
    ['a temporary name', `.tmp-${sound}`],
    ['the last before the first', sound.replace('0456', '0120')],
    ['no transaction', sound.replace('0121', '0000')],
    ['an id beyond all numbers', sound.replace('0000000000000000456', '9999999999999999999')],
    ['fewer digits', sound.slice(1)],
    ['a piece of several transactions', sound.replace('.00000e.', '.00001e.')],
    ['an unfinished piece of several transactions', sound.replace('.00000e.', '.00000c.')],
    ['a piece with too few digits', sound.replace('.00000e.', '.0e.')],
    ['a day that does not exist', sound.replace('20261129', '20261131')],
    ['a short checksum', sound.replace('ffffffffffffffe', 'fe')],
    ['capital digits', sound.replace('abcdef', 'ABCDEF')],
  ])('it is no segment: %s', (_, name) => {
    expect(parseSegmentName(sound)).toBeDefined();
    expect(parseSegmentName(name)).toBeUndefined();
  });

  it('an impossible segment gets no name', () => {
    const one = parseSegmentName(sound)!;
    expect(() => formatSegmentName({ ...one, first: 457 })).toThrow(RangeError);
    expect(() => formatSegmentName({ ...one, piece: 1 })).toThrow(RangeError);
    expect(() => formatSegmentName({ ...one, last: 2 ** 53 })).toThrow(RangeError);
  });
});

describe('names of parts', () => {
  it('the name of a part reads as what was written, and is a key', () => {
    fc.assert(
      fc.property(part, (one) => {
        const name = formatPartName(one);
        expect(parsePartName(name)).toEqual(one);
        expect(name).toMatch(KEY);
      }),
    );
  });

  it('the name of a part looks as documented', () => {
    expect(parsePartName('data/7/0000000016777216.0123456789abcdef.zst.age')).toMatchObject({
      file: 7,
      offset: 16_777_216,
    });
    expect(parsePartName('data/bundle/0.0123456789abcdef.tar.zst')).toMatchObject({ kind: 'bundle', number: 0 });
    for (const name of [
      'data/07/0000000016777216.0123456789abcdef.zst',
      'data/7/16777216.0123456789abcdef.zst',
      'data/x',
    ])
      expect(parsePartName(name)).toBeUndefined();
  });
});

describe('other names', () => {
  it('the id of a base or timeline reads as what was written, and sorts by time', () => {
    fc.assert(
      fc.property(time, hex(8), (exact, random) => {
        const began = new Date(Math.floor(exact.getTime() / 1000) * 1000);
        expect(parseStampedId(formatStampedId({ began, random }))).toEqual({ began, random });
      }),
    );
    expect(formatStampedId({ began: new Date('2026-11-29T02:03:04Z'), random: '5f3a9c1e' })).toBe(
      '20261129T020304Z-5f3a9c1e',
    );
    for (const text of ['20261129T020304Z', '20261129T020304Z-5f3a9c1', '20261129T250304Z-5f3a9c1e', '-5f3a9c1e'])
      expect(parseStampedId(text)).toBeUndefined();
  });

  it('a time reads as what was written', () => {
    fc.assert(
      fc.property(time, (one) => {
        expect(parseMilliseconds(formatMilliseconds(one))).toEqual(one);
        expect(parseSeconds(formatSeconds(one))!.getTime()).toBe(Math.floor(one.getTime() / 1000) * 1000);
      }),
    );
  });

  it.each([
    ['graph.db', true],
    ['neo4j', true],
    ['a-b_c.2', true],
    ['', false],
    ['.hidden', false],
    ['a..b', false],
    ['a/b', false],
    ['ä', false],
    ['a'.repeat(101), false],
  ])('the name of a database is a key or not: %s', (name, isKey) => {
    expect(isDatabaseKey(name)).toBe(isKey);
  });
});
