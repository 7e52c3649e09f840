import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { goldenStores, unpackStore } from '../../../test/support/golden-store.ts';
import { makeTemporaryDirectory, removeDirectory } from '../../../test/support/unpack-corpus.ts';
import { ByteReader } from '../../base/byte-reader.ts';
import { LabelScanReader } from '../label-scan/label-scan-reader.ts';
import type { PropertyValue } from '../property-value.ts';
import type { IndexRule } from '../schema-rule.ts';
import { StoreReader } from '../store-reader.ts';
import { TreeCursor } from '../tree/tree-cursor.ts';
import { openTreeForReading } from '../tree/tree-file.ts';
import { listIndexTrees } from './index-files.ts';
import { locateKey } from './index-key.ts';
import { findProvider } from './index-provider.ts';
import { genericKey } from './keys/generic-key.ts';
import { pointLayout } from './keys/point-key.ts';

let temporary: string;
beforeAll(async () => {
  temporary = await makeTemporaryDirectory();
});
afterAll(() => removeDirectory(temporary));

/** Keys that the records ask for, by file; values that we cannot encode are counted. */
interface Wanted {
  keys: Map<string, Set<string>>;
  points: number;
}

function wantedKeys(reader: StoreReader, rule: IndexRule): Wanted {
  const folders = findProvider(rule.provider)!.folders(rule.id);
  const wanted: Wanted = { keys: new Map(), points: 0 };
  for (const { id, labels, properties } of reader.nodes()) {
    if (!rule.schema.entityTokens.some((label) => labels.includes(label))) continue;
    const values = rule.schema.propertyKeys.map((key) => properties.find((property) => property.key === key)?.value);
    if (values.includes(undefined)) continue;
    const located = locateKey(folders, rule.unique, id, values as PropertyValue[]);
    if (typeof located === 'string') {
      if (/point/.test(located)) wanted.points++;
      else expect(located).toMatch(/Lucene/);
      continue;
    }
    const keys = wanted.keys.get(located.path) ?? new Set();
    wanted.keys.set(located.path, keys.add(Buffer.from(located.key).toString('hex')));
  }
  return wanted;
}

function hasPoint(key: Buffer): boolean {
  const { values } = genericKey.decode(new ByteReader(key));
  return values.some((value) => (value.type === 'array' ? value.of : value.type) === 'point');
}

/** `native-btree-1.0` of the beta has an older layout. */
const isReadable = (rule: IndexRule, name: string) => !(name.includes('beta') && rule.provider.key === 'native-btree');

describe.each(goldenStores)('derived files of store %s', (name) => {
  let directory: string;
  let reader: StoreReader;
  beforeAll(async () => {
    directory = await unpackStore(name, temporary);
    reader = new StoreReader(directory);
  });
  afterAll(() => reader.close());

  it('the indexes hold the keys that we would write for the records', async () => {
    let native = 0;
    const rules = reader
      .schemaRules()
      .filter((rule): rule is IndexRule => rule.kind === 'index' && isReadable(rule, name));
    for (const rule of rules.filter(
      ({ schema, provider }) => schema.entity === 'node' && provider.key !== 'fulltext',
    )) {
      const wanted = wantedKeys(reader, rule);
      let points = 0;
      for (const { path, layout } of await listIndexTrees(directory, rule)) {
        const tree = openTreeForReading(join(directory, path), layout);
        const keys = new Set<string>();
        for (const cursor = new TreeCursor(tree); cursor.next(); ) {
          const key = Buffer.from(cursor.page.subarray(cursor.keyStart, cursor.keyStart + cursor.keyLength));
          if (layout === pointLayout || (layout === genericKey.layout && hasPoint(key))) points++;
          else keys.add(key.toString('hex'));
        }
        tree.file.close();
        native += keys.size;
        expect([...keys].sort(), path).toEqual([...(wanted.keys.get(path) ?? [])].sort());
        wanted.keys.delete(path);
      }
      expect(wanted.keys.size).toBe(0);
      expect(points).toBe(wanted.points);
    }
    // All indexes of the beta are of the older layout.
    if (!/empty|beta/.test(name)) expect(native).toBeGreaterThan(20);
  });

  it('the label scan store holds the labels of the nodes', () => {
    const wanted: string[] = [];
    for (const { id, labels } of reader.nodes()) for (const label of labels) wanted.push(`${label}:${id}`);
    const found: string[] = [];
    const scan = new LabelScanReader(join(directory, 'neostore.labelscanstore.db'));
    while (scan.next()) {
      for (let bit = 0; bit < 64; bit++) {
        const word = bit < 32 ? scan.low : scan.high;
        if (((word >>> (bit % 32)) & 1) === 1) found.push(`${scan.label}:${scan.range * 64 + bit}`);
      }
    }
    scan.close();
    expect(found.sort()).toEqual(wanted.sort());
  });
});
