import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { campaign } from '../../test/support/random/campaign-size.ts';
import { findStoreProblems } from '../../test/support/stores/sound-store.ts';
import { StoreWriter } from '../store/build/store-writer.ts';
import { readIdFile } from '../store/files/id-file.ts';
import { formatByName } from '../store/files/store-format.ts';
import type { PropertyValue } from '../store/values/property-value.ts';
import { EmbeddedDatabase, type EmbeddedOptions } from './embedded-database.ts';

let root: string;
let directory: string;
let open: EmbeddedDatabase[];
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'graphkeep-embedded-'));
  directory = join(root, 'db');
  open = [];
});
afterEach(async () => {
  for (const db of open) await db.close();
  rmSync(root, { recursive: true });
});

async function openDatabase(options: EmbeddedOptions = {}): Promise<EmbeddedDatabase> {
  const db = await EmbeddedDatabase.open(directory, options);
  open.push(db);
  return db;
}

async function reopen(db: EmbeddedDatabase): Promise<EmbeddedDatabase> {
  await db.close();
  expect(await findStoreProblems(directory)).toEqual([]);
  return await openDatabase();
}

const text = (value: string): PropertyValue => ({ type: 'string', value });
const long = (value: number): PropertyValue => ({ type: 'long', value: BigInt(value) });

test('committed changes are visible at once, also to others, and after reopening', async () => {
  const db = await openDatabase();
  const { value: ids, transactionId } = await db.transact((tx) => {
    const ada = tx.createNode(['Person', 'Author'], { name: text('Ada'), born: long(1815) });
    const bob = tx.createNode([], {});
    const knows = tx.createRelationship(ada, 'KNOWS', bob, { since: long(1) });
    tx.setGraphProperty('title', text('people'));
    return { ada, bob, knows };
  });
  expect(db.lastTransaction).toBe(transactionId);
  const check = (of: EmbeddedDatabase) => {
    expect(of.node(ids.ada)).toEqual({
      id: ids.ada,
      labels: ['Person', 'Author'],
      properties: { name: text('Ada'), born: long(1815) },
    });
    expect(of.node(ids.bob)).toEqual({ id: ids.bob, labels: [], properties: {} });
    expect(of.relationshipsOf(ids.bob)).toEqual([
      { id: ids.knows, type: 'KNOWS', start: ids.ada, end: ids.bob, properties: { since: long(1) } },
    ]);
    expect([...of.nodes()].map(({ id }) => id)).toEqual([ids.ada, ids.bob]);
    expect([...of.relationships()].map(({ id }) => id)).toEqual([ids.knows]);
    expect(of.graphProperties()).toEqual({ title: text('people') });
    expect(of.lastTransaction).toBe(transactionId);
  };
  check(db);
  check(await reopen(db));
});

test('a transaction sees its own changes and nobody else does before it commits', async () => {
  const db = await openDatabase();
  const { value: id } = await db.transact((tx) => tx.createNode(['A'], { x: long(1), y: long(2) }));
  const tx = db.begin();
  tx.addLabel(id, 'B');
  tx.removeLabel(id, 'A');
  tx.setNodeProperty(id, 'x', undefined);
  tx.setNodeProperty(id, 'y', long(3));
  const fresh = tx.createNode(['C']);
  const loop = tx.createRelationship(fresh, 'SELF', fresh);
  expect(tx.node(id)).toEqual({ id, labels: ['B'], properties: { y: long(3) } });
  expect(tx.relationship(loop)).toEqual({ id: loop, type: 'SELF', start: fresh, end: fresh, properties: {} });
  tx.deleteRelationship(loop);
  expect(tx.relationship(loop)).toBeUndefined();
  expect(() => tx.deleteRelationship(loop)).toThrow('does not exist');
  expect(db.node(id)).toEqual({ id, labels: ['A'], properties: { x: long(1), y: long(2) } });
  expect(db.node(fresh)).toBeUndefined();
  await tx.commit();
  expect(db.node(id)).toEqual({ id, labels: ['B'], properties: { y: long(3) } });
  expect(db.node(fresh)).toEqual({ id: fresh, labels: ['C'], properties: {} });
  expect(() => tx.createNode()).toThrow('has ended');
});

test('a transaction that was rolled back, or changes nothing, leaves nothing', async () => {
  const db = await openDatabase();
  const { value: id } = await db.transact((tx) => tx.createNode(['A'], { x: long(1) }));
  const before = db.lastTransaction;
  const tx = db.begin();
  const lost = tx.createNode(['B']);
  tx.rollback();
  tx.rollback();
  const { transactionId } = await db.transact((again) => {
    again.setNodeProperty(id, 'x', long(1));
    again.addLabel(id, 'A');
    again.deleteNode(again.createNode(['Never']));
  });
  expect(transactionId).toBeUndefined();
  expect([db.lastTransaction, db.node(lost)]).toEqual([before, undefined]);
  const { value: next } = await db.transact((again) => again.createNode());
  expect(next).toBe(lost);
});

test('names get ids in separate transactions, just before the first one that needs them', async () => {
  const db = await openDatabase();
  expect(db.lastTransaction).toBe(1);
  const first = await db.transact((tx) => tx.createNode(['L'], { k: long(1) }));
  expect(first.transactionId).toBe(4);
  const second = await db.transact((tx) => tx.createNode(['L'], { k: long(2) }));
  expect(second.transactionId).toBe(5);
});

test('keys and labels may have the names of properties that every object has', async () => {
  const db = await openDatabase();
  const properties = Object.fromEntries([
    ['__proto__', long(1)],
    ['constructor', long(2)],
    ['toString', long(3)],
  ]);
  const { value: id } = await db.transact((tx) => tx.createNode(['__proto__', 'constructor'], properties));
  expect(Object.entries(db.node(id)!.properties).sort()).toEqual(Object.entries(properties).sort());
  expect(db.findNodes('__proto__', '__proto__', long(1)).map((node) => node.id)).toEqual([id]);
  expect(db.findNodes('constructor', 'valueOf', long(1))).toEqual([]);
});

describe('refused is', () => {
  test('deleting a node that still has relationships is refused, and nothing of its transaction stays', async () => {
    const db = await openDatabase();
    const { value: id } = await db.transact((tx) => {
      const node = tx.createNode(['A']);
      tx.createRelationship(node, 'R', node);
      return node;
    });
    const attempt = db.transact((tx) => {
      tx.createNode(['B']);
      tx.deleteNode(id);
    });
    await expect(attempt).rejects.toMatchObject({ code: 'embedded.constraint' });
    const unborn = db.transact((tx) => {
      const node = tx.createNode();
      tx.createRelationship(id, 'R', node);
      tx.deleteNode(node);
    });
    await expect(unborn).rejects.toMatchObject({ code: 'embedded.constraint' });
    expect([...db.nodes()]).toHaveLength(1);
    const again = await reopen(db);
    expect([...again.nodes()]).toHaveLength(1);
  });

  test('missing entities and empty names are refused', async () => {
    const db = await openDatabase();
    const tx = db.begin();
    for (const change of [
      () => tx.deleteNode(7),
      () => tx.addLabel(7, 'A'),
      () => tx.setNodeProperty(7, 'a', long(1)),
      () => tx.createRelationship(7, 'R', 7),
      () => tx.deleteRelationship(7),
      () => tx.setRelationshipProperty(7, 'a', long(1)),
    ]) {
      expect(change).toThrow('does not exist');
    }
    expect(() => tx.createNode([''])).toThrow('has no name');
    tx.rollback();
  });

  test('everything after close is refused', async () => {
    const db = await openDatabase();
    const tx = db.begin();
    tx.createNode();
    await Promise.all([db.close(), db.close()]);
    await expect(tx.commit()).rejects.toMatchObject({ code: 'embedded.closed' });
    expect(() => db.begin()).toThrow('closed');
    expect(() => db.node(0)).toThrow('closed');
    await expect(db.holdCheckPoints()).rejects.toMatchObject({ code: 'embedded.closed' });
  });

  test('a directory in use, one that holds something else, and a store of another format are refused', async () => {
    await openDatabase();
    await expect(EmbeddedDatabase.open(directory)).rejects.toMatchObject({ code: 'directory.in-use' });
    await open.pop()!.close();
    const other = join(root, 'elsewhere', 'db');
    mkdirSync(other, { recursive: true });
    writeFileSync(join(other, 'letter.txt'), 'dear reader');
    await expect(EmbeddedDatabase.open(other)).rejects.toMatchObject({ code: 'embedded.not-empty' });
    expect(readdirSync(other)).toEqual(['letter.txt']);
    mkdirSync(join(root, 'old'));
    for (const format of ['vE.H.4', 'v0.A.8']) {
      const old = join(root, 'old', format);
      await new StoreWriter(old, { format: formatByName(format) }).finish();
      await expect(EmbeddedDatabase.open(old)).rejects.toMatchObject({ code: 'store.format' });
      expect(existsSync(join(old, 'store_lock'))).toBe(false);
    }
  });
});

test('a store whose log is elsewhere is refused: it might lack the last transactions', async () => {
  const db = await openDatabase();
  await db.transact((tx) => tx.createNode());
  await db.close();
  rmSync(join(directory, 'neostore.transaction.db.0'));
  await expect(EmbeddedDatabase.open(directory)).rejects.toMatchObject({ code: 'log.no-check-point' });
  expect(readdirSync(directory).filter((name) => name.startsWith('.'))).toEqual([]);
});

describe('indexes and constraints', () => {
  test('a uniqueness constraint is enforced at commit, numbers by value, and survives', async () => {
    let db = await openDatabase();
    const id = await db.createUniquenessConstraint('Person', 'number');
    const { value: first } = await db.transact((tx) => tx.createNode(['Person'], { number: long(1) }));
    const refusals = async () => {
      const one: PropertyValue = { type: 'double', bits: 0x3ff0_0000_0000_0000n };
      const twice = db.transact((tx) => tx.createNode(['Person'], { number: one }));
      await expect(twice).rejects.toMatchObject({ code: 'embedded.constraint' });
      await expect(twice).rejects.toThrow(new RegExp(`label Person with number = .*: node ${first} has it already`));
      const both = db.transact((tx) => [2, 2].map((n) => tx.createNode(['Person'], { number: long(n) })));
      await expect(both).rejects.toThrow('has it already');
    };
    await refusals();
    await db.transact((tx) => tx.createNode(['Other'], { number: long(1) }));
    db = await reopen(db);
    await refusals();
    // Two nodes exchange their values in one transaction.
    const { value: second } = await db.transact((tx) => tx.createNode(['Person'], { number: long(2) }));
    await db.transact((tx) => {
      tx.setNodeProperty(first, 'number', long(2));
      tx.setNodeProperty(second, 'number', long(1));
    });
    expect(db.findNodes('Person', 'number', long(1)).map((node) => node.id)).toEqual([second]);
    await db.dropConstraint(id);
    expect(db.schema()).toEqual([]);
    await db.transact((tx) => tx.createNode(['Person'], { number: long(2) }));
    db = await reopen(db);
    expect(db.findNodes('Person', 'number', long(2))).toHaveLength(2);
    expect(existsSync(join(directory, 'schema/index/native-btree-1.0/1'))).toBe(false);
  });

  test('a constraint that two nodes violate cannot be created', async () => {
    const db = await openDatabase();
    await db.transact((tx) => [1, 2].map(() => tx.createNode(['P'], { k: text('same') })));
    await expect(db.createUniquenessConstraint('P', 'k')).rejects.toMatchObject({ code: 'embedded.constraint' });
    expect(db.schema()).toEqual([]);
  });

  test('an index holds what was there before it and what came after', async () => {
    let db = await openDatabase();
    await db.transact((tx) => [1, 2, 3].map((n) => tx.createNode(['P'], { k: long(n), l: text(`${n}`) })));
    const single = await db.createIndex('P', ['k']);
    const composite = await db.createIndex('P', ['l', 'k']);
    await db.transact((tx) => tx.setNodeProperty(0, 'k', text('changed')));
    expect(db.schema().map(({ id }) => id)).toEqual([single, composite]);
    await expect(db.createIndex('P', ['k'])).rejects.toMatchObject({ code: 'embedded.constraint' });
    await expect(db.dropIndex(99)).rejects.toMatchObject({ code: 'embedded.missing' });
    db = await reopen(db);
    await db.dropIndex(single);
    db = await reopen(db);
    expect(db.schema().map(({ id }) => id)).toEqual([composite]);
  });

  test('a value that is too long for an index is refused, as by a server', async () => {
    const db = await openDatabase();
    await db.createIndex('P', ['k']);
    await db.transact((tx) => tx.createNode(['P'], { k: text('x'.repeat(3500)), other: text('x'.repeat(9000)) }));
    const tooLong = db.transact((tx) => tx.createNode(['P'], { k: text('x'.repeat(9000)) }));
    await expect(tooLong).rejects.toThrow('too long for the index on :P(k)');
    const { value: id } = await db.transact((tx) => tx.createNode(['Q'], { k: text('x'.repeat(9000)) }));
    await expect(db.transact((tx) => tx.addLabel(id, 'P'))).rejects.toMatchObject({ code: 'embedded.constraint' });
    await expect(db.createIndex('Q', ['k'])).rejects.toThrow('too long for the index on :Q(k)');
    await reopen(db);
  });

  test.each([
    ['a text', text('x'.repeat(40_000))],
    ['an array', { type: 'array', of: 'string', elements: [text('x'.repeat(40_000))] }],
    [
      'an array of very many',
      { type: 'array', of: 'boolean', elements: Array(40_000).fill({ type: 'boolean', value: true }) },
    ],
  ] as [string, PropertyValue][])(
    '%s, for which no key has room, is refused in every index, old or new',
    async (_name, k) => {
      const refusal = { code: 'embedded.constraint', message: expect.stringContaining('too long for the index on') };
      for (const indexProvider of campaign.sample([
        { key: 'native-btree', version: '1.0' },
        { key: 'lucene+native', version: '2.0' },
        { key: 'lucene+native', version: '1.0' },
      ])) {
        rmSync(directory, { recursive: true, force: true });
        const db = await openDatabase({ indexProvider });
        await db.createIndex('P', ['k']);
        await db.createIndex('P', ['l', 'k']);
        await db.createUniquenessConstraint('U', 'k');
        await expect(db.transact((tx) => tx.createNode(['P'], { k }))).rejects.toMatchObject(refusal);
        await expect(db.transact((tx) => tx.createNode(['U'], { k }))).rejects.toMatchObject(refusal);
        const { value: id } = await db.transact((tx) => tx.createNode(['Q'], { k, l: text('x') }));
        await expect(db.transact((tx) => tx.addLabel(id, 'P'))).rejects.toMatchObject(refusal);
        await expect(db.createIndex('Q', ['k'])).rejects.toMatchObject(refusal);
        await expect(db.createIndex('Q', ['k', 'l'])).rejects.toMatchObject(refusal);
        await expect(db.createUniquenessConstraint('Q', 'k')).rejects.toMatchObject(refusal);
        await db.close();
      }
    },
  );

  test('the index of a constraint is dropped only with it', async () => {
    const db = await openDatabase({ indexProvider: { key: 'lucene+native', version: '2.0' } });
    const constraint = await db.createUniquenessConstraint('P', 'k');
    const index = db.schema().find((rule) => rule.kind === 'index')!;
    await expect(db.dropIndex(index.id)).rejects.toMatchObject({ code: 'embedded.constraint' });
    await db.transact((tx) => tx.createNode(['P'], { k: text('a') }));
    await db.close();
    expect(await findStoreProblems(directory)).toEqual([]);
    expect(constraint).toBe(index.id + 1);
  });
});

test('ids of deleted entities are reused, also after reopening', async () => {
  let db = await openDatabase();
  const { value: ids } = await db.transact((tx) => Array.from({ length: 10 }, () => tx.createNode(['L'.repeat(3)])));
  await db.transact((tx) => {
    for (const id of [3, 7]) tx.deleteNode(ids[id]!);
  });
  const { value: third } = await db.transact((tx) => tx.createNode());
  expect([3, 7]).toContain(third);
  db = await reopen(db);
  const { value: seventh } = await db.transact((tx) => tx.createNode());
  expect([third, seventh].sort()).toEqual([3, 7]);
  await db.close();
  expect(readIdFile(join(directory, 'neostore.nodestore.db.id'))).toEqual({ clean: true, highId: 10, free: [] });
});

test('an open database has no id files, and wrong id files are not trusted', async () => {
  let db = await openDatabase();
  await db.transact((tx) => [1, 2].map(() => tx.createNode()));
  await db.close();
  const path = join(directory, 'neostore.nodestore.db.id');
  const bytes = Buffer.alloc(1 + 8 + 2 * 8);
  bytes.writeBigInt64BE(2n, 1);
  bytes.writeBigInt64BE(1n, 9);
  bytes.writeBigInt64BE(0n, 17);
  writeFileSync(path, bytes);
  db = await openDatabase();
  expect(readdirSync(directory).filter((name) => name.endsWith('.id'))).toEqual([]);
  const { value: id } = await db.transact((tx) => tx.createNode());
  expect(id).toBe(2);
});

test('a store written from scratch is accepted, and everything it lacks is built', async () => {
  const store = new StoreWriter(directory, { provider: { key: 'native-btree', version: '1.0' } });
  const label = store.label('P');
  const key = store.propertyKey('k');
  for (let n = 0; n < 100; n++) store.addNode({ labels: [label], properties: [{ key, value: long(n) }] });
  store.addIndex({ entity: 'node', entityTokens: [label], propertyKeys: [key], multi: false });
  await store.finish();
  const db = await openDatabase();
  expect(db.findNodes('P', 'k', long(42)).map(({ id }) => id)).toEqual([42]);
  await db.transact((tx) => tx.deleteNode(42));
  await reopen(db);
});

test('a value that only Lucene accepts leaves the index to the server, which is reported once', async () => {
  const events: string[] = [];
  const db = await openDatabase({
    indexProvider: { key: 'lucene+native', version: '2.0' },
    onEvent: (event) => events.push(event.kind),
  });
  await db.createIndex('P', ['k']);
  for (const value of [true, false]) {
    await db.transact((tx) => tx.createNode(['P'], { k: { type: 'boolean', value } }));
    await db.checkPoint();
  }
  await db.close();
  expect(events.filter((kind) => kind === 'index-left-to-server')).toHaveLength(1);
  expect(readdirSync(join(directory, 'schema/index/lucene_native-2.0'))).toEqual([]);
});
