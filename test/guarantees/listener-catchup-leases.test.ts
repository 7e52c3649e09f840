import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EmbeddedDatabase } from '../../src/embedded/embedded-database.ts';
import { listLogFiles } from '../../src/log/log-files.ts';
import { BackupListener, type ListenerEvent } from '../../src/serve/backup-listener.ts';
import type { ListenerLimits } from '../../src/serve/conversation/listener-options.ts';
import { serveEmbedded } from '../../src/serve/database/live-store.ts';
import type { OpenedFile, ServedCopy, ServedDatabase, ServedPlace } from '../../src/serve/database/served-database.ts';
import { readMetadata } from '../../src/store/files/neostore-metadata.ts';
import { makeBackup } from '../support/commands/backup-attempt.ts';
import { makeTemporaryDirectory, removeDirectory } from '../support/corpus/unpack-corpus.ts';
import { findContentDifferences } from '../support/history/model-graph.ts';
import { EmbeddedLoad, loadSchema } from '../support/live/embedded-load.ts';
import { campaign } from '../support/random/campaign-size.ts';
import { SEED } from '../support/random/seed.ts';
import { type CatchupAnswer, CatchupCaller } from '../support/servers/catchup-caller.ts';
import { PatternDatabase } from '../support/stores/pattern-database.ts';
import { readContent } from '../support/stores/stored-content.ts';

/*
 * Promise: between PREPARE_STORE_COPY and its transactions a catchup client gets the files of one moment or, if it takes too long, files
 * that replay makes exact; the transactions it needs are there even if its connection broke; and check points wait for nobody longer than
 * the limit.
 */

let scratch: string;
let database: EmbeddedDatabase;
let load: EmbeddedLoad;
let listener: BackupListener;
let events: ListenerEvent[];
const callers: CatchupCaller[] = [];

beforeEach(async () => {
  scratch = await makeTemporaryDirectory();
  events = [];
  console.log(`GRAPHKEEP_SEED=${SEED}`);
  database = await EmbeddedDatabase.open(join(scratch, 'graph.db'), {
    rotationBytes: campaign.size(32, 8) * 1024,
    retention: { keep: 'files', count: 1 },
    checkPointTransactions: 100_000,
    checkPointIntervalMs: 3_600_000,
  });
  await database.createIndex(loadSchema.indexes[0].label, loadSchema.indexes[0].keys);
  await database.createUniquenessConstraint(loadSchema.unique.label, loadSchema.unique.key);
  load = new EmbeddedLoad(database, { seed: SEED });
  await load.run(campaign.size(300, 50));
});

afterEach(async () => {
  for (const caller of callers.splice(0)) caller.close();
  await load.stop();
  await listener.stop();
  await database.close();
  await removeDirectory(scratch);
});

async function listen(limits: Partial<ListenerLimits> = {}, served: ServedPlace = serveEmbedded(database)) {
  listener = await BackupListener.start(served, {
    listen: { host: '127.0.0.1', port: 0 },
    limits,
    onEvent: (event) => events.push(event),
  });
}

async function call(): Promise<CatchupCaller> {
  const caller = await CatchupCaller.connect(listener.address);
  callers.push(caller);
  return caller;
}

/** Returns C. */
async function prepare(caller: CatchupCaller): Promise<number> {
  const { outcome } = await caller.ask({ kind: 'prepareStoreCopy', storeId: database.storeId });
  expect(outcome).toMatchObject({ kind: 'prepared', status: 'SUCCESS' });
  return (outcome as { transactionId: number }).transactionId;
}

const pull = (caller: CatchupCaller, after: number): Promise<CatchupAnswer> =>
  caller.ask({ kind: 'transactions', after, storeId: database.storeId });

/** Makes check points, with pruning, until the log no longer reaches back to its old start. False if check points are held. */
async function outrunLog(): Promise<void> {
  const { highest } = listLogFiles(database.directory);
  while (listLogFiles(database.directory).highest! <= highest! + 3) await load.run(campaign.size(50, 15));
  await database.checkPoint();
}

/** True if a requested check point has not been made after some commits. */
async function isHeld(): Promise<boolean> {
  let isMade = false;
  const made = database.checkPoint().then(() => {
    isMade = true;
  });
  made.catch(() => {});
  for (let i = 0; i < 20; i++) await load.run(1);
  await sleep(100);
  return !isMade;
}

function expectComplete(answer: CatchupAnswer, first: number): void {
  expect(answer.outcome).toMatchObject({
    status: 'SUCCESS_END_OF_STREAM',
    transactionId: answer.transactions.at(-1)!.id,
  });
  expect(answer.transactions[0]!.id).toBe(first);
  expect(answer.transactions.at(-1)!.id).toBe(database.lastTransaction);
}

describe('check points', () => {
  it('check points wait from the preparation to the transactions, which begin with C', async () => {
    await listen();
    const caller = await call();
    const checkPoint = await prepare(caller);
    expect(await isHeld()).toBe(true);
    const before = database.lastTransaction;
    expectComplete(await pull(caller, checkPoint - 1), checkPoint);
    await database.checkPoint();
    expect(readMetadata(join(database.directory, 'neostore')).lastTransactionId).toBeGreaterThanOrEqual(before);
    expect(events.map(({ kind }) => kind)).toEqual(['started', 'finished']);
  });

  it('check points continue when the client prepares again or leaves', async () => {
    await listen();
    const caller = await call();
    const first = await prepare(caller);
    await load.run(10);
    // Nobody else holds, so the second one makes a new check point.
    expect(await prepare(caller)).toBeGreaterThan(first);
    caller.close();
    await database.checkPoint();
    while (listener.clients > 0) await new Promise(setImmediate);
    expect(events.map(({ kind }) => kind)).toEqual(['started', 'aborted', 'started', 'aborted']);
  });

  it('check points continue after the limit, and the log stays for the client until it has pulled', async () => {
    // Long enough for the preparation on a busy machine: who has not got that within the limit is cut off.
    await listen({ maxHoldMs: campaign.size(3000, 1000) });
    const caller = await call();
    const checkPoint = await prepare(caller);
    for (let round = 0; round < 3; round++) await outrunLog();
    const stranger = await call();
    expectComplete(await pull(stranger, checkPoint - 1), checkPoint);
    expectComplete(await pull(caller, checkPoint - 1), checkPoint);
    await outrunLog();
    expect((await pull(caller, checkPoint - 1)).outcome).toMatchObject({ status: 'E_TRANSACTION_PRUNED' });
  });
});

describe('a client whose connection broke', () => {
  it('a client whose connection broke finds its transactions over another one, for as long as a client may be silent', async () => {
    const idleTimeoutMs = campaign.size(5000, 3000);
    await listen({ idleTimeoutMs });
    const broken = await call();
    const checkPoint = await prepare(broken);
    broken.close();
    await outrunLog();
    expectComplete(await pull(await call(), checkPoint - 1), checkPoint);
    await sleep(idleTimeoutMs + 100);
    await outrunLog();
    expect((await pull(await call(), checkPoint - 1)).outcome).toMatchObject({ status: 'E_TRANSACTION_PRUNED' });
  });

  it('a client whose connection broke is one of a limited number: repeated vanishing does not keep the log for ever', async () => {
    await listen();
    const first = await call();
    const checkPoint = await prepare(first);
    first.close();
    for (let i = 0; i < 16; i++) {
      if (i === 0 || !campaign.isShort) await outrunLog();
      else await load.run(1);
      const caller = await call();
      await prepare(caller);
      caller.close();
      while (listener.clients > 0) await new Promise(setImmediate);
    }
    await outrunLog();
    expect((await pull(await call(), checkPoint - 1)).outcome).toMatchObject({ status: 'E_TRANSACTION_PRUNED' });
  });
});

describe('files that check points change while they are fetched', () => {
  it('files that check points change while they are fetched become exact by the transactions', async () => {
    const moving = new MovingDatabase(serveEmbedded(database), async () => {
      await load.run(campaign.size(40, 4));
      await database.checkPoint();
    });
    await listen({}, moving);
    const rounds = campaign.rounds(3, 1);
    for (let round = 0; round < rounds; round++) {
      const name = `db${round}`;
      const { lastTransaction } = await makeBackup(join(scratch, 'b'), listener.address, { name, protocol: 'catchup' });
      const target = join(scratch, 'b', name);
      expect(readMetadata(join(target, 'neostore')).lastTransactionId).toBe(lastTransaction);
      expect(findContentDifferences(load.ledger.graphAt(lastTransaction).content(), readContent(target))).toEqual([]);
    }
    expect(moving.moves).toBeGreaterThan(10 * rounds);
  });
});

describe('a connection that others work for', () => {
  it('a connection that other connections need may be silent meanwhile, and has its idle time afterwards', async () => {
    const pattern = new PatternDatabase();
    pattern.files = [
      { name: 'neostore.nodestore.db', alignment: 15, sizeBytes: 64 * 1024 * 1024 },
      { name: 'neostore', alignment: 9, sizeBytes: 8192 },
    ];
    await listen({ idleTimeoutMs: 300 }, pattern);
    const { storeId } = pattern;
    const holder = await call();
    await holder.ask({ kind: 'prepareStoreCopy', storeId });
    const fetcher = await call();
    fetcher.stopReading();
    fetcher.send({ kind: 'storeFile', storeId, requiredTransactionId: 5, name: 'neostore.nodestore.db' });
    await sleep(900);
    expect(holder.socket.destroyed).toBe(false);
    expect(pattern.holding).toBe(1);
    fetcher.readOn();
    expect((await fetcher.answered()).outcome).toMatchObject({ status: 'SUCCESS' });
    await holder.ended;
    await fetcher.ended;
    expect(events.filter(({ kind }) => kind === 'silent').length).toBe(2);
    await pattern.unused();
  });
});

describe('a listener that is stopped', () => {
  it('a stopped listener lets a backup of several requests finish', async () => {
    await listen({ stopGraceMs: 60_000 });
    const caller = await call();
    const helper = await call();
    const idle = await CatchupCaller.connect(listener.address);
    const checkPoint = await prepare(caller);
    const stopped = listener.stop();
    const { storeId } = database;
    for (const client of [caller, helper]) {
      const request = { kind: 'storeFile', storeId, requiredTransactionId: checkPoint, name: 'neostore' } as const;
      expect((await client.ask(request)).outcome).toMatchObject({ status: 'SUCCESS' });
    }
    expectComplete(await pull(caller, checkPoint - 1), checkPoint);
    await stopped;
    await Promise.all([caller.ended, helper.ended, idle.ended]);
    expect(events.at(-1)).toMatchObject({ kind: 'finished', request: 'full' });
  });

  it('a stopped listener cuts off a backup after the grace time', async () => {
    await listen({ stopGraceMs: 200 });
    const caller = await call();
    await prepare(caller);
    await listener.stop();
    await caller.ended;
    await database.checkPoint();
    expect(events.at(-1)).toMatchObject({ kind: 'aborted', request: 'full', error: { code: 'cancelled' } });
  });
});

/** Lets check points run as soon as a copy is prepared, and makes one before each file: what happens to a slow client after the limit. */
class MovingDatabase implements ServedDatabase, ServedPlace {
  moves = 0;
  private readonly inner: ServedDatabase;
  private readonly move: () => Promise<void>;
  private copies: ServedCopy[] = [];

  constructor(inner: ServedDatabase, move: () => Promise<void>) {
    this.inner = inner;
    this.move = move;
  }

  async current(): Promise<ServedDatabase> {
    return this;
  }

  get storeId() {
    return this.inner.storeId;
  }

  get description() {
    return this.inner.description;
  }

  get lastTransaction() {
    return this.inner.lastTransaction;
  }

  async openFullCopy(signal: AbortSignal): Promise<ServedCopy> {
    const copy = await this.inner.openFullCopy(signal);
    this.copies.push(copy);
    return copy;
  }

  openTransactions(after: number, signal: AbortSignal) {
    return this.inner.openTransactions(after, signal);
  }

  hasReached(transaction: number): boolean {
    return this.inner.hasReached(transaction);
  }

  async openFile(name: string, signal: AbortSignal): Promise<OpenedFile> {
    for (const copy of this.copies) copy.letFilesMove();
    this.moves++;
    await this.move();
    const file = await this.inner.openFile(name, signal);
    return { ...file, read: (until) => this.readSlowly(file, until) };
  }

  private async *readSlowly(file: OpenedFile, signal: AbortSignal): AsyncGenerator<Uint8Array, void> {
    for await (const piece of file.read(signal)) {
      const half = Math.floor(piece.length / 2);
      yield piece.subarray(0, half);
      yield piece.subarray(half);
    }
    // The next one is of a different check point again.
    await this.move();
  }
}
