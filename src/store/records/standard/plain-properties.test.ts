import fc from 'fast-check';
import { expect, it } from 'vitest';
import { arbitraryValue } from '../../../../test/support/random/arbitrary-values.ts';
import { campaign } from '../../../../test/support/random/campaign-size.ts';
import { STANDARD_FORMAT } from '../../files/store-format.ts';
import { encodeValue } from '../../values/property-blocks.ts';
import { PropertyBlockCursor } from '../../values/property-chain.ts';
import { findValueDamage, hasLostValue } from '../../values/value-damage.ts';
import { BLOCK_BYTES, blockTypes } from '../property-block-layout.ts';

const known = [0, 1, 2, 3, 300];
const codec = STANDARD_FORMAT.property;

/** A record with as many of these values as fit, at offset 3 of the returned bytes. */
function writeRecord(values: readonly [number, Parameters<typeof encodeValue>[1]][]): Buffer {
  const record = codec.create();
  record.inUse = true;
  for (const [key, value] of values) {
    const { blocks } = encodeValue(key, value);
    const count = blocks.length / BLOCK_BYTES;
    if (record.blockCount + count > 4) continue;
    record.blocks.set(blocks, record.blockCount * BLOCK_BYTES);
    record.blockCount += count;
  }
  const bytes = Buffer.alloc(codec.size + 3, 0xaa);
  codec.encode(record, bytes, 3);
  return bytes;
}

const RUNS = campaign.rounds(20_000);

it('only records without anything for the general check to report count as plain', () => {
  const plain = STANDARD_FORMAT.plainViews!.property.createPlain(known);
  const values = fc.array(fc.tuple(fc.constantFrom(...known, 7, 70_000), arbitraryValue), {
    minLength: 1,
    maxLength: 4,
  });
  const change = fc.option(fc.tuple(fc.nat(codec.size - 1), fc.nat(255)), { freq: 3 });
  let plainOnes = 0;
  fc.assert(
    fc.property(values, change, (entries, changed) => {
      const bytes = writeRecord(entries);
      if (changed !== null) bytes[3 + changed[0]] = changed[1];
      if (!plain.isPlain(bytes, 3)) return;
      plainOnes++;
      const record = codec.decode(codec.create(), 1, bytes, 3);
      expect(record).toMatchObject({ inUse: true, prev: -1, next: -1 });
      expect(hasLostValue(record)).toBe(false);
      const keys: number[] = [];
      const texts: number[] = [];
      for (const cursor = new PropertyBlockCursor().open(record); cursor.next(); ) {
        keys.push(cursor.key);
        expect(cursor.type).not.toBe(blockTypes.array);
        if (cursor.type === blockTypes.string) texts.push(cursor.reference);
        else expect(findValueDamage(cursor)).toBeUndefined();
      }
      expect(known).toEqual(expect.arrayContaining(keys));
      expect(new Set(keys).size).toBe(keys.length);
      expect(texts).toEqual(plain.text < 0 ? [] : [plain.text]);
    }),
    { numRuns: RUNS },
  );
  expect(plainOnes).toBeGreaterThan(RUNS / 40);
});
