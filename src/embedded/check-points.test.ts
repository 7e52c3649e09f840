import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { campaign } from '../../test/support/random/campaign-size.ts';
import { findStoreProblems } from '../../test/support/stores/sound-store.ts';
import type { RetentionPolicy } from '../config/retention-policy.ts';
import { listLogFiles } from '../log/log-files.ts';
import { LogFileSet } from '../log/log-source.ts';
import { LogReader } from '../log/v3/log-reader.ts';
import { readMetadata } from '../store/files/neostore-metadata.ts';
import { storeFiles } from '../store/files/store-files.ts';
import { StoreReader } from '../store/graph/store-reader.ts';
import type { PropertyValue } from '../store/values/property-value.ts';
import { EmbeddedDatabase, type EmbeddedEvent, type EmbeddedOptions } from './embedded-database.ts';

let root: string;
let directory: string;
let events: EmbeddedEvent[];
let db: EmbeddedDatabase;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'graphkeep-check-points-'));
  directory = join(root, 'db');
  events = [];
});
afterEach(async () => {
  await db.close();
  rmSync(root, { recursive: true });
});

async function openDatabase(options: EmbeddedOptions = {}): Promise<void> {
  db = await EmbeddedDatabase.open(directory, { ...options, onEvent: (event) => events.push(event) });
}

const text = (value: string): PropertyValue => ({ type: 'string', value });

async function write(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await db.transact((tx) => tx.createNode(['N'], { text: text('x'.repeat(200)) }));
}

function eventsOf<K extends EmbeddedEvent['kind']>(kind: K): Extract<EmbeddedEvent, { kind: K }>[] {
  return events.filter((event): event is Extract<EmbeddedEvent, { kind: K }> => event.kind === kind);
}

function nodesInFiles(): number {
  const reader = new StoreReader(directory);
  try {
    return [...reader.nodes()].length;
  } finally {
    reader.close();
  }
}

function fileBytes(): Map<string, string> {
  return new Map(storeFiles.map(({ fileName }) => [fileName, readFileSync(join(directory, fileName), 'latin1')]));
}

/** Resolves with the next event of a kind. */
function nextEvent(kind: EmbeddedEvent['kind']): { options: EmbeddedOptions; seen: Promise<void> } {
  let tell = (): void => {};
  const seen = new Promise<void>((resolve) => {
    tell = resolve;
  });
  const onEvent = (event: EmbeddedEvent): void => {
    events.push(event);
    if (event.kind === kind) tell();
  };
  return { options: { onEvent }, seen };
}

test('the files change only with a check point, and hold everything up to it', async () => {
  await openDatabase();
  await write(5);
  expect(nodesInFiles()).toBe(0);
  await db.checkPoint();
  expect(nodesInFiles()).toBe(5);
  const before = fileBytes();
  await write(3);
  expect(fileBytes()).toEqual(before);
  await db.checkPoint();
  await db.checkPoint();
  expect(nodesInFiles()).toBe(8);
  expect(eventsOf('check-point').map(({ lastTransaction }) => lastTransaction)).toEqual([8, 11]);
});

test('check points are made automatically: after transactions, after a time, and when much has changed', async () => {
  const byCount = nextEvent('check-point');
  db = await EmbeddedDatabase.open(directory, { checkPointTransactions: 4, ...byCount.options });
  await write(4);
  await byCount.seen;
  await db.close();
  const byTime = nextEvent('check-point');
  db = await EmbeddedDatabase.open(directory, { checkPointIntervalMs: 5, ...byTime.options });
  await write(1);
  await byTime.seen;
  await db.close();
  const bySize = nextEvent('check-point');
  db = await EmbeddedDatabase.open(directory, { budgetBytes: 1000, ...bySize.options });
  await write(2);
  await bySize.seen;
  expect(eventsOf('check-point-failed')).toEqual([]);
});

describe('who holds check points', () => {
  test('a check point holder finds the files unchanged until the release, and every later transaction in the log', async () => {
    await openDatabase({ rotationBytes: 2000, retention: { keep: 'transactions', count: 1 } });
    await write(3);
    const hold = await db.holdCheckPoints();
    expect([hold.lastTransaction, nodesInFiles()]).toEqual([db.lastTransaction, 3]);
    const files = new LogFileSet(directory);
    files.pin();
    const before = fileBytes();
    let isDone = false;
    await write(20);
    const waiting = db.checkPoint().then(() => {
      isDone = true;
    });
    await write(20);
    expect([isDone, fileBytes()]).toEqual([false, before]);
    const { lastTransaction } = db;
    files.pin();
    hold.release();
    hold.release();
    await waiting;
    expect(nodesInFiles()).toBe(43);
    expect(listLogFiles(directory).lowest).toBeGreaterThan(hold.position.version);
    // Pinned files stay readable although they were pruned.
    const reader = new LogReader(files, { from: hold.position, lastTransaction: hold.lastTransaction });
    const ids: number[] = [];
    for (const item of reader) if (item.kind === 'transaction') ids.push(item.transactionId);
    files.close();
    expect(ids.at(-1)).toBe(lastTransaction);
    expect(ids).toHaveLength(lastTransaction - hold.lastTransaction);
  });

  test('a check point holder joins the current holders', async () => {
    await openDatabase();
    await write(2);
    const [first, second] = await Promise.all([db.holdCheckPoints(), db.holdCheckPoints()]);
    await write(2);
    const third = await db.holdCheckPoints();
    expect(third.position).toEqual(first.position);
    expect(second.position).toEqual(first.position);
    first.release();
    second.release();
    const waiting = db.checkPoint();
    await write(1);
    expect(eventsOf('check-point')).toHaveLength(1);
    third.release();
    await waiting;
    expect(eventsOf('check-point')).toHaveLength(2);
    const next = await db.holdCheckPoints();
    expect(next.lastTransaction).toBe(db.lastTransaction);
    next.release();
  });

  test('a check point holder may give up waiting, and then holds nothing', async () => {
    await openDatabase();
    await write(1);
    const aborted = AbortSignal.abort();
    await expect(db.holdCheckPoints(aborted)).rejects.toMatchObject({ code: 'cancelled' });
    await db.checkPoint();
    await write(1);
    await db.checkPoint();
    expect(nodesInFiles()).toBe(2);
  });

  test('a check point holder keeps close waiting, but not beyond its signal', async () => {
    await openDatabase();
    await write(2);
    const hold = await db.holdCheckPoints();
    await write(2);
    await db.close(AbortSignal.timeout(20));
    expect(nodesInFiles()).toBe(2);
    hold.release();
    await openDatabase();
    expect(eventsOf('recovered')).toMatchObject([{ transactions: 2 }]);
    expect([...db.nodes()]).toHaveLength(4);
    const again = await db.holdCheckPoints();
    const closing = db.close();
    again.release();
    await closing;
    expect(await findStoreProblems(directory)).toEqual([]);
  });
});

test('check points under load lose nothing and change nothing that is read', async () => {
  await openDatabase({ rotationBytes: 4000, retention: { keep: 'files', count: 1 } });
  await write(1);
  let isRunning = true;
  let written = 1;
  const writers = [1, 2, 3, 4].map(async () => {
    while (isRunning) {
      await write(5);
      written += 5;
    }
  });
  const reads = (async () => {
    while (isRunning) {
      expect([...db.nodes()].length).toBeGreaterThanOrEqual(written);
      await new Promise(setImmediate);
    }
  })();
  while (eventsOf('check-point').length < campaign.size(5, 3)) await db.checkPoint();
  isRunning = false;
  await Promise.all([...writers, reads]);
  expect([...db.nodes()]).toHaveLength(written);
  await db.close();
  expect(await findStoreProblems(directory)).toEqual([]);
});

describe('the log', () => {
  test('the log continues in a new file at the rotation size, and neostore names the current file', async () => {
    await openDatabase({ rotationBytes: 3000 });
    await write(30);
    const { files, highest } = listLogFiles(directory);
    expect(files.length).toBeGreaterThan(3);
    for (const { version, sizeBytes } of files) if (version !== highest) expect(sizeBytes).toBeGreaterThanOrEqual(3000);
    expect(readMetadata(join(directory, 'neostore')).logVersion).toBe(highest);
    expect(eventsOf('rotated').at(-1)!.version).toBe(highest);
    const ids = [...new LogReader(directory)].flatMap((item) =>
      item.kind === 'transaction' ? [item.transactionId] : [],
    );
    expect(ids).toEqual(Array.from({ length: 32 }, (_, i) => i + 2));
  });

  test.each<[string, RetentionPolicy, number | 'all']>([
    ['all', { keep: 'all' }, 'all'],
    ['files', { keep: 'files', count: 4 }, 4],
    ['size', { keep: 'size', bytes: 7000 }, 3],
    ['transactions', { keep: 'transactions', count: 1 }, 2],
    ['time: nothing is old enough', { keep: 'time', ms: 60_000 }, 'all'],
    ['time: everything is', { keep: 'time', ms: -60_000 }, 2],
  ])('the log is pruned after a check point: %s', async (_name, retention, kept) => {
    await openDatabase({ rotationBytes: 3000, retention });
    await write(60);
    const before = listLogFiles(directory).files.map(({ version }) => version);
    await db.checkPoint();
    const after = listLogFiles(directory).files.map(({ version }) => version);
    expect(after).toEqual(kept === 'all' ? before : before.slice(-kept));
    expect(eventsOf('pruned').flatMap(({ versions }) => versions)).toEqual(
      before.slice(0, before.length - after.length),
    );
    await db.close();
    expect(await findStoreProblems(directory)).toEqual([]);
    await openDatabase();
    expect([...db.nodes()]).toHaveLength(60);
  });

  test('the log does not grow by opening and closing', async () => {
    await openDatabase();
    await write(1);
    await db.close();
    const size = statSync(join(directory, 'neostore.transaction.db.0')).size;
    for (let i = 0; i < 3; i++) {
      await openDatabase();
      await db.close();
    }
    expect(statSync(join(directory, 'neostore.transaction.db.0')).size).toBe(size);
  });
});
