import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { hasCode } from '../base/errors.ts';
import type { PropertyValue } from '../store/values/property-value.ts';
import { EmbeddedDatabase } from './embedded-database.ts';

let root: string;
let db: EmbeddedDatabase;
beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'graphkeep-concurrency-'));
  db = await EmbeddedDatabase.open(join(root, 'db'));
});
afterEach(async () => {
  await db.close();
  rmSync(root, { recursive: true });
});

const long = (value: number): PropertyValue => ({ type: 'long', value: BigInt(value) });

function numberOf(id: number, key = 'n'): number {
  const value = db.node(id)!.properties[key]!;
  return value.type === 'long' ? Number(value.value) : Number.NaN;
}

async function createNodes(count: number): Promise<number[]> {
  const { value } = await db.transact((tx) =>
    Array.from({ length: count }, () => tx.createNode(['N'], { n: long(0) })),
  );
  return value;
}

test('100 concurrent increments of one counter end at 100', async () => {
  const [id] = (await createNodes(1)) as [number];
  const increments = Array.from({ length: 100 }, async () => {
    await db.transact(async (tx) => {
      const before = tx.node(id)!.properties.n!;
      await new Promise(setImmediate);
      tx.setNodeProperty(id, 'n', long((before.type === 'long' ? Number(before.value) : Number.NaN) + 1));
    });
  });
  await Promise.all(increments);
  expect(numberOf(id)).toBe(100);
});

test('transfers between accounts neither make nor lose anything', async () => {
  const accounts = await createNodes(5);
  const readSum = async () => {
    const { value } = await db.transact(async (tx) => {
      let sum = 0;
      for (const id of accounts) {
        const { n } = tx.node(id)!.properties;
        await new Promise(setImmediate);
        sum += n!.type === 'long' ? Number(n!.value) : Number.NaN;
      }
      return sum;
    });
    return value;
  };
  const transfers = Array.from({ length: 200 }, async (_, i) => {
    await db.transact(async (tx) => {
      const [from, to] = [accounts[i % 5]!, accounts[(i * 3 + 1) % 5]!];
      if (from === to) return;
      const amounts = [from, to].map((id) => Number((tx.node(id)!.properties.n as { value: bigint }).value));
      if (i % 3 === 0) await new Promise(setImmediate);
      tx.setNodeProperty(from, 'n', long(amounts[0]! - i));
      tx.setNodeProperty(to, 'n', long(amounts[1]! + i));
    });
  });
  const sums = Array.from({ length: 20 }, readSum);
  expect(new Set(await Promise.all(sums))).toEqual(new Set([0]));
  await Promise.all(transfers);
  expect(await readSum()).toBe(0);
});

/** Runs `first` and `second` in two overlapping transactions and returns how the second one ended. */
async function overlap(
  first: (tx: ReturnType<EmbeddedDatabase['begin']>) => void,
  second: (tx: ReturnType<EmbeddedDatabase['begin']>) => void,
): Promise<string> {
  const [a, b] = [db.begin(), db.begin()];
  second(b);
  first(a);
  await a.commit();
  try {
    await b.commit();
    return 'committed';
  } catch (error) {
    return hasCode(error, 'embedded.conflict', 'embedded.constraint') ? error.code : String(error);
  }
}

test('a transaction conflicts with what others did to what it has read or changed, and with nothing else', async () => {
  const [x, y] = (await createNodes(2)) as [number, number];
  const { value: r } = await db.transact((tx) => tx.createRelationship(x, 'R', y, { n: long(1) }));
  let next = 1;
  const write = (id: number) => (tx: ReturnType<EmbeddedDatabase['begin']>) =>
    tx.setNodeProperty(id, 'n', long(next++));
  expect(await overlap(write(x), write(x))).toBe('embedded.conflict');
  expect(await overlap(write(x), write(y))).toBe('committed');
  expect(await overlap(write(x), (tx) => tx.node(x))).toBe('embedded.conflict');
  expect(
    await overlap(
      (tx) => tx.addLabel(x, 'New'),
      (tx) => tx.setNodeProperty(x, 'other', long(1)),
    ),
  ).toBe('embedded.conflict');
  expect(
    await overlap(
      (tx) => tx.setRelationshipProperty(r, 'n', long(2)),
      (tx) => tx.relationship(r),
    ),
  ).toBe('embedded.conflict');
  expect(
    await overlap(
      (tx) => tx.setGraphProperty('g', long(1)),
      (tx) => tx.setGraphProperty('g', long(2)),
    ),
  ).toBe('embedded.conflict');
  // A relationship does not count as a change of its nodes.
  expect(
    await overlap(
      (tx) => tx.createRelationship(x, 'R', y),
      (tx) => tx.createRelationship(y, 'S', x),
    ),
  ).toBe('committed');
  expect(await overlap(write(x), (tx) => tx.createRelationship(x, 'R', y))).toBe('committed');
});

test('a node is not lost under a relationship, nor a relationship under its node', async () => {
  const nodes = await createNodes(2);
  const [x, y] = nodes as [number, number];
  expect(
    await overlap(
      (tx) => tx.deleteNode(x),
      (tx) => tx.createRelationship(x, 'R', y),
    ),
  ).toBe('embedded.conflict');
  const [z] = (await createNodes(1)) as [number];
  expect(
    await overlap(
      (tx) => tx.createRelationship(z, 'R', y),
      (tx) => tx.deleteNode(z),
    ),
  ).toBe('embedded.constraint');
  // Another node with the same id is a different node.
  const [w] = (await createNodes(1)) as [number];
  const late = db.begin();
  late.createRelationship(w, 'R', y);
  await db.transact((tx) => tx.deleteNode(w));
  expect(await createNodes(1)).toEqual([w]);
  await expect(late.commit()).rejects.toMatchObject({ code: 'embedded.conflict' });
});

test('two transactions cannot both take a unique value', async () => {
  await db.createUniquenessConstraint('U', 'k');
  expect(
    await overlap(
      (tx) => tx.createNode(['U'], { k: long(1) }),
      (tx) => tx.createNode(['U'], { k: long(1) }),
    ),
  ).toBe('embedded.constraint');
  expect(db.findNodes('U', 'k', long(1))).toHaveLength(1);
});

test('commits at the same time share flushes, and each knows its own id', async () => {
  await createNodes(1);
  const before = db.lastTransaction;
  const ids = await Promise.all(
    Array.from({ length: 50 }, async () => (await db.transact((tx) => tx.createNode())).transactionId),
  );
  expect(ids).toEqual(Array.from({ length: 50 }, (_, i) => before + 1 + i));
  expect(db.lastTransaction).toBe(before + 50);
});
