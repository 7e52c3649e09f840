import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { goldenStores, unpackStore } from '../../../test/support/corpus/golden-store.ts';
import { makeTemporaryDirectory, removeDirectory } from '../../../test/support/corpus/unpack-corpus.ts';
import { LabelScanReader } from '../../../test/support/trees/label-scan-reader.ts';
import type { IndexRule } from '../graph/schema-rule.ts';
import { StoreReader } from '../graph/store-reader.ts';
import { TreeCursor } from '../tree/read/tree-cursor.ts';
import { openTreeForReading } from '../tree/read/tree-file.ts';
import type { PropertyValue } from '../values/property-value.ts';
import { listIndexTrees, readPointCurves } from './index-files.ts';
import { locateKey } from './index-key.ts';
import { findProvider } from './index-provider.ts';

let temporary: string;
beforeAll(async () => {
  temporary = await makeTemporaryDirectory();
});
afterAll(() => removeDirectory(temporary));

/** The keys that the records require, by file. */
async function wantedKeys(reader: StoreReader, rule: IndexRule): Promise<Map<string, Set<string>>> {
  const folders = findProvider(rule.provider)!.folders(rule.id);
  const curves = await readPointCurves(reader.directory, rule);
  const wanted = new Map<string, Set<string>>();
  for (const { id, labels, properties } of reader.nodes()) {
    if (!rule.schema.entityTokens.some((label) => labels.includes(label))) continue;
    const values = rule.schema.propertyKeys.map((key) => properties.find((property) => property.key === key)?.value);
    if (values.includes(undefined)) continue;
    const located = locateKey(folders, rule.unique, id, values as PropertyValue[], curves);
    if (typeof located === 'string') {
      expect(located).toMatch(/Lucene/);
      continue;
    }
    const keys = wanted.get(located.path) ?? new Set();
    wanted.set(located.path, keys.add(Buffer.from(located.key).toString('hex')));
  }
  expect(curves.hasAdditions).toBe(false);
  return wanted;
}

/** The beta's `native-btree-1.0` has an older layout. */
const isReadable = (rule: IndexRule, name: string) => !(name.includes('beta') && rule.provider.key === 'native-btree');

describe.each(goldenStores)('derived files of store %s', (name) => {
  let directory: string;
  let reader: StoreReader;
  beforeAll(async () => {
    directory = await unpackStore(name, temporary);
    reader = new StoreReader(directory);
  });
  afterAll(() => reader.close());

  it('the indexes of a genuine store hold the keys that we would write for the records', async () => {
    let native = 0;
    const rules = reader
      .schemaRules()
      .filter((rule): rule is IndexRule => rule.kind === 'index' && isReadable(rule, name));
    for (const rule of rules.filter(
      ({ schema, provider }) => schema.entity === 'node' && provider.key !== 'fulltext',
    )) {
      const wanted = await wantedKeys(reader, rule);
      for (const { path, layout } of await listIndexTrees(directory, rule)) {
        const tree = openTreeForReading(join(directory, path), layout);
        const keys = new Set<string>();
        for (const cursor = new TreeCursor(tree); cursor.next(); ) {
          const key = Buffer.from(cursor.page.subarray(cursor.keyStart, cursor.keyStart + cursor.keyLength));
          keys.add(key.toString('hex'));
        }
        tree.file.close();
        native += keys.size;
        expect([...keys].sort(), path).toEqual([...(wanted.get(path) ?? [])].sort());
        wanted.delete(path);
      }
      expect(wanted.size).toBe(0);
    }
    // All indexes of the beta have the older layout.
    if (!/empty|beta/.test(name)) expect(native).toBeGreaterThan(20);
  });

  it('the label scan store of a genuine store holds the labels of the nodes', () => {
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
