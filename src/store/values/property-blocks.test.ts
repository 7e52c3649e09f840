import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { arbitraryValue } from '../../../test/support/random/arbitrary-values.ts';
import { campaign } from '../../../test/support/random/campaign-size.ts';
import { splitIntoChain } from '../records/dynamic-chain.ts';
import type { DynamicRecord } from '../records/dynamic-record.ts';
import {
  readBlockCount,
  readBlockKey,
  readBlockReference,
  readBlockType,
  writeBlockReference,
} from '../records/property-block-layout.ts';
import type { PropertyRecord } from '../records/property-record.ts';
import { standardPropertyCodec } from '../records/standard/property-codec.ts';
import { decodeValue, encodeValue } from './property-blocks.ts';
import { PropertyBlockCursor, readPropertyChain } from './property-chain.ts';
import type { PropertyValue } from './property-value.ts';

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const noRecords = { readString: () => undefined, readArray: () => undefined };

/** Encodes and decodes through dynamic records of 120 bytes with descending ids. */
function roundTrip(key: number, value: PropertyValue): PropertyValue {
  const { blocks, long } = encodeValue(key, value);
  const records = new Map<number, DynamicRecord>();
  if (long !== undefined) {
    let id = 2 ** 36;
    const chain = splitIntoChain(long.bytes, 120, () => --id);
    for (const record of chain) records.set(record.id, record);
    writeBlockReference(blocks, 0, chain[0]!.id);
    expect(readBlockReference(blocks, 0)).toBe(2 ** 36 - 1);
  }
  expect(readBlockKey(blocks, 0)).toBe(key);
  expect(readBlockCount(blocks, 0) * 8).toBe(blocks.length);
  const read = (id: number) => records.get(id);
  return decodeValue(blocks, 0, { readString: read, readArray: read });
}

describe('property values', () => {
  it('property values survive a round trip through their blocks', () => {
    fc.assert(
      fc.property(fc.nat({ max: 2 ** 24 - 1 }), arbitraryValue, (key, value) => {
        expect(roundTrip(key, value as PropertyValue)).toEqual(value);
      }),
      { numRuns: campaign.rounds(3000) },
    );
  });

  it.each<[string, PropertyValue, string]>([
    ['boolean', { type: 'boolean', value: true }, '0000000011000005'],
    ['a negative byte, sign-extended', { type: 'byte', value: -1 }, 'fffffffff2000005'],
    ['a char', { type: 'char', value: 0xffff }, '00000ffff4000005'],
    ['a negative int', { type: 'int', value: -2 }, 'ffffffffe5000005'],
    ['an inline long', { type: 'long', value: 2n ** 35n - 1n }, 'fffffffff6000005'],
    ['a long of two blocks', { type: 'long', value: -1n }, '0000000006000005ffffffffffffffff'],
    ['a negative float', { type: 'float', bits: 0x8000_0000 }, 'f800000007000005'],
    ['a double', { type: 'double', bits: 0x3ff0_0000_0000_0000n }, '00000000080000053ff0000000000000'],
    ['the empty string', { type: 'string', value: '' }, '00000000ab000005'],
    ['an empty array', { type: 'array', of: 'int', elements: [] }, '000000005c000005'],
  ])('encodeValue encodes %s', (_, value, expected) => {
    expect(hex(encodeValue(5, value).blocks)).toBe(expected);
    expect(roundTrip(5, value)).toEqual(value);
  });

  it('encodeValue stores a string short up to its limit and long beyond', () => {
    const isShort = (value: string) => encodeValue(0, { type: 'string', value }).long === undefined;
    for (const [unit, limit] of [
      ['7', 54],
      ['a', 54], // lower hex
      ['z', 43],
      ['Q', 43],
      ['|', 36],
      ['é', 31],
      ['÷', 27],
      ['가', 9],
    ] as const) {
      expect(isShort(unit.repeat(limit)), unit).toBe(true);
      expect(isShort(unit.repeat(limit + 1)), unit).toBe(false);
    }
  });

  it('encodeValue stores an unpaired surrogate as a question mark', () => {
    expect(roundTrip(1, { type: 'string', value: 'a\ud800b' })).toEqual({ type: 'string', value: 'a?b' });
    expect(roundTrip(1, { type: 'string', value: `${'x'.repeat(60)}\udc00` })).toEqual({
      type: 'string',
      value: `${'x'.repeat(60)}?`,
    });
  });

  it('decoding any blocks fails only with store.corrupt', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (bytes) => {
        const type = readBlockType(bytes, 0);
        const count = readBlockCount(bytes, 0);
        if (type === 0 || type === 15) expect(count).toBe(0);
        if (count > 4) return;
        try {
          decodeValue(bytes, 0, noRecords);
        } catch (error) {
          expect(error).toMatchObject({ code: 'store.corrupt' });
        }
      }),
      { numRuns: campaign.rounds(5000) },
    );
  });

  it('decoding any chain of an array fails only with store.corrupt', () => {
    const { blocks } = encodeValue(1, {
      type: 'array',
      of: 'string',
      elements: [{ type: 'string', value: 'x' }],
    });
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), fc.constantFrom(0, 1, 5, 6, 8, 9, 13, 14, 77), (bytes, first) => {
        if (bytes.length > 0) bytes[0] = first;
        const record = { id: 0, inUse: true, first: true, next: -1, data: bytes };
        try {
          decodeValue(blocks, 0, { ...noRecords, readArray: () => record });
        } catch (error) {
          expect(error).toMatchObject({ code: 'store.corrupt' });
        }
      }),
      { numRuns: campaign.rounds(5000) },
    );
  });
});

describe('property chains', () => {
  const record = (id: number, next: number, ...values: PropertyValue[]): PropertyRecord => {
    const made = standardPropertyCodec.create();
    Object.assign(made, { id, next, inUse: true });
    for (const [i, value] of values.entries()) {
      const { blocks } = encodeValue(id * 10 + i, value);
      made.blocks.set(blocks, made.blockCount * 8);
      made.blockCount += blocks.length / 8;
    }
    return made;
  };
  const int = (value: number): PropertyValue => ({ type: 'int', value });
  const double: PropertyValue = { type: 'double', bits: 1n };
  const chain = (...records: PropertyRecord[]) => {
    const byId = new Map(records.map((r) => [r.id, r]));
    return [...readPropertyChain(records[0]!.id, (id) => byId.get(id), noRecords)];
  };

  it('property chains yield all values', () => {
    expect(chain(record(7, 2, int(1), double, int(2)), record(2, -1, double))).toEqual([
      { key: 70, value: int(1) },
      { key: 71, value: double },
      { key: 72, value: int(2) },
      { key: 20, value: double },
    ]);
  });

  it('property chains report gaps, cycles and values that do not fit', () => {
    expect(() => chain(record(1, 2, int(1)))).toThrow(/record 2 is not in use/);
    expect(() => chain(record(1, 2, int(1)), record(2, 3, int(1)), record(3, 1, int(1)))).toThrow(/is in it twice/);
    const cut = record(4, -1, int(1), int(1), double);
    cut.blockCount = 3;
    expect(() => chain(cut)).toThrow(/does not fit/);
  });

  it('property chains can be walked without decoding', () => {
    const cursor = new PropertyBlockCursor().open(record(1, -1, int(1), double, int(2)));
    const seen: number[][] = [];
    while (cursor.next()) seen.push([cursor.key, cursor.type, cursor.offset, cursor.count, cursor.reference]);
    expect(seen).toEqual([
      [10, 5, 0, 1, -1],
      [11, 8, 8, 2, -1],
      [12, 5, 24, 1, -1],
    ]);
  });
});
