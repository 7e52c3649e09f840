import { createHash } from 'node:crypto';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Dice } from '../../test/support/random/dice.ts';
import { makeHistory } from '../../test/support/random/random-history.ts';
import { MemoryStore } from '../../test/support/stores/memory-store.ts';
import { GraphkeepError } from '../base/errors.ts';
import { listLogFiles, logFileName } from '../log/log-files.ts';
import type { LogPosition } from '../log/log-position.ts';
import { LOG_HEADER_BYTES } from '../log/v3/log-header.ts';
import { LogWriter } from '../log/v3/log-writer.ts';
import type { DecodedTransaction } from '../log/v3/transaction-codec.ts';
import { StoreWriter } from '../store/build/store-writer.ts';
import { patchMetadataIn, readMetadata } from '../store/files/neostore-metadata.ts';
import { METADATA_FILE, storeFile, storeFiles } from '../store/files/store-files.ts';
import type { ReplayProgress } from './events/replay-events.ts';
import type { ApplyOptions } from './log-application.ts';
import { recoverStore } from './recovery.ts';

const FIRST_LOG = 3;
const parent = mkdtempSync(join(tmpdir(), 'graphkeep-recover-errors-'));
const template = join(parent, 'template');
const folder = join(parent, 'store');
const scratch = join(parent, 'scratch');
let transactions: DecodedTransaction[];

beforeAll(async () => {
  const recordSizes = { nodeLabels: 24, propertyStrings: 40, propertyArrays: 40 };
  await new StoreWriter(template, { recordSizes, creationTimeMs: 1, randomId: 2n }).finish();
  // A history that touches every store.
  transactions = makeHistory(MemoryStore.load(template), new Dice(5), 60);
});
afterAll(() => rmSync(parent, { recursive: true }));

beforeEach(() => {
  for (const path of [folder, scratch]) rmSync(path, { recursive: true, force: true });
  cpSync(template, folder, { recursive: true });
  mkdirSync(scratch);
});

/** Writes a log whose files hold ten transactions each. */
async function writeLog(of: readonly DecodedTransaction[] = transactions): Promise<void> {
  const writer = LogWriter.create(folder, FIRST_LOG, of[0]!.commit.transactionId - 1);
  for (const [index, transaction] of of.entries()) {
    if (index > 0 && index % 10 === 0) await writer.rotate();
    writer.appendTransaction(transaction);
  }
  writer.close();
}

async function recover(options: Partial<ApplyOptions> = {}): Promise<unknown> {
  const start: LogPosition = { version: FIRST_LOG, offset: LOG_HEADER_BYTES };
  return await recoverStore(folder, { start, storeIsExact: true, budgetBytes: 0, scratch, ...options });
}

/** The GraphkeepError of a failing recovery, which must leave nothing in the scratch directory. */
async function failure(options?: Partial<ApplyOptions>): Promise<GraphkeepError> {
  const error = await recover(options).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(readdirSync(scratch)).toEqual([]);
  expect(error).toBeInstanceOf(GraphkeepError);
  return error as GraphkeepError;
}

/** Bytes of every record store and of `neostore`. */
function storeBytes(): string[] {
  const names = [...storeFiles.map(({ fileName }) => fileName), METADATA_FILE];
  return names.map(
    (name) =>
      `${name} ${createHash('sha1')
        .update(readFileSync(join(folder, name)))
        .digest('hex')}`,
  );
}

const log = (version: number) => join(folder, logFileName(version));

describe('a log that cannot be replayed is refused before anything is changed', () => {
  let untouched: string[];
  beforeEach(() => {
    untouched = storeBytes();
  });
  afterEach(() => {
    expect(storeBytes()).toEqual(untouched);
  });

  test('a command that does not exist is refused before anything is changed', async () => {
    await writeLog();
    const bytes = readFileSync(log(FIRST_LOG + 2));
    const type = LOG_HEADER_BYTES + 38 + 2;
    bytes[type] = 99;
    writeFileSync(log(FIRST_LOG + 2), bytes);
    expect(await failure()).toMatchObject({
      code: 'log.corrupt',
      place: { file: log(FIRST_LOG + 2), offset: type },
      observed: 99,
    });
  });

  test('a log file that ends too early, and is not the last one, is refused before anything is changed', async () => {
    await writeLog();
    truncateSync(log(FIRST_LOG + 1), readFileSync(log(FIRST_LOG + 1)).length - 5);
    expect(await failure()).toMatchObject({ code: 'log.corrupt', place: { file: log(FIRST_LOG + 1) } });
  });

  test('an id that does not follow is refused before anything is changed', async () => {
    const odd = transactions.map((transaction, index) =>
      index < 15 ? transaction : { ...transaction, commit: { ...transaction.commit, transactionId: index + 3 } },
    );
    const writer = LogWriter.create(folder, FIRST_LOG, 1);
    for (const transaction of odd.slice(0, 15)) writer.appendTransaction(transaction);
    const end = writer.position;
    writer.close();
    const more = LogWriter.open(folder, end);
    for (const transaction of odd.slice(15)) more.appendTransaction(transaction);
    more.close();
    expect(await failure()).toMatchObject({ code: 'log.gap', place: { file: log(FIRST_LOG) }, observed: 18 });
  });

  test('a log that begins after the store is refused before anything is changed', async () => {
    await writeLog(transactions.slice(4));
    expect(await failure()).toMatchObject({ code: 'log.gap', observed: 6 });
  });

  test('a missing log file in the middle is refused before anything is changed', async () => {
    await writeLog();
    rmSync(log(FIRST_LOG + 2));
    expect(await failure()).toMatchObject({ code: 'log.gap' });
  });

  test('a missing first log file is refused before anything is changed', async () => {
    await writeLog();
    rmSync(log(FIRST_LOG));
    expect(await failure({ start: { version: FIRST_LOG, offset: 400 } })).toMatchObject({ code: 'log.gap' });
  });

  test('the header of another file is refused before anything is changed', async () => {
    await writeLog();
    cpSync(log(FIRST_LOG), log(FIRST_LOG + 1));
    expect(await failure()).toMatchObject({ code: 'log.corrupt', place: { file: log(FIRST_LOG + 1), offset: 0 } });
  });

  test('an interruption before the start changes nothing', async () => {
    await writeLog();
    expect(await failure({ signal: AbortSignal.abort() })).toMatchObject({ code: 'cancelled' });
  });
});

test.each(storeFiles.map(({ fileName }) => fileName))('the missing store file %s is reported', async (fileName) => {
  await writeLog();
  rmSync(join(folder, fileName));
  expect(await failure()).toMatchObject({ code: 'store.missing-file', place: { file: join(folder, fileName) } });
});

test('a missing neostore is reported', async () => {
  await writeLog();
  rmSync(join(folder, METADATA_FILE));
  expect(await failure()).toMatchObject({ code: 'store.missing-file', place: { file: join(folder, METADATA_FILE) } });
});

test('an unknown store format is reported', async () => {
  await writeLog();
  patchMetadataIn(folder, { storeVersion: 0x0706050403020107n });
  expect(await failure()).toMatchObject({ code: 'store.format' });
});

test.each(['nodeLabels', 'propertyStrings', 'propertyArrays', 'labelNames', 'schema'] as const)(
  'blocks of %s that are too small for the log are reported',
  async (key) => {
    await writeLog();
    const path = join(folder, storeFile(key).fileName);
    const bytes = readFileSync(path);
    bytes.writeUInt32BE(9, 0);
    writeFileSync(path, bytes);
    expect(await failure()).toMatchObject({ code: 'log.corrupt', place: { file: path } });
    bytes.writeUInt32BE(0, 0);
    writeFileSync(path, bytes);
    expect(await failure()).toMatchObject({ code: 'store.corrupt', observed: 0, place: { file: path, offset: 0 } });
  },
);

test('a recovery interrupted in any phase can be repeated', async () => {
  await writeLog();
  const phases: string[] = [];
  for (;;) {
    const abort = new AbortController();
    const onEvent = ({ phase }: ReplayProgress): void => {
      if (phases.includes(phase) || abort.signal.aborted) return;
      phases.push(phase);
      abort.abort();
    };
    const before = phases.length;
    const ended = await recover({ signal: abort.signal, onEvent, storeIsExact: before === 0 }).then(
      () => true,
      (error: GraphkeepError) => {
        expect(error).toMatchObject({ code: 'cancelled' });
        return false;
      },
    );
    expect(readdirSync(scratch)).toEqual([]);
    if (phases.length === before) {
      expect(ended).toBe(true);
      break;
    }
  }
  expect(phases.length).toBeGreaterThan(1);
  const { lastTransactionId } = readMetadata(join(folder, METADATA_FILE));
  expect(lastTransactionId).toBe(transactions.at(-1)!.commit.transactionId);
});

test('an empty log changes nothing but the position', async () => {
  const writer = LogWriter.create(folder, FIRST_LOG, 1);
  writer.close();
  const before = readMetadata(join(folder, METADATA_FILE));
  expect(await recover()).toMatchObject({ transactions: 0, firstTransaction: undefined, records: 0 });
  expect(readMetadata(join(folder, METADATA_FILE))).toEqual({
    ...before,
    logVersion: FIRST_LOG,
    lastClosedLogVersion: FIRST_LOG,
    lastClosedLogOffset: LOG_HEADER_BYTES,
  });
  expect(listLogFiles(folder).files).toHaveLength(1);
  expect(readdirSync(scratch)).toEqual([]);
});

test('the history of this file touches every store', async () => {
  const start = MemoryStore.load(template);
  const end = start.clone().applyAll(transactions);
  for (const { key } of storeFiles) expect(end.files.get(key)!.equals(start.files.get(key)!), key).toBe(false);
});
