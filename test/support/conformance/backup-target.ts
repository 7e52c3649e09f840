import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { makeBackup } from '../../../src/backup/backup-job.ts';
import type { BackupOptions } from '../../../src/backup/backup-options.ts';
import { makeFullBackup } from '../../../src/backup/full-backup.ts';
import { makeIncrementalBackup } from '../../../src/backup/incremental-backup.ts';
import type { BackupTarget, FullBackup } from '../../../src/backup/target/backup-target.ts';
import { TransactionsInTransit } from '../../../src/backup/transactions-in-transit.ts';
import { listServedFiles } from '../../../src/serve/database/served-files.ts';
import { CommonSource } from '../../../src/source/backup-protocol/common-source.ts';
import type { BackupSource, FileReceiver } from '../../../src/source/backup-source.ts';
import { formatByVersion } from '../../../src/store/files/store-format.ts';
import { formatStoreId } from '../../../src/store/files/store-id.ts';
import { jobOptions } from '../commands/job-options.ts';
import { makeTemporaryDirectory, removeDirectory } from '../corpus/unpack-corpus.ts';
import { forkHistory, type GeneratedHistory, generateHistory, readSimpleGraph } from '../history/generated-history.ts';
import { campaign } from '../random/campaign-size.ts';
import { BackupServer } from '../servers/backup-server.ts';

/** One target, for {@link describeBackupTarget}. */
export interface TargetWorld {
  /** Opens the target, which is empty at first; throws while somebody else has it open. */
  open(): Promise<BackupTarget>;
  /** A directory with the store of a backup, as of its last transaction. `replaced`: the one that `publish` returned. */
  read(replaced?: string): Promise<string>;
  /** The content of the target as one text: equal = nothing was touched. */
  fingerprint(): string | Promise<string>;
  /** The error of a target that somebody else has open. Default `directory.in-use`. */
  inUse?: string;
}

const FIRST = 5;
const NEWEST = 13;
const never = new AbortController().signal;
const place = { peer: 'test:1' };

/**
 * The tests that every {@link BackupTarget} must pass, wherever its backups are and whenever they are replayed. `makeWorld` gets a fresh
 * directory for each test.
 */
export function describeBackupTarget(name: string, makeWorld: (scratch: string) => TargetWorld): void {
  describe(`${name}, as any target of backups`, () => {
    let histories: string;
    let history: GeneratedHistory;
    let scratch: string;
    let world: TargetWorld;
    let server: BackupServer;

    beforeAll(async () => {
      histories = await makeTemporaryDirectory();
      history = await generateHistory(join(histories, 'source'), { nodes: 60, transactions: NEWEST - 1 });
    });
    afterAll(() => removeDirectory(histories));
    beforeEach(async () => {
      scratch = await makeTemporaryDirectory();
      world = makeWorld(scratch);
      server = await BackupServer.start(history, FIRST);
    });
    afterEach(async () => {
      await server.stop();
      await removeDirectory(scratch);
    });

    const openSource = (): BackupSource => new CommonSource({ address: server.address, timeoutMs: 20_000 });

    async function withTarget<T>(use: (target: BackupTarget) => Promise<T>): Promise<T> {
      const target = await world.open();
      try {
        return await use(target);
      } finally {
        await target.close();
      }
    }

    const makeFull = () => withTarget((target) => makeFullBackup(openSource(), target, () => {}, never));
    const goOn = () => withTarget((target) => makeIncrementalBackup(openSource(), target, () => {}, never));
    const holdsBackup = () => withTarget((target) => target.holdsBackup());

    async function expectExact(transaction: number, replaced?: string): Promise<void> {
      expect(readSimpleGraph(await world.read(replaced))).toEqual(history.graphAt(transaction));
    }

    const bytesOf = (from: number, to: number) =>
      Buffer.concat(history.transactions.filter(({ id }) => id >= from && id <= to).map(({ bytes }) => bytes));

    /** Sends a file in pieces from a reused buffer, as a source does. */
    async function send(file: FileReceiver, bytes: Buffer): Promise<void> {
      const shared = Buffer.alloc(700);
      for (let at = 0; at < bytes.length; at += shared.length) {
        const size = bytes.copy(shared, 0, at);
        await file.bytes(shared.subarray(0, size));
        shared.fill(0xee);
      }
    }

    /** Sends the files of the history, several at a time; with `again`, each starts again after something longer. */
    async function sendFiles(backup: FullBackup, again = false): Promise<void> {
      const format = formatByVersion(history.storeId.storeVersion);
      const served = listServedFiles(history.folder, format, { logs: false });
      for (let at = 0; at < served.length; at += 3) {
        const some = served.slice(at, at + 3);
        const sendOne = async ({ name: file, alignment, path, sizeBytes }: (typeof some)[number]): Promise<void> => {
          const receiver = await backup.openFile({ name: file, alignment, empty: sizeBytes === 0 && !again });
          if (again) await send(receiver, Buffer.alloc(sizeBytes + 1000, 0xaa));
          if (again) await receiver.restart();
          await send(receiver, readFileSync(path));
          await receiver.end();
        };
        await Promise.all(some.map(sendOne));
      }
    }

    async function sendTransactions(log: FullBackup['log'], bytes: Buffer, after?: number) {
      const transactions = new TransactionsInTransit({ log, place, ...(after === undefined ? {} : { after }) });
      const shared = Buffer.alloc(333);
      for (let at = 0; at < bytes.length; at += shared.length) {
        const size = bytes.copy(shared, 0, at);
        await transactions.transactionBytes(shared.subarray(0, size));
        shared.fill(0xee);
      }
      return transactions.end();
    }

    it('the target holds nothing at first, and a full backup when one was published', async () => {
      expect(await holdsBackup()).toBe(false);
      const { outcome, replaced } = await makeFull();
      expect(outcome).toMatchObject({ kind: 'full', firstTransaction: 2, lastTransaction: FIRST });
      expect(replaced).toBeUndefined();
      expect(await holdsBackup()).toBe(true);
      await expectExact(FIRST);
    });

    it('the target accepts a full backup without any transaction', async () => {
      server.newest = history.checkPoint;
      expect((await makeFull()).outcome).toMatchObject({ kind: 'full', lastTransaction: history.checkPoint });
      await expectExact(history.checkPoint);
    });

    it('the target continues with the missing transactions, time after time', async () => {
      await makeFull();
      for (let last = FIRST; last < NEWEST; last += 2) {
        server.newest = last + 2;
        const outcome = await goOn();
        expect(outcome).toMatchObject({ kind: 'incremental', firstTransaction: last + 1, lastTransaction: last + 2 });
        await expectExact(last + 2);
      }
    });

    it('the target stays as it is when there is nothing new', async () => {
      await makeFull();
      const before = await world.fingerprint();
      expect(await goOn()).toMatchObject({ kind: 'unchanged', lastTransaction: FIRST, bytes: 0 });
      expect(await world.fingerprint()).toBe(before);
    });

    it('the target says whose backup it has and up to where, also after incrementals', async () => {
      await makeFull();
      server.newest = NEWEST;
      await goOn();
      await withTarget(async (target) => {
        const backup = await target.continueBackup(never);
        expect(formatStoreId(backup.storeId)).toBe(formatStoreId(history.storeId));
        expect(backup.last).toEqual({ id: NEWEST, checksum: history.transactions.at(-1)!.checksum });
        await backup.abandon();
      });
    });

    it('the target accepts files in any order, files that start again, and files that are dropped', async () => {
      await withTarget(async (target) => {
        const backup = await target.beginFullBackup(place);
        const open = (file: string) => backup.openFile({ name: file, alignment: 1, empty: false });
        const dropped = await open('schema/index/native-btree-1.0/7/index-7');
        await send(dropped, Buffer.alloc(5000, 1));
        await dropped.discard();
        const ended = await open('neostore');
        await send(ended, Buffer.alloc(3000, 3));
        await ended.end();
        await ended.discard();
        await sendFiles(backup, true);
        expect(backup.readLastTransaction()).toBe(history.checkPoint);
        await backup.requireSupported();
        const received = await sendTransactions(backup.log, bytesOf(2, NEWEST));
        expect(await backup.finish(received, never)).toBe(NEWEST);
        expect(await backup.publish()).toBeUndefined();
      });
      await expectExact(NEWEST);
    });

    it('the target refuses a file that is there already', async () => {
      await withTarget(async (target) => {
        const backup = await target.beginFullBackup(place);
        await backup.openFile({ name: 'neostore', alignment: 9, empty: false });
        const second = backup.openFile({ name: 'neostore', alignment: 9, empty: false });
        await expect(second).rejects.toMatchObject({ code: 'file.io' });
        await backup.abandon();
      });
    });

    it('the target reports files without a neostore', async () => {
      await withTarget(async (target) => {
        const backup = await target.beginFullBackup(place);
        expect(() => backup.readLastTransaction()).toThrow(expect.objectContaining({ code: 'peer.protocol', place }));
        await backup.abandon();
      });
    });

    describe.each([
      ['nothing', false],
      ['an older backup', true],
    ])('with %s in it', (_what, hasOlder) => {
      let before: string;
      beforeEach(async () => {
        if (hasOlder) await makeFull();
        before = await world.fingerprint();
      });

      async function expectUntouched(): Promise<void> {
        expect(await holdsBackup()).toBe(hasOlder);
        expect(await world.fingerprint()).toBe(before);
      }

      const stations = ['begun', 'in a file', 'files', 'in transactions', 'finished'];
      it('a target keeps its content until a full backup is published, wherever that one is abandoned', async () => {
        for (const station of campaign.sample(stations, 2)) {
          await withTarget(async (target) => {
            const backup = await target.beginFullBackup(place);
            if (station === 'in a file') {
              const file = await backup.openFile({ name: 'neostore', alignment: 9, empty: false });
              await send(file, Buffer.alloc(9000));
            } else if (station !== 'begun') {
              await sendFiles(backup);
              const bytes = station === 'files' ? Buffer.alloc(0) : bytesOf(2, NEWEST);
              const cut = station === 'in transactions' ? bytes.subarray(0, -7) : bytes;
              const sent = sendTransactions(backup.log, cut);
              if (station === 'in transactions') await expect(sent).rejects.toMatchObject({ code: 'peer.closed' });
              else if (station === 'finished') await backup.finish(await sent, never);
            }
            expect(await world.fingerprint()).toBe(before);
            await backup.abandon();
            await backup.abandon();
          });
          await expectUntouched();
        }
        server.newest = NEWEST;
        await makeFull();
        await expectExact(NEWEST);
      });

      it('a target keeps its content when the source breaks off, and accepts the next backup', async () => {
        const { length } = await server.answer({ kind: 'full', forensics: false });
        for (const part of campaign.sample([0.1, 0.6, 0.99])) {
          server.fault = () => ({ cutAfter: Math.floor(part * length) });
          await expect(makeFull()).rejects.toMatchObject({ code: 'peer.closed' });
          await expectUntouched();
        }
        server.fault = () => undefined;
        const { replaced } = await makeFull();
        expect(replaced === undefined).toBe(!hasOlder);
        await expectExact(FIRST);
      });
    });

    it('the target keeps an older backup aside when a full one takes its place', async () => {
      await makeFull();
      server.newest = NEWEST;
      const { replaced } = await makeFull();
      expect(replaced).toBeDefined();
      await expectExact(NEWEST);
      await expectExact(FIRST, replaced);
    });

    describe('an incremental backup that fails', () => {
      let before: string;
      beforeEach(async () => {
        await makeFull();
        before = await world.fingerprint();
        server.newest = NEWEST;
      });

      async function expectNextSucceeds(): Promise<void> {
        expect(await world.fingerprint()).toBe(before);
        server.fault = () => undefined;
        server.history = history;
        expect(await goOn()).toMatchObject({ kind: 'incremental', firstTransaction: FIRST + 1 });
        await expectExact(NEWEST);
      }

      it('an incremental backup that fails while it is received changes nothing', async () => {
        const { length } = await server.answer({ kind: 'incremental', lastTransactionId: FIRST - 1 });
        for (const part of campaign.sample([0.05, 0.5, 0.98])) {
          server.fault = () => ({ cutAfter: Math.floor(part * length) });
          await expect(goOn()).rejects.toMatchObject({ code: 'peer.closed' });
          expect(await world.fingerprint()).toBe(before);
        }
        await expectNextSucceeds();
      });

      it('an incremental backup that fails because the history differs changes nothing', async () => {
        server.history = forkHistory(history, FIRST - 1, 77);
        await expect(goOn()).rejects.toMatchObject({ code: 'peer.diverged' });
        await expectNextSucceeds();
      });

      it('an incremental backup that fails because the store differs changes nothing', async () => {
        server.history = await generateHistory(join(scratch, 'other'), { nodes: 60, randomId: 7n });
        await expect(goOn()).rejects.toMatchObject({ code: 'peer.other-store' });
        await expectNextSucceeds();
      });
    });

    it('the target offers all that a job needs: first a full backup, then an incremental, then a fallback', async () => {
      const options = jobOptions(scratch, server.address, { protocol: 'any', timeoutMs: 20_000 });
      const run = (changed: Partial<BackupOptions> = {}) =>
        withTarget((target) => makeBackup(target, { ...options, ...changed }, () => {}, never));
      const none = run({ fallbackToFull: false });
      await expect(none).rejects.toMatchObject({ code: 'usage', outcome: 'no-strategy' });
      expect((await run()).outcome).toMatchObject({ kind: 'full', lastTransaction: FIRST });
      server.newest = FIRST + 2;
      expect((await run()).outcome).toMatchObject({ kind: 'incremental', lastTransaction: FIRST + 2 });
      await expectExact(FIRST + 2);
      server.newest = NEWEST;
      server.prunedTo = NEWEST - 1;
      await expect(run({ fallbackToFull: false })).rejects.toMatchObject({ code: 'peer.history-pruned' });
      const { outcome, fallback } = await run();
      expect(outcome).toMatchObject({ kind: 'full', lastTransaction: NEWEST });
      await expectExact(NEWEST);
      await expectExact(FIRST + 2, fallback!.movedTo);
    });

    it('the target drops the transactions of a log when they are requested again', async () => {
      await makeFull();
      await withTarget(async (target) => {
        const backup = await target.continueBackup(never);
        await sendTransactions(await backup.beginLog(), bytesOf(FIRST + 1, FIRST + 3), FIRST);
        const log = await backup.beginLog();
        const received = await sendTransactions(log, bytesOf(FIRST + 1, FIRST + 2), FIRST);
        await backup.append(received, never);
      });
      await expectExact(FIRST + 2);
    });

    it('the target is exclusive, and may be closed twice', async () => {
      const first = await world.open();
      await expect((async () => world.open())()).rejects.toMatchObject({ code: world.inUse ?? 'directory.in-use' });
      await first.close();
      const second = await world.open();
      const backup = await second.beginFullBackup(place);
      await sendFiles(backup);
      await first.close();
      await expect((async () => world.open())()).rejects.toMatchObject({ code: world.inUse ?? 'directory.in-use' });
      await backup.finish(await sendTransactions(backup.log, bytesOf(2, FIRST)), never);
      await backup.publish();
      await second.close();
      expect(await holdsBackup()).toBe(true);
      await expectExact(FIRST);
    });
  });
}
