import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { arbitraryValue } from '../../../test/support/random/arbitrary-values.ts';
import { campaign } from '../../../test/support/random/campaign-size.ts';
import { decodeValue, encodeValue } from '../values/property-blocks.ts';
import type { PropertyValue } from '../values/property-value.ts';
import { locateKey } from './index-key.ts';
import { findProvider } from './index-provider.ts';
import { PointCurves } from './keys/point-curves.ts';
import { QuickKey } from './quick-key.ts';

const providers = ['native-btree-1.0', 'lucene+native-2.0', 'lucene+native-1.0', 'lucene-1.0'].map((name) => {
  const [, key, version] = /^(.*)-([\d.]+)$/.exec(name)!;
  return findProvider({ key: key!, version: version! })!.folders(7);
});
const noDynamicRecords = { readString: () => undefined, readArray: () => undefined };

/** The quickly made key, `declined`, or `lucene`. */
function makeQuickly(folders: (typeof providers)[number], entity: number, blocks: Uint8Array): string {
  const quick = new QuickKey(folders);
  if (!quick.make(entity, blocks, 0)) return 'declined';
  return quick.path === undefined
    ? 'lucene'
    : `${quick.path} ${Buffer.from(quick.bytes.subarray(0, quick.length)).toString('hex')}`;
}

function makeProperly(folders: (typeof providers)[number], entity: number, value: PropertyValue): string {
  const located = locateKey(folders, false, entity, [value], new PointCurves());
  if (typeof located === 'string') return 'lucene';
  return `${located.path} ${Buffer.from(located.key).toString('hex')}`;
}

describe('a key made quickly', () => {
  it('a key made quickly equals the one made the general way, or it is declined', () => {
    const made = new Set<string>();
    const entities = fc.integer({ min: 0, max: 2 ** 40 });
    fc.assert(
      fc.property(entities, arbitraryValue, fc.constantFrom(...providers), (entity, value, folders) => {
        const { blocks, long } = encodeValue(5, value);
        const quick = makeQuickly(folders, entity, blocks);
        if (long !== undefined) expect(quick).toBe('declined');
        if (quick === 'declined') return;
        made.add(value.type);
        expect(quick).toBe(makeProperly(folders, entity, value));
      }),
      { numRuns: campaign.rounds(20_000) },
    );
    const quickTypes = ['boolean', 'byte', 'double', 'float', 'int', 'long', 'short', 'string'];
    expect([...made].sort()).toEqual(quickTypes);
  });

  it('a key made quickly matches whatever the blocks decode to', () => {
    let texts = 0;
    const types = fc.constantFrom(1, 2, 3, 5, 6, 7, 8, 11, 11, 11);
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), types, (blocks, type) => {
        blocks[4] = (blocks[4]! & 0xf0) | type;
        const folders = providers[0]!;
        const quick = makeQuickly(folders, 1234, blocks);
        if (quick === 'declined') return;
        if (type === 11) texts++;
        let value: PropertyValue;
        try {
          value = decodeValue(blocks, 0, noDynamicRecords);
        } catch {
          // A text that runs past the end of the record; code that walks the blocks rejects it first.
          return;
        }
        expect(quick).toBe(makeProperly(folders, 1234, value));
      }),
      { numRuns: campaign.rounds(20_000) },
    );
    expect(texts).toBeGreaterThan(100);
  });
});
