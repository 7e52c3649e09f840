import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { cp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { makeTemporaryDirectory, removeDirectory, unpackCorpus } from '../../../test/support/corpus/unpack-corpus.ts';
import { ByteReader } from '../../base/byte-reader.ts';
import type { IndexProvider, IndexRule } from '../graph/schema-rule.ts';
import { openPageFile } from '../tree/page/page-file.ts';
import { encodeStatePage } from '../tree/page/state-page.ts';
import { checkTreeStructure } from '../tree/read/structure-check.ts';
import { TreeCursor } from '../tree/read/tree-cursor.ts';
import { openTreeForReading } from '../tree/read/tree-file.ts';
import type { PropertyValue } from '../values/property-value.ts';
import { listIndexTrees, readIndexState } from './index-files.ts';
import { removeIndex } from './index-removal.ts';
import { applyIndexUpdate, type IndexChange, type IndexPlan, planIndexUpdate, updateIndex } from './index-update.ts';
import { genericKey } from './keys/generic-key.ts';
import { numberKey } from './keys/number-key.ts';
import { temporalKeys } from './keys/temporal-key.ts';
import { textKey } from './keys/text-key.ts';
import { findLayoutOf } from './tree-layouts.ts';

let originals: string;
let store34: string;
let store35: string;
beforeAll(async () => {
  originals = await makeTemporaryDirectory();
  for (const name of ['base34', 'base35', 'halted']) await unpackCorpus(`trees/${name}.tar.gz`, originals);
});
afterAll(() => removeDirectory(originals));

beforeEach(async () => {
  store34 = join(originals, 'work34');
  store35 = join(originals, 'work35');
  await rm(store34, { recursive: true, force: true });
  await rm(store35, { recursive: true, force: true });
  await cp(join(originals, 'base34'), store34, { recursive: true });
  await cp(join(originals, 'base35'), store35, { recursive: true });
});

const btree = { key: 'native-btree', version: '1.0' };
const fusion1 = { key: 'lucene+native', version: '1.0' };
const fusion2 = { key: 'lucene+native', version: '2.0' };
const lucene = { key: 'lucene', version: '1.0' };
const fulltext = { key: 'fulltext', version: '1.0' };

function ruleOf(id: number, provider: IndexProvider, unique = false, properties = [1]): IndexRule {
  const schema = { entity: 'node', entityTokens: [1], propertyKeys: properties, multi: false } as const;
  return { kind: 'index', id, provider, unique, owningConstraint: -1, schema: { ...schema, entityTokens: [1] } };
}

const long = (n: number): PropertyValue => ({ type: 'long', value: BigInt(n) });
const text = (value: string): PropertyValue => ({ type: 'string', value });
const date = (epochDay: number): PropertyValue => ({ type: 'date', epochDay: BigInt(epochDay) });
const yes: PropertyValue = { type: 'boolean', value: true };
const point: PropertyValue = { type: 'point', srid: 7203, coordinates: [0n, 0n] };

const codecs = [genericKey, textKey, numberKey, ...Object.values(temporalKeys)];

function readIndex(path: string): Map<number, PropertyValue[]> {
  const layout = findLayoutOf(path)!;
  const codec = codecs.find((candidate) => candidate.layout === layout)!;
  const tree = openTreeForReading(path, layout);
  const entries = new Map<number, PropertyValue[]>();
  for (const cursor = new TreeCursor(tree); cursor.next(); ) {
    const reader = new ByteReader(Buffer.from(cursor.page), cursor.keyStart, cursor.keyStart + cursor.keyLength);
    const { entityId, values } = codec.decode(reader);
    entries.set(entityId, values);
  }
  tree.file.close();
  return entries;
}

async function update(rule: IndexRule, store: string, changes: IndexChange[]): Promise<IndexPlan> {
  const plan = await planIndexUpdate(rule, store, changes);
  if (plan.kind !== 'update') return plan;
  await applyIndexUpdate(plan.files, store);
  for (const { path, layout } of plan.files) {
    expect(await checkTreeStructure(openPageFile(path, 'read'), layout)).toEqual([]);
  }
  return plan;
}

function headerOf(path: string): string {
  const tree = openTreeForReading(path, findLayoutOf(path)!);
  tree.file.close();
  return Buffer.from(tree.header).toString('hex');
}

/** Gives a tree file a different user header by rewriting its current state page. */
async function setHeader(path: string, header: Uint8Array): Promise<void> {
  const { state, statePage, format, file } = openTreeForReading(path, findLayoutOf(path)!);
  file.close();
  const bytes = readFileSync(path);
  bytes.set(encodeStatePage(state, header, format.pageBytes), statePage * format.pageBytes);
  await writeFile(path, bytes);
}

describe('native-btree-1.0', () => {
  const rule = ruleOf(5, btree);
  const path = () => join(store35, 'schema/index/native-btree-1.0/5/index-5');

  it('native-btree-1.0 accepts changes of values of any type and keeps its settings of points', async () => {
    const header = headerOf(path());
    const before = readIndex(path());
    expect(headerOf(path()).length).toBeGreaterThan(12);
    const plan = await update(rule, store35, [
      { node: 5000, before: undefined, after: [text('new')] },
      { node: 200, before: [long(1)], after: [{ type: 'double', bits: 0x3ff0000000000000n }] },
      { node: 195, before: [{ type: 'boolean', value: false }], after: undefined },
      { node: 224, before: [date(17657)], after: [{ type: 'array', of: 'string', elements: [] }] },
      { node: 263, before: [yes], after: [yes] },
    ]);
    expect(plan.kind).toBe('update');
    const after = readIndex(path());
    expect(after.get(5000)).toEqual([text('new')]);
    expect(after.get(200)).toEqual([{ type: 'double', bits: 0x3ff0000000000000n }]);
    expect(after.has(195)).toBe(false);
    expect(after.get(224)).toEqual([{ type: 'array', of: 'string', elements: [] }]);
    expect(after.size).toBe(before.size);
    expect(headerOf(path())).toBe(header);
  });

  it('native-btree-1.0 accepts points, even of a coordinate reference system that it had none of', async () => {
    const points = ruleOf(7, btree, false, [1, 2]);
    const file = join(store35, 'schema/index/native-btree-1.0/7/index-7');
    const before = headerOf(file);
    await update(points, store35, [{ node: 9001, before: undefined, after: [point, long(1)] }]);
    expect(headerOf(file)).toBe(before);
    const earth: PropertyValue = { type: 'point', srid: 4326, coordinates: [0n, 0n] };
    await update(points, store35, [{ node: 9002, before: undefined, after: [long(1), earth] }]);
    expect(readIndex(file).get(9001)).toEqual([point, long(1)]);
    expect(readIndex(file).get(9002)).toEqual([long(1), earth]);
    // Two systems instead of one; the settings of the old one are unchanged.
    expect(headerOf(file)).toBe(
      `${before.replace('010000000001', '010000000002')}01000010e6001e0002c0668000000000004066800000000000c0568000000000004056800000000000`,
    );
  });

  it('native-btree-1.0 accepts composite keys', async () => {
    const composite = ruleOf(7, btree, false, [1, 2]);
    await update(composite, store35, [
      { node: 188, before: [long(1), text('b8')], after: [text('b8'), long(1)] },
      { node: 9000, before: undefined, after: [yes, date(5)] },
    ]);
    const entries = readIndex(join(store35, 'schema/index/native-btree-1.0/7/index-7'));
    expect(entries.get(188)).toEqual([text('b8'), long(1)]);
    expect(entries.get(9000)).toEqual([yes, date(5)]);
  });

  it.each([
    ['cannot be written', [{ type: 'array', of: 'point', elements: [] } as PropertyValue]],
    ['cannot be written', [{ type: 'point', srid: 1, coordinates: [0n, 0n] } as PropertyValue]],
    ['too long', [text('x'.repeat(4037))]],
  ])('native-btree-1.0 is dropped for values that we cannot write: %s', async (reason, after) => {
    const plan = await update(rule, store35, [{ node: 1, before: undefined, after }]);
    expect(plan).toMatchObject({ kind: 'drop', reason: expect.stringMatching(reason) });
  });

  it('native-btree-1.0 is dropped if the file is missing, damaged or being populated, kept if it has failed', async () => {
    await setHeader(path(), new Uint8Array([2, 0, 0, 0, 0, 0]));
    expect(await planIndexUpdate(rule, store35, [])).toMatchObject({ kind: 'drop', reason: /populating$/ });
    await setHeader(path(), Buffer.from('\x00\x00\x04oops', 'latin1'));
    expect(await planIndexUpdate(rule, store35, [])).toMatchObject({ kind: 'keep', reason: /failed: oops$/ });
    // As 3.4 leaves it when it is stopped while it populates: its next start would find it failed, for ever.
    await setHeader(path(), new Uint8Array([0, 0, 0, 0, 0, 0]));
    const reason = /is populating: the server was stopped while it populated the index$/;
    expect(await planIndexUpdate(rule, store35, [])).toMatchObject({ kind: 'drop', reason });
    await setHeader(path(), new Uint8Array([9]));
    expect(await planIndexUpdate(rule, store35, [])).toMatchObject({ kind: 'drop', reason: /unknown state/ });
    await writeFile(path(), 'short');
    expect(await planIndexUpdate(rule, store35, [])).toMatchObject({ kind: 'drop', reason: /cannot be updated/ });
    await rm(path());
    expect(await planIndexUpdate(rule, store35, [])).toMatchObject({ kind: 'drop', reason: /is missing$/ });
  });

  it('native-btree-1.0 is dropped for damage that shows up only while it is updated', async () => {
    const bytes = readFileSync(path());
    // Damage the only leaf, page 5, so that it is no longer a tree node.
    bytes[5 * 8192] = 7;
    await writeFile(path(), bytes);
    expect(await planIndexUpdate(rule, store35, [])).toEqual({ kind: 'update', files: [] });
    expect(await updateIndex(rule, store35, store35, [{ node: 1, before: undefined, after: [yes] }])).toMatchObject({
      kind: 'drop',
      reason: /cannot be updated: tree page 5: page kind 7/,
    });
  });

  it('a native-btree-1.0 index that was not closed is closed even without changes', async () => {
    const halted = join(originals, '3.5.34-standard-dirty');
    const plan = await update(ruleOf(1, btree), halted, []);
    expect(plan.kind === 'update' && plan.files).toHaveLength(1);
    expect(await planIndexUpdate(ruleOf(1, btree), halted, [])).toEqual({ kind: 'update', files: [] });
  });
});

describe('lucene+native-2.0', () => {
  const rule = ruleOf(25, fusion2);
  const root = () => join(store35, 'schema/index/lucene_native-2.0/25');

  it('lucene+native-2.0 moves values between its parts', async () => {
    await update(rule, store35, [
      { node: 221, before: [long(1)], after: [text('one')] },
      { node: 197, before: [text('text')], after: [date(1)] },
      { node: 203, before: [date(17657)], after: undefined },
    ]);
    expect(readIndex(join(root(), 'native-1.0/index-25')).has(221)).toBe(false);
    const texts = readIndex(join(root(), 'string-1.0/index-25'));
    expect(texts.get(221)).toEqual([text('one')]);
    expect(texts.has(197)).toBe(false);
    expect([...readIndex(join(root(), 'temporal-1.0/date'))]).toEqual([
      [249, [date(-902149)]],
      [197, [date(1)]],
    ]);
    expect(await readIndexState(store35, rule)).toEqual({ state: 'online' });
  });

  it('lucene+native-2.0 creates the missing file of a temporal type with its first value', async () => {
    await rm(join(root(), 'temporal-1.0'), { recursive: true });
    const plan = await update(rule, store35, [
      { node: 7, before: undefined, after: [date(3)] },
      { node: 6, before: undefined, after: [date(3)] },
      { node: 206, before: [{ type: 'localtime', nanoOfDay: 86399000000000n }], after: undefined },
    ]);
    expect(plan).toMatchObject({
      kind: 'update',
      files: [{ create: true, changes: { length: 2 } }],
    });
    expect([...readIndex(join(root(), 'temporal-1.0/date')).keys()]).toEqual([6, 7]);
    expect(headerOf(join(root(), 'temporal-1.0/date'))).toBe('01');
    expect(existsSync(join(root(), 'temporal-1.0/localTime'))).toBe(false);
    expect(readdirSync(store35).filter((name) => name.startsWith('.'))).toEqual([]);
    await update(rule, store35, [{ node: 8, before: undefined, after: [date(4)] }]);
    expect([...readIndex(join(root(), 'temporal-1.0/date')).keys()]).toEqual([6, 7, 8]);
  });

  it('lucene+native-2.0 accepts points, and creates the file of their coordinate reference system', async () => {
    const spatial = join(root(), 'spatial-1.0');
    const other: PropertyValue = { type: 'point', srid: 9157, coordinates: [0n, 0n, 0n] };
    const headers = [headerOf(join(spatial, '2-7203')), headerOf(join(spatial, '2-9157'))];
    await rm(join(spatial, '2-9157'));
    const plan = await update(rule, store35, [
      { node: 1, before: undefined, after: [point] },
      { node: 2, before: undefined, after: [other] },
    ]);
    expect(plan).toMatchObject({ files: [{ create: false }, { create: true }] });
    expect([headerOf(join(spatial, '2-7203')), headerOf(join(spatial, '2-9157'))]).toEqual(headers);
    expect(await readIndexState(store35, rule)).toEqual({ state: 'online' });
    await update(rule, store35, [{ node: 1, before: [point], after: undefined }]);
    expect(await update(rule, store35, [{ node: 1, before: [point], after: undefined }])).toMatchObject({
      kind: 'update',
    });
  });

  it('lucene+native-2.0 is dropped for values in Lucene, and if its Lucene part is not online', async () => {
    const lucenePart = join(root(), 'lucene-1.0/1/segments_2');
    const luceneReason = { kind: 'drop', reason: 'values are in the Lucene part' };
    expect(await update(rule, store35, [{ node: 1, before: [yes], after: undefined }])).toEqual(luceneReason);
    const list: PropertyValue = { type: 'array', of: 'long', elements: [] };
    expect(await update(rule, store35, [{ node: 1, before: undefined, after: [list] }])).toEqual(luceneReason);
    const composite = ruleOf(25, fusion2, false, [1, 2]);
    expect(await update(composite, store35, [{ node: 1, before: [long(1), long(2)], after: undefined }])).toEqual(
      luceneReason,
    );
    await rm(lucenePart);
    expect(await planIndexUpdate(rule, store35, [])).toMatchObject({
      kind: 'drop',
      reason: /lucene-1.0 is populating/,
    });
    await writeFile(
      join(root(), 'lucene-1.0/failure-message'),
      Buffer.concat([Buffer.from('broken'), Buffer.alloc(100)]),
    );
    expect(await planIndexUpdate(rule, store35, [])).toMatchObject({ kind: 'keep', reason: /failed: broken$/ });
  });
});

describe('older providers', () => {
  it('older providers keep texts, and the oldest also numbers, in Lucene', async () => {
    const change = (after: PropertyValue): IndexChange[] => [{ node: 1, before: undefined, after: [after] }];
    expect(await planIndexUpdate(ruleOf(23, fusion1), store35, change(text('a')))).toMatchObject({ kind: 'drop' });
    expect(await planIndexUpdate(ruleOf(23, fusion1), store35, change(long(1)))).toMatchObject({ kind: 'update' });
    expect(await planIndexUpdate(ruleOf(27, lucene), store35, change(long(1)))).toMatchObject({ kind: 'drop' });
    expect(await planIndexUpdate(ruleOf(27, lucene), store35, change(date(1)))).toMatchObject({ kind: 'update' });
    expect(await planIndexUpdate(ruleOf(29, fulltext), store35, change(text('a')))).toMatchObject({ kind: 'drop' });
    const unknown = ruleOf(1, { key: 'graph', version: '9.9' });
    expect(await planIndexUpdate(unknown, store35, [])).toEqual({
      kind: 'drop',
      reason: 'unknown index provider graph-9.9',
    });
  });
});

describe('index folders', () => {
  const rules35: [IndexRule, number][] = [
    [ruleOf(1, btree), 1],
    [ruleOf(23, fusion1), 11],
    [ruleOf(25, fusion2), 12],
    [ruleOf(27, lucene), 10],
    [ruleOf(29, fulltext), 0],
  ];

  it('index folders of a stopped server are online, and every tree in them is known', async () => {
    for (const [rule, trees] of rules35) {
      expect(await readIndexState(store35, rule)).toEqual({ state: 'online' });
      const listed = await listIndexTrees(store35, rule);
      expect(listed).toHaveLength(trees);
      for (const { path, layout } of listed) expect(findLayoutOf(join(store35, path))).toBe(layout);
    }
    expect(await readIndexState(store34, ruleOf(16, fusion2, true))).toEqual({ state: 'online' });
    expect((await listIndexTrees(store34, ruleOf(16, fusion2, true)))[0]!.layout.name).toBe('UNI');
  });

  it('index folders are removed whole, except for settings that are nowhere else', async () => {
    for (const [rule] of rules35) await removeIndex(store35, rule);
    for (const folder of [
      'native-btree-1.0/1',
      'lucene_native-1.0/23',
      'lucene_native-2.0/25',
      'lucene/27',
      'lucene-1.0/27',
    ]) {
      expect(existsSync(join(store35, 'schema/index', folder))).toBe(false);
    }
    const fulltextFolder = join(store35, 'schema/index/fulltext-1.0/29/fulltext-1.0');
    expect(existsSync(join(fulltextFolder, '1'))).toBe(false);
    expect(existsSync(join(fulltextFolder, 'fulltext-index.properties'))).toBe(true);
    expect(existsSync(join(store35, 'schema/index/native-btree-1.0/5'))).toBe(true);
    await removeIndex(store35, ruleOf(1, btree));
    expect(readdirSync(store35).filter((name) => name.startsWith('.'))).toEqual([]);
  });
});
