import { readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { Dice } from '../../src/base/dice.ts';
import type { IndexRule } from '../../src/store/graph/schema-rule.ts';
import { StoreReader } from '../../src/store/graph/store-reader.ts';
import { IndexBuilder } from '../../src/store/index/index-builder.ts';
import { findLayoutOf } from '../../src/store/index/tree-layouts.ts';
import { LabelScanBuilder } from '../../src/store/label-scan/label-scan-builder.ts';
import type { TreeLayout } from '../../src/store/tree/page/layout.ts';
import { openPageFile } from '../../src/store/tree/page/page-file.ts';
import { walkFreeList } from '../../src/store/tree/read/free-list-walk.ts';
import { checkTreeStructure } from '../../src/store/tree/read/structure-check.ts';
import { openTreeForReading } from '../../src/store/tree/read/tree-file.ts';
import type { TreeChange } from '../../src/store/tree/update/tree-change.ts';
import { updateTree, updateTreeFile } from '../../src/store/tree/update/tree-update.ts';
import { campaign } from '../support/random/campaign-size.ts';
import { nextSeed } from '../support/random/seed.ts';
import { MemoryPageFile } from '../support/stores/memory-page-file.ts';
import { readEntries } from '../support/trees/trees.ts';
import {
  awaitIndexes,
  checkConsistency,
  copyStore,
  describeInterop,
  makeScratch,
  openCopy,
  type RunningServer,
  startServer,
  type Version,
} from './harness/index.ts';

async function fill(server: RunningServer): Promise<void> {
  for (const property of ['number', 'text', 'mixed', 'day', 'place'])
    await server.cypher(`CREATE INDEX ON :Thing(${property})`);
  await server.cypher('CREATE CONSTRAINT ON (n:Thing) ASSERT n.code IS UNIQUE');
  await awaitIndexes(server);
  for (let from = 0; from < 20_000; from += 4000) await server.cypher(insert, { from, to: from + 3999 });
  for (let label = 0; label < 12; label++) {
    await server.cypher(`MATCH (n:Thing) WHERE n.number % 12 = ${label} SET n:Kind${label}`);
  }
}

const filled = new Map<Version, Promise<string>>();

/** A store that a server has filled and closed, once for all tests of the file; they work on copies. */
function fillStore(version: Version): Promise<string> {
  let store = filled.get(version);
  if (store === undefined) {
    store = startServer({ version }).then(async (server) => {
      await fill(server);
      await server.stop();
      return server.storeDirectory;
    });
    filled.set(version, store);
  }
  return store;
}

const insert =
  'UNWIND range($from, $to) AS i CREATE (:Thing {number: (i * 7919) % 100003, text: "t" + ((i * 31) % 5000) + ' +
  'substring("abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz", 0, i % 50), code: "code" + i, ' +
  'place: point({x: (i * 7919) % 36000 / 100.0 - 180, y: i % 18000 / 100.0 - 90, crs: CASE i % 5 WHEN 0 THEN "cartesian" ELSE "wgs-84" END}), ' +
  'day: date({year: 1900 + i % 150, month: 1 + i % 12, day: 1 + i % 28}), ' +
  'mixed: CASE i % 3 WHEN 0 THEN i ELSE "m" + i END})';

/** All tree files of a store. */
function listTrees(store: string): { file: string; layout: TreeLayout }[] {
  const files = ['neostore.labelscanstore.db'];
  for (const entry of readdirSync(path.join(store, 'schema'), { recursive: true, withFileTypes: true })) {
    const directory = path.relative(store, entry.parentPath);
    if (entry.isFile() && /(native|string|temporal|spatial)-[^/]*(\/\d+)?$/.test(directory)) {
      files.push(path.join(directory, entry.name));
    }
  }
  return files
    .map((name) => ({ file: path.join(store, name), layout: findLayoutOf(path.join(store, name)) }))
    .filter((tree): tree is { file: string; layout: TreeLayout } => tree.layout !== undefined);
}

function readAll(file: string, layout: TreeLayout): string[] {
  const tree = openPageFile(file, 'read');
  const entries = readEntries(tree, layout);
  tree.close();
  return entries;
}

/** The change that removes an entry, and the one that brings it back. */
function changesOf(entry: string, layout: TreeLayout): { remove: TreeChange; add: TreeChange } {
  const [keyHex, valueHex] = entry.split('=') as [string, string | undefined];
  const key = Buffer.from(keyHex, 'hex');
  if (layout.valueBytes === 0) return { remove: { kind: 'remove', key }, add: { kind: 'add', key } };
  const value = Buffer.from(valueHex!, 'hex');
  const none = Buffer.alloc(layout.valueBytes);
  return {
    remove: { kind: 'mask', key, set: none, clear: value },
    add: { kind: 'mask', key, set: value, clear: none },
  };
}

async function expectSound(store: string): Promise<void> {
  const trees = listTrees(store);
  expect(trees.length).toBeGreaterThan(5);
  for (const { file, layout } of trees) {
    expect(await checkTreeStructure(openPageFile(file, 'read'), layout), file).toEqual([]);
  }
}

async function expectConsistent(version: Version, store: string): Promise<void> {
  const args = version === '3.5.34' ? ['--check-index-structure=true'] : [];
  expect(await checkConsistency(version, store, args)).toMatchObject({ consistent: true, report: '' });
}

/** Makes the server use the trees: reads through every index, thousands of changes. */
async function work(server: RunningServer, from: number): Promise<void> {
  const { rows } = await server.cypher('MATCH (n:Thing) WHERE n.code = "code17" RETURN count(n)');
  expect(rows).toEqual([[1]]);
  await server.cypher(insert, { from, to: from + 3999 });
  await server.cypher(
    'MATCH (n:Thing) WHERE n.number < 9000 SET n.number = n.number + 200000, n.text = "moved" + n.number',
  );
  await server.cypher(`MATCH (n:Kind3) WITH n LIMIT 700 DELETE n`);
  await server.cypher(`MATCH (n:Kind4) WITH n LIMIT 700 REMOVE n:Kind4 SET n:Kind5`);
}

describeInterop('trees', () => {
  it.each<Version>(campaign.few(['3.4.9', '3.5.34'], 1))(
    'trees that we updated, half updated or scrubbed are accepted by %s',
    async (version) => {
      const dice = new Dice(nextSeed());
      const store = path.join(makeScratch('trees'), 'graph.db');
      await copyStore(await fillStore(version), store);
      await expectSound(store);

      // Remove and re-add many entries: the same content in other pages, with our free list.
      for (const { file, layout } of listTrees(store)) {
        const entries = readAll(file, layout);
        for (let round = 0; round < 4; round++) {
          const from = dice.below(entries.length);
          const chosen = entries.filter((_, i) => dice.chance(0.1) || (i >= from && i < from + entries.length / 3));
          const changes = chosen.map((entry) => changesOf(entry, layout));
          await updateTree(
            file,
            layout,
            changes.map((change) => change.remove),
          );
          expect(readAll(file, layout).length).toBe(entries.length - chosen.length);
          await updateTree(
            file,
            layout,
            changes.map((change) => change.add),
          );
        }
        expect(readAll(file, layout)).toEqual(entries);
      }
      await expectSound(store);
      await expectConsistent(version, store);
      const onUpdated = await openCopy(version, store);
      await work(onUpdated, 50_000);
      await onUpdated.stop();
      await expectSound(onUpdated.storeDirectory);
      await expectConsistent(version, onUpdated.storeDirectory);

      // Die in the middle of an update, with part of the writes on disk: the server takes the trees back to the check point.
      await copyStore(onUpdated.storeDirectory, store);
      for (const { file, layout } of listTrees(store)) {
        const memory = new MemoryPageFile(readFileSync(file));
        const entries = readEntries(memory, layout);
        const chosen = entries.filter(() => dice.chance(0.4));
        await updateTreeFile(
          memory,
          layout,
          chosen.map((entry) => changesOf(entry, layout).remove),
        );
        const writes = memory.events.length;
        const end = 2 + dice.below(writes - 4);
        if (writes > 4)
          writeFileSync(
            file,
            memory.afterCrash(end, (bytes) => (dice.chance(0.7) ? bytes.length : 0)),
          );
        expect(readAll(file, layout)).toEqual(entries);
      }
      const onHalf = await openCopy(version, store);
      await work(onHalf, 60_000);
      await onHalf.stop();
      await expectSound(onHalf.storeDirectory);
      await expectConsistent(version, onHalf.storeDirectory);

      // Kill a server at work: we take its trees back to the check point, its recovery replays the log over them.
      const killed = await openCopy(version, onHalf.storeDirectory, {
        conf: { 'dbms.memory.pagecache.size': '1536k' },
      });
      await work(killed, 70_000);
      await killed.kill();
      let newer = 0;
      for (const { file, layout } of listTrees(killed.storeDirectory)) {
        const entries = readAll(file, layout);
        const before = readFileSync(file);
        const { clean } = openAndClose(file, layout);
        expect(clean).toBe(false);
        await updateTree(file, layout, []); // Closes it cleanly.
        if (
          !readFileSync(file)
            .subarray(3 * 8192)
            .equals(before.subarray(3 * 8192))
        )
          newer++;
        expect(readAll(file, layout)).toEqual(entries);
        expect(openAndClose(file, layout).clean).toBe(true);
      }
      expect(newer).toBeGreaterThan(0);
      await expectSound(killed.storeDirectory);
      const recovered = await startServer({ version, home: killed.home });
      await work(recovered, 80_000);
      await recovered.stop();
      await expectSound(recovered.storeDirectory);
      await expectConsistent(version, recovered.storeDirectory);
    },
  );
});

/** Kind bytes of the pages of the free list. */
function freeListKinds(file: string, layout: TreeLayout): number[] {
  const kinds: number[] = [];
  const tree = openTreeForReading(file, layout);
  const page = new Uint8Array(1);
  const listPage = (id: number) => {
    tree.file.read(page, id * tree.format.pageBytes);
    kinds.push(page[0]!);
  };
  walkFreeList(tree, { listPage, freePage: () => {} });
  tree.file.close();
  return kinds;
}

describeInterop('free lists', () => {
  it.each<Version>(campaign.few(['3.4.9', '3.5.34'], 1))(
    'free lists of several pages, one of kind 0, are shared with %s',
    async (version) => {
      const change = 'MATCH (n:T) SET n.t = $letter + n.n + reduce(s = "", k IN range(1, 250) | s + "xxxxxxxxxx")';
      let server = await startServer({ version });
      await server.cypher('CREATE INDEX ON :T(t)');
      await awaitIndexes(server);
      await server.cypher('UNWIND range(0, 899) AS n CREATE (:T {n: toString(1000 + n)})');
      await server.cypher(change, { letter: 'a' });
      await server.stop();
      const { home } = server;
      let listPages = 0;
      for (const letter of ['b', 'c']) {
        server = await startServer({ version, home });
        await server.cypher(change, { letter });
        await server.stop();
        const store = path.join(makeScratch('lists'), 'graph.db');
        await copyStore(server.storeDirectory, store);
        for (const { file, layout } of listTrees(store)) {
          expect(await checkTreeStructure(openPageFile(file, 'read'), layout), file).toEqual([]);
          const kinds = freeListKinds(file, layout);
          if (kinds.includes(0)) listPages = Math.max(listPages, kinds.length);
          const changes = readAll(file, layout).map((entry) => changesOf(entry, layout));
          await updateTree(
            file,
            layout,
            changes.map(({ remove }) => remove),
          );
          await updateTree(
            file,
            layout,
            changes.map(({ add }) => add),
          );
          expect(await checkTreeStructure(openPageFile(file, 'read'), layout), file).toEqual([]);
        }
        await expectConsistent(version, store);
        const onUpdated = await openCopy(version, store);
        await onUpdated.cypher(change, { letter: 'd' });
        const { rows } = await onUpdated.cypher("MATCH (n:T) WHERE n.t STARTS WITH 'd' RETURN count(n)");
        expect(rows).toEqual([[900]]);
        await onUpdated.stop();
        await expectConsistent(version, onUpdated.storeDirectory);
      }
      expect(listPages).toBeGreaterThan(1);
    },
  );
});

describeInterop('derived files', () => {
  it.each<Version>(['3.4.9', '3.5.34'])('derived files that we built are used by %s as they are', async (version) => {
    const store = path.join(makeScratch('built'), 'graph.db');
    await copyStore(await fillStore(version), store);
    const reader = new StoreReader(store);
    const scan = new LabelScanBuilder(path.join(store, 'built.tmp'), { maxEntriesInMemory: 1000 });
    const rules = reader.schemaRules().filter((rule): rule is IndexRule => rule.kind === 'index');
    expect(rules).toHaveLength(6);
    const builders = rules.map((rule) => ({
      rule,
      builder: new IndexBuilder(rule, store, store, { maxBytesInMemory: 100_000 }),
    }));
    for (const { id, labels, properties } of reader.nodes()) {
      scan.add(id, labels);
      for (const { rule, builder } of builders) {
        const value = properties.find((property) => property.key === rule.schema.propertyKeys[0])?.value;
        if (value !== undefined && labels.includes(rule.schema.entityTokens[0]!)) {
          expect(builder.add(id, [value])).toBeUndefined();
        }
      }
    }
    reader.close();
    await scan.finish();
    renameSync(path.join(store, 'built.tmp'), path.join(store, 'neostore.labelscanstore.db'));
    rmSync(path.join(store, 'schema'), { recursive: true });
    for (const { builder } of builders) await builder.finish();
    await expectSound(store);
    await expectConsistent(version, store);

    const opened = await openCopy(version, store);
    const log = await opened.debugLog();
    expect(log).toContain('ONLINE');
    expect(log).not.toMatch(/POPULATING|[Rr]ebuild/);
    await work(opened, 50_000);
    await opened.stop();
    await expectSound(opened.storeDirectory);
    await expectConsistent(version, opened.storeDirectory);
  });
});

function openAndClose(file: string, layout: TreeLayout): { clean: boolean } {
  const tree = openTreeForReading(file, layout);
  tree.file.close();
  return tree.state;
}
