import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { findContentDifferences } from '../../test/support/history/model-graph.ts';
import { EmbeddedLoad, loadSchema } from '../../test/support/live/embedded-load.ts';
import { campaign } from '../../test/support/random/campaign-size.ts';
import { nextSeed } from '../../test/support/random/seed.ts';
import { findStoreProblems } from '../../test/support/stores/sound-store.ts';
import { readContent } from '../../test/support/stores/stored-content.ts';
import type { PropertyValue } from '../store/values/property-value.ts';
import { EmbeddedDatabase, type EmbeddedEvent } from './embedded-database.ts';

/** Which calls fail for which files, as on a full or broken disk. */
const disk = vi.hoisted(() => ({
  fails: undefined as { call: 'writeSync' | 'fsync' | 'openSync'; file: RegExp; code: string } | undefined,
  paths: new Map<number, string>(),
}));

vi.mock('node:fs', async (original) => {
  const fs = (await original()) as typeof import('node:fs');
  const failure = (call: string, path: string | undefined) => {
    const { fails } = disk;
    if (fails === undefined || fails.call !== call || !fails.file.test(path ?? '')) return undefined;
    return Object.assign(new Error(`${fails.code}: the disk of the test, ${call}`), { code: fails.code });
  };
  const wrapped = {
    ...fs,
    openSync: (path: string, flags: string, ...rest: never[]) => {
      const error = String(flags).startsWith('w') ? failure('openSync', path) : undefined;
      if (error !== undefined) throw error;
      const fd = fs.openSync(path, flags, ...rest);
      disk.paths.set(fd, path);
      return fd;
    },
    writeSync: (fd: number, bytes: Uint8Array, offset: number, length: number, position: number) => {
      const error = failure('writeSync', disk.paths.get(fd));
      if (error === undefined) return fs.writeSync(fd, bytes, offset, length, position);
      // A full disk accepts the first part.
      fs.writeSync(fd, bytes, offset, Math.floor(length / 2), position);
      throw error;
    },
    fsync: (fd: number, done: (error: Error | null) => void) => {
      const error = failure('fsync', disk.paths.get(fd));
      if (error === undefined) fs.fsync(fd, done);
      else setImmediate(() => done(error));
    },
  };
  return { ...wrapped, default: wrapped };
});

let root: string;
let directory: string;
let events: EmbeddedEvent[];
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'graphkeep-failing-'));
  directory = join(root, 'db');
  events = [];
});
afterEach(() => {
  disk.fails = undefined;
  rmSync(root, { recursive: true });
});

const LOG = /neostore\.transaction\.db\.\d+$/;
const long = (value: number): PropertyValue => ({ type: 'long', value: BigInt(value) });

async function openDatabase(rotationBytes = 1_000_000): Promise<EmbeddedDatabase> {
  return await EmbeddedDatabase.open(directory, { rotationBytes, onEvent: (event) => events.push(event) });
}

async function write(db: EmbeddedDatabase, count: number): Promise<void> {
  for (let i = 0; i < count; i++) await db.transact((tx) => tx.createNode(['N'], { n: long(i) }));
}

test.each([
  ['a full disk', { call: 'writeSync', file: LOG, code: 'ENOSPC' }],
  ['a flush that fails', { call: 'fsync', file: LOG, code: 'EIO' }],
] as const)('%s: nothing more is acknowledged, everything before is kept', async (_name, fails) => {
  const db = await openDatabase();
  await write(db, 5);
  const { lastTransaction } = db;
  disk.fails = fails;
  const attempts = await Promise.allSettled([write(db, 1), write(db, 1), write(db, 1)]);
  for (const attempt of attempts) {
    expect(attempt).toMatchObject({ status: 'rejected', reason: { code: 'embedded.failed' } });
  }
  disk.fails = undefined;
  await expect(write(db, 1)).rejects.toMatchObject({ code: 'embedded.failed', cause: { code: 'file.io' } });
  expect(() => db.begin()).toThrow('failed');
  await expect(db.checkPoint()).rejects.toMatchObject({ code: 'embedded.failed' });
  expect(db.lastTransaction).toBe(lastTransaction);
  expect(events.map(({ kind }) => kind)).toEqual(['failed']);
  await db.close();
  const again = await openDatabase();
  const found = [...again.nodes()].length;
  expect(found).toBeGreaterThanOrEqual(5);
  expect(found).toBeLessThanOrEqual(8);
  await write(again, 2);
  await again.close();
  expect(await findStoreProblems(directory, { idsMayBeLost: true })).toEqual([]);
});

test('a log file that cannot be created fails the database, but nothing acknowledged is lost', async () => {
  const db = await openDatabase(500);
  disk.fails = { call: 'openSync', file: /db\.1$/, code: 'ENOSPC' };
  let acknowledged = 0;
  await expect(
    (async () => {
      for (;;) {
        await write(db, 1);
        acknowledged++;
      }
    })(),
  ).rejects.toMatchObject({ code: 'embedded.failed' });
  disk.fails = undefined;
  await db.close();
  const again = await openDatabase();
  expect([...again.nodes()].length).toBeGreaterThanOrEqual(acknowledged);
  await again.close();
  expect(await findStoreProblems(directory, { idsMayBeLost: true })).toEqual([]);
});

test.each(campaign.sample([0, 3, 6, 12]))(
  'close waits for a check point that runs while the log fails (%d turns)',
  async (turns) => {
    const db = await openDatabase();
    await db.createIndex('N', ['n']);
    await write(db, 20);
    let isSettled = false;
    const checkPoint = db.checkPoint().then(
      () => {
        isSettled = true;
      },
      () => {
        isSettled = true;
      },
    );
    for (let turn = 0; turn < turns; turn++) await new Promise(setImmediate);
    disk.fails = { call: 'writeSync', file: LOG, code: 'EIO' };
    await expect(write(db, 1)).rejects.toMatchObject({ code: 'embedded.failed' });
    await db.close();
    expect(isSettled).toBe(true);
    await checkPoint;
    disk.fails = undefined;
    const again = await openDatabase();
    expect([...again.nodes()]).toHaveLength(20);
    await again.close();
    expect(await findStoreProblems(directory, { idsMayBeLost: true })).toEqual([]);
  },
);

test('a failed check point does no harm: commits continue, and the next one does its work', async () => {
  const db = await openDatabase();
  await db.createIndex('N', ['n']);
  await write(db, 20);
  for (const file of [/nodestore\.db$/, /propertystore\.db$/, /labelscanstore/, /index-\d+$/, /neostore$/]) {
    disk.fails = { call: 'writeSync', file, code: 'ENOSPC' };
    await expect(db.checkPoint(), String(file)).rejects.toMatchObject({ code: 'file.io' });
    disk.fails = undefined;
    await write(db, 3);
    await db.transact((tx) => tx.deleteNode([...db.nodes()].at(-1)!.id));
  }
  expect(events.filter(({ kind }) => kind === 'check-point-failed')).toHaveLength(5);
  expect([...db.nodes()]).toHaveLength(30);
  await db.checkPoint();
  await db.close();
  expect(await findStoreProblems(directory)).toEqual([]);
  const again = await openDatabase();
  expect([...again.nodes()]).toHaveLength(30);
  await again.close();
});

test('the check point after a failed one includes nothing from transactions committed while it runs', async () => {
  const db = await openDatabase();
  const { value: node } = await db.transact((tx) => tx.createNode(['N', 'M'], { n: long(1) }));
  disk.fails = { call: 'writeSync', file: /nodestore\.db$/, code: 'ENOSPC' };
  await expect(db.checkPoint()).rejects.toMatchObject({ code: 'file.io' });
  disk.fails = undefined;
  // Begins at once, so that its end is known before the label is removed.
  const holding = db.holdCheckPoints();
  await db.transact((tx) => tx.removeLabel(node, 'N'));
  (await holding).release();
  await db.transact((tx) => tx.addLabel(node, 'N'));
  await db.close();
  expect(await findStoreProblems(directory)).toEqual([]);
});

test('check points that fail under load leave sound files once one succeeds', async () => {
  const seed = nextSeed();
  const files = [/nodestore\.db$/, /propertystore\.db$/, /labelscanstore/, /index-\d+$/, /counts/, /neostore$/];
  const db = await openDatabase(1_000_000_000);
  for (const { label, keys } of loadSchema.indexes) await db.createIndex(label, keys);
  const load = new EmbeddedLoad(db, { seed, writers: 8 });
  let failed = 0;
  for (const [round, file] of campaign.sample(files, 2).entries()) {
    load.start();
    await load.reach(60 * (round + 1));
    disk.fails = { call: 'writeSync', file, code: 'ENOSPC' };
    await db.checkPoint().catch(() => failed++);
    disk.fails = undefined;
    await db.checkPoint();
    await load.stop();
    expect(events.map(({ kind }) => kind)).not.toContain('failed');
  }
  await db.close();
  expect(failed).toBeGreaterThan(0);
  expect(findContentDifferences(load.ledger.graphAt().content(), readContent(directory))).toEqual([]);
  expect(await findStoreProblems(directory)).toEqual([]);
});
