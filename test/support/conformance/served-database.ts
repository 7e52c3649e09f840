import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { listLogFiles } from '../../../src/log/log-files.ts';
import { beginningOf } from '../../../src/log/v3/log-header.ts';
import { LogReader } from '../../../src/log/v3/log-reader.ts';
import { LogWriter } from '../../../src/log/v3/log-writer.ts';
import { recoverStore } from '../../../src/replay/recovery.ts';
import type {
  ServedCopy,
  ServedDatabase,
  ServedFile,
  ServedPlace,
  ServedTransactions,
} from '../../../src/serve/database/served-database.ts';
import { patchMetadataIn, readMetadataIn, storeIdOf } from '../../../src/store/files/neostore-metadata.ts';
import { formatStoreId } from '../../../src/store/files/store-id.ts';
import { StoreReader } from '../../../src/store/graph/store-reader.ts';
import { makeTemporaryDirectory, removeDirectory } from '../corpus/unpack-corpus.ts';
import { campaign } from '../random/campaign-size.ts';

/**
 * One served database, for {@link describeServedDatabase}. Its nodes have the numbers 1 to {@link ServedWorld.committed} in their property
 * `n`; it has an index and several log files, of which the oldest are pruned.
 */
export interface ServedWorld {
  readonly place: ServedPlace;
  readonly directory: string;
  readonly committed: number;
  /** Commits more nodes; does nothing for a database in which nobody works. */
  commit(count: number): Promise<void>;
  /** Makes a check point, which only succeeds when nobody holds them any more. */
  checkPoint(): Promise<void>;
  stop(): Promise<void>;
}

const { signal } = new AbortController();

/** The tests that every {@link ServedDatabase} must pass, whether somebody works in it or not. `makeWorld` gets a fresh directory. */
export function describeServedDatabase(name: string, makeWorld: (scratch: string) => Promise<ServedWorld>): void {
  describe(`${name}, as any served database`, () => {
    let scratch: string;
    let world: ServedWorld;
    let openBefore: number;

    beforeEach(async () => {
      scratch = await makeTemporaryDirectory();
      world = await makeWorld(scratch);
      openBefore = countOpenFiles();
    });
    afterEach(async () => {
      await world.stop();
      await removeDirectory(scratch);
    });

    /** The database as it is now. */
    const current = (): Promise<ServedDatabase> => world.place.current(signal);

    /** Asserts that everything was released: files are closed, and check points run. */
    async function expectNothingHeld(): Promise<void> {
      await world.checkPoint();
      expect(countOpenFiles()).toBe(openBefore);
    }

    /** The transactions in the log, by id. */
    function readLog(): Map<number, Buffer> {
      const reader = new LogReader(world.directory);
      const transactions = new Map<number, Buffer>();
      for (const item of reader) {
        if (item.kind === 'transaction') transactions.set(item.transactionId, Buffer.from(item.bytes));
      }
      reader.close();
      return transactions;
    }

    const bytesBetween = (log: Map<number, Buffer>, after: number, through: number) =>
      Buffer.concat([...log].filter(([id]) => id > after && id <= through).map(([, bytes]) => bytes));

    async function receive(copy: ServedCopy): Promise<Map<string, Buffer>> {
      const files = new Map<string, Buffer>();
      for (const file of copy.files) files.set(file.name, await readAll(copy.readFile(file, signal)));
      return files;
    }

    /** Replays a copy with the transactions after it, and returns the numbers of its nodes. */
    async function restore(files: Map<string, Buffer>, transactions: Buffer, after: number): Promise<number[]> {
      const folder = join(scratch, `restored-${readdirSync(scratch).length}`);
      for (const [file, bytes] of files) {
        mkdirSync(dirname(join(folder, file)), { recursive: true });
        writeFileSync(join(folder, file), bytes);
      }
      const { logVersion } = readMetadataIn(folder);
      const writer = LogWriter.create(folder, logVersion, after);
      writer.appendRaw(transactions);
      await writer.force();
      writer.close();
      const start = beginningOf(logVersion);
      const position = { lastClosedLogVersion: start.version, lastClosedLogOffset: start.offset };
      patchMetadataIn(folder, position);
      mkdirSync(join(folder, '.replay'));
      const how = { start, storeIsExact: false, budgetBytes: 1 << 20, scratch: join(folder, '.replay') };
      await recoverStore(folder, how);
      return readNumbers(folder);
    }

    const upTo = (count: number) => Array.from({ length: count }, (_, i) => i + 1);

    it('the database says whose it is, and up to where', async () => {
      const { directory } = world;
      const database = await current();
      const metadata = readMetadataIn(directory);
      expect(formatStoreId(database.storeId)).toBe(formatStoreId(storeIdOf(metadata)));
      expect(database.lastTransaction).toBe(Math.max(...readLog().keys()));
      expect(database.description).toContain(directory);
    });

    describe('a full copy', () => {
      it('a full copy with the transactions after it is the whole database, even while somebody works in it', async () => {
        const copy = await (await current()).openFullCopy(signal);
        await world.commit(40);
        const files = await receive(copy);
        await world.commit(40);
        const { committed } = world;
        const through = (await current()).lastTransaction;
        const opened = await copy.openTransactions();
        await world.commit(40);
        const transactions = await readAll(opened);
        expect(transactions.equals(bytesBetween(readLog(), copy.lastTransaction, through))).toBe(true);
        copy.close();
        expect(await restore(files, transactions, copy.lastTransaction)).toEqual(upTo(committed));
        await expectNothingHeld();
      });

      it('a full copy has each file once, as it was when the copy began, and neostore last', async () => {
        const copy = await (await current()).openFullCopy(signal);
        const asTheyWere = new Map(
          copy.files.map(({ name: file }) => [file, readFileSync(join(world.directory, file))]),
        );
        await world.commit(40);
        expect(asTheyWere.size).toBe(copy.files.length);
        expect(copy.files.at(-1)!.name).toBe('neostore');
        expect(copy.files.some(({ name: file }) => file.startsWith('schema/index/'))).toBe(true);
        const received = await receive(copy);
        for (const { name: file, alignment, sizeBytes } of copy.files) {
          const bytes = received.get(file)!;
          const was = asTheyWere.get(file)!;
          // Half a record at the end may be left out.
          expect(was.length - bytes.length, file).toBeLessThan(Math.max(1, alignment));
          expect(bytes.equals(was.subarray(0, bytes.length)), file).toBe(true);
          expect([file, sizeBytes]).toEqual([file, bytes.length]);
          expect(alignment).toBeGreaterThan(0);
        }
        expect(copy.files.filter(({ name: file }) => /transaction|\.id$|lock/.test(file))).toEqual([]);
        copy.close();
      });

      it('a full copy includes the log if requested, before the store files', async () => {
        const copy = await (await current()).openFullCopy(signal, { logs: true });
        const isLog = ({ name: file }: ServedFile) => file.startsWith('neostore.transaction.db.');
        const logs = listLogFiles(world.directory).files.map(({ path }) => path.slice(world.directory.length + 1));
        expect(
          copy.files
            .filter(isLog)
            .map(({ name: file }) => file)
            .sort(),
        ).toEqual(logs.sort());
        const firstStore = copy.files.findIndex(({ name: file }) => file.endsWith('nodestore.db'));
        expect(copy.files.findLastIndex(isLog)).toBeLessThan(firstStore);
        for (const file of copy.files) {
          expect((await readAll(copy.readFile(file, signal))).length, file.name).toBe(file.sizeBytes);
        }
        copy.close();
        await expectNothingHeld();
      });

      it('any number of full copies can be open at the same time', async () => {
        const copies = await Promise.all([1, 2, 3].map(async () => (await current()).openFullCopy(signal)));
        for (const copy of copies) {
          const files = await receive(copy);
          const { committed } = world;
          const transactions = await readAll(await copy.openTransactions());
          copy.close();
          expect(await restore(files, transactions, copy.lastTransaction)).toEqual(upTo(committed));
          await world.commit(5);
        }
        await expectNothingHeld();
      });

      it('a full copy holds check points only as long as it says, and then keeps the log from C on', async () => {
        const copy = await (await current()).openFullCopy(signal);
        expect(copy.isStill).toBe(true);
        const files = await receive(copy);
        copy.letFilesMove();
        copy.letFilesMove();
        await world.commit(campaign.size(200, 50));
        await world.checkPoint();
        const { committed } = world;
        const through = (await current()).lastTransaction;
        const opened = await (await current()).openTransactions(copy.lastTransaction, signal);
        const transactions = await readAll(opened);
        opened.close();
        expect(transactions.equals(bytesBetween(readLog(), copy.lastTransaction, through))).toBe(true);
        copy.close();
        expect(await restore(files, transactions, copy.lastTransaction)).toEqual(upTo(committed));
        await expectNothingHeld();
      });

      it('a full copy may be closed at any time, and twice', async () => {
        const stations = ['opened', 'in a file', 'files', 'open transactions', 'transactions', 'in transactions'];
        for (const station of campaign.sample(stations, 3)) {
          const copy = await (await current()).openFullCopy(signal);
          await world.commit(3);
          if (station === 'in a file') for await (const _ of copy.readFile(copy.files[0]!, signal)) break;
          else if (station !== 'opened') await receive(copy);
          if (station.endsWith('transactions')) {
            const transactions = await copy.openTransactions();
            if (station.startsWith('in')) for await (const _ of transactions) break;
            if (!station.startsWith('open')) transactions.close();
            if (!station.startsWith('open')) transactions.close();
          }
          copy.close();
          copy.close();
          await expectNothingHeld();
        }
      });

      it('a full copy can be interrupted while a file is read', async () => {
        const copy = await (await current()).openFullCopy(signal);
        const file = copy.files.find(({ sizeBytes, name: it }) => sizeBytes > 0 && it !== 'neostore')!;
        const reading = readAll(copy.readFile(file, AbortSignal.abort()));
        await expect(reading).rejects.toMatchObject({ code: 'cancelled' });
        copy.close();
        await expectNothingHeld();
      });
    });

    describe('transactions', () => {
      it('transactions follow any one that the log still has, together and one by one', async () => {
        await world.commit(10);
        const log = readLog();
        const through = (await current()).lastTransaction;
        const first = Math.min(...log.keys());
        for (const after of [first - 1, first, Math.floor((first + through) / 2), through - 1, through, through + 5]) {
          const expected = bytesBetween(log, after, through);
          const together = await (await current()).openTransactions(after, signal);
          expect((await readAll(together)).equals(expected), `after ${after}`).toBe(true);
          together.close();
          const single = await (await current()).openTransactions(after, signal);
          const pieces: Buffer[] = [];
          let next = after + 1;
          for await (const { transactionId, bytes } of single.each()) {
            expect(transactionId).toBe(next++);
            pieces.push(Buffer.from(bytes));
          }
          single.close();
          expect(Buffer.concat(pieces).equals(expected), `after ${after}`).toBe(true);
        }
        await expectNothingHeld();
      });

      it('transactions end with the last one that was durable when they were requested', async () => {
        const through = (await current()).lastTransaction;
        const transactions = await (await current()).openTransactions(through - 1, signal);
        await world.commit(10);
        expect((await readAll(transactions)).equals(bytesBetween(readLog(), through - 1, through))).toBe(true);
        transactions.close();
      });

      it('transactions that no log holds any more cannot be had', async () => {
        const first = Math.min(...readLog().keys());
        expect(first).toBeGreaterThan(3);
        for (const after of [1, first - 2]) {
          const opening = (await current()).openTransactions(after, signal);
          await expect(opening).rejects.toMatchObject({ code: 'serve.history-pruned' });
        }
        await expectNothingHeld();
      });

      it('transactions may be released unread, twice', async () => {
        const transactions = await (await current()).openTransactions((await current()).lastTransaction - 1, signal);
        transactions.close();
        transactions.close();
        await expectNothingHeld();
      });
    });

    describe('a single file', () => {
      it('a single file is found by the last part of its name, and read as it is', async () => {
        const copy = await (await current()).openFullCopy(signal);
        const files = await receive(copy);
        copy.close();
        for (const wanted of ['neostore.nodestore.db', 'neostore', 'neostore.labelscanstore.db']) {
          const file = await (await current()).openFile(`anywhere/${wanted}`, signal);
          expect([file.name, file.sizeBytes]).toEqual([wanted, files.get(wanted)!.length]);
          expect((await readAll(file.read(signal))).equals(files.get(wanted)!), wanted).toBe(true);
          file.close();
          file.close();
          await expectNothingHeld();
        }
      });

      it.each(['neostore.transaction.db.0', 'store_lock', 'nothing'])(
        '%s is not a file of the store',
        async (wanted) => {
          await expect((await current()).openFile(wanted, signal)).rejects.toMatchObject({ code: 'serve.no-file' });
          await expectNothingHeld();
        },
      );
    });

    it('the database has a check point that covers its last transaction, if not at once, then soon', async () => {
      const database = await current();
      const { lastTransaction } = database;
      while (!database.hasReached(lastTransaction)) await new Promise(setImmediate);
      expect(database.hasReached(1)).toBe(true);
      expect(database.hasReached(lastTransaction + 1_000_000)).toBe(false);
      await expectNothingHeld();
    });
  });
}

/** A piece is valid only until the next one is requested, so each is copied. */
async function readAll(pieces: AsyncIterable<Uint8Array> | ServedTransactions): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const piece of pieces) parts.push(Buffer.from(piece));
  return Buffer.concat(parts);
}

/** Open files of this process; 0 where the system does not tell. */
function countOpenFiles(): number {
  return existsSync('/proc/self/fd') ? readdirSync('/proc/self/fd').length : 0;
}

/** The property `n` of each node, ascending. */
function readNumbers(folder: string): number[] {
  const reader = new StoreReader(folder);
  const numbers: number[] = [];
  try {
    for (const { properties } of reader.nodes()) {
      const [property] = properties;
      if (property?.value.type !== 'int') throw new Error('a node without its number');
      numbers.push(property.value.value);
    }
  } finally {
    reader.close();
  }
  return numbers.sort((a, b) => a - b);
}
