import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { cp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeTemporaryDirectory, removeDirectory, unpackCorpus } from '../../../test/support/corpus/unpack-corpus.ts';
import { ByteReader } from '../../base/byte-reader.ts';
import type { IndexRule } from '../graph/schema-rule.ts';
import { openPageFile } from '../tree/page/page-file.ts';
import { checkTreeStructure } from '../tree/read/structure-check.ts';
import { TreeCursor } from '../tree/read/tree-cursor.ts';
import { openTreeForReading } from '../tree/read/tree-file.ts';
import type { PropertyValue } from '../values/property-value.ts';
import { encodeEmptyCommit } from './empty-lucene.ts';
import { canBuildIndex, IndexBuilder } from './index-builder.ts';
import { type IndexTreeFile, listIndexTrees, readIndexState } from './index-files.ts';
import { genericKey } from './keys/generic-key.ts';
import type { IndexEntry } from './keys/key-codec.ts';
import { numberKey, uniqueNumberKey } from './keys/number-key.ts';
import { temporalKeys } from './keys/temporal-key.ts';
import { textKey } from './keys/text-key.ts';

let directory: string;
let store: string;
beforeAll(async () => {
  directory = await makeTemporaryDirectory();
  for (const name of ['base34', 'base35']) await unpackCorpus(`trees/${name}.tar.gz`, directory);
  store = join(directory, 'built');
});
afterAll(() => removeDirectory(directory));

function ruleOf(id: number, key: string, version: string, unique = false): IndexRule {
  const schema: IndexRule['schema'] = { entity: 'node', entityTokens: [1], propertyKeys: [1], multi: false };
  return { kind: 'index', id, provider: { key, version }, unique, owningConstraint: -1, schema };
}

const codecs = [genericKey, textKey, numberKey, uniqueNumberKey, ...Object.values(temporalKeys)];

interface Content {
  header: string;
  keys: string[];
  entries: IndexEntry[];
}

function readTree(root: string, { path, layout }: IndexTreeFile): Content {
  const tree = openTreeForReading(join(root, path), layout);
  const codec = codecs.find((candidate) => candidate.layout === layout);
  const content: Content = { header: Buffer.from(tree.header).toString('hex'), keys: [], entries: [] };
  for (const cursor = new TreeCursor(tree); cursor.next(); ) {
    const key = Buffer.from(cursor.page.subarray(cursor.keyStart, cursor.keyStart + cursor.keyLength));
    content.keys.push(key.toString('hex'));
    content.entries.push(codec!.decode(new ByteReader(key)));
  }
  tree.file.close();
  return content;
}

const samples: [string, IndexRule][] = [
  ['base35', ruleOf(3, 'native-btree', '1.0')],
  ['base35', ruleOf(9, 'native-btree', '1.0', true)],
  ['base34', ruleOf(1, 'lucene+native', '2.0')],
  ['base34', ruleOf(16, 'lucene+native', '2.0', true)],
];

describe('built indexes', () => {
  it.each(samples)('built indexes equal those of the server: %s %o', async (name, rule) => {
    const genuine = join(directory, name);
    await rm(store, { recursive: true, force: true });
    await cp(genuine, store, { recursive: true });
    const trees = await listIndexTrees(genuine, rule);
    const builder = new IndexBuilder(rule, store, store, { maxBytesInMemory: 500 });
    for (const tree of trees) {
      for (const { entityId, values } of readTree(genuine, tree).entries.reverse()) {
        expect(builder.add(entityId, values)).toBeUndefined();
      }
    }
    await builder.finish();
    expect(readdirSync(store).filter((file) => file.startsWith('.'))).toEqual([]);
    expect(await readIndexState(store, rule)).toEqual({ state: 'online' });
    expect(await listIndexTrees(store, rule)).toEqual(trees);
    for (const tree of trees) {
      expect(readTree(store, tree)).toEqual(readTree(genuine, tree));
      expect(await checkTreeStructure(openPageFile(join(store, tree.path), 'read'), tree.layout)).toEqual([]);
    }
  });

  it('built indexes are given up at a value that belongs where we cannot write', async () => {
    const yes: PropertyValue = { type: 'boolean', value: true };
    const fusion = new IndexBuilder(ruleOf(77, 'lucene+native', '2.0'), store, store, { maxBytesInMemory: 20 });
    expect(fusion.add(1, [{ type: 'date', epochDay: 1n }])).toBeUndefined();
    expect(fusion.add(2, [{ type: 'date', epochDay: 2n }])).toBeUndefined();
    expect(fusion.add(3, [yes])).toBe('values are in the Lucene part');
    await fusion.abort();
    expect(readdirSync(store).filter((file) => file.startsWith('.'))).toEqual([]);
    expect(existsSync(join(store, 'schema/index/lucene_native-2.0/77'))).toBe(false);
    expect(canBuildIndex(ruleOf(1, 'lucene+native', '1.0'))).toBe(false);
    expect(() => new IndexBuilder(ruleOf(1, 'fulltext', '1.0'), store, store)).toThrow('cannot be built');
  });

  it('built indexes have the empty Lucene commit of the server', () => {
    const genuine = readFileSync(join(directory, 'base34/schema/index/lucene_native-2.0/1/lucene-1.0/1/segments_2'));
    expect(encodeEmptyCommit(genuine.subarray(17, 33)).toString('hex')).toBe(genuine.toString('hex'));
  });
});
