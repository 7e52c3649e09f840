import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { writeHistoryLog } from '../../test/support/history/history-log.ts';
import { campaign } from '../../test/support/random/campaign-size.ts';
import { Dice } from '../../test/support/random/dice.ts';
import { makeHistory } from '../../test/support/random/random-history.ts';
import { differences, MemoryStore } from '../../test/support/stores/memory-store.ts';
import { transactionChecksum } from '../log/v3/entries/start-entry.ts';
import { LogReader } from '../log/v3/log-reader.ts';
import { findRecoveryStart } from '../log/v3/recovery-start.ts';
import { type DecodedTransaction, encodeTransaction } from '../log/v3/transaction-codec.ts';
import { StoreWriter } from '../store/build/store-writer.ts';
import { ANY, encodeCounts } from '../store/counts/counts-store.ts';
import { recountStore } from '../store/counts/recount.ts';
import { filePageBytes, type StoreKey, storeFiles } from '../store/files/store-files.ts';
import { formatByName, storeFormats } from '../store/files/store-format.ts';
import { StoreReader } from '../store/graph/store-reader.ts';
import { recoverStore } from './recovery.ts';

/** In memory where possible: recovery forces every file, which is slow on a disk. */
const parent = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'graphkeep-histories-'));
afterAll(() => rmSync(parent, { recursive: true }));

const FORMATS = ['v0.A.9', 'vE.H.4', 'vE.H.0'];
/** Number of histories per format. */
const HISTORIES = campaign.rounds(170);
const TIMEOUT_MS = 240_000;
/** Blocks so small that values need chains, and the usual ones. */
const SIZES = [{ nodeLabels: 24, propertyStrings: 40, propertyArrays: 40 }, {}];
const empty = new Map<string, MemoryStore>();

beforeAll(async () => {
  for (const format of FORMATS) {
    for (const [i, recordSizes] of SIZES.entries()) {
      const folder = join(parent, `empty-${format}-${i}`);
      await new StoreWriter(folder, {
        format: formatByName(format),
        recordSizes,
        creationTimeMs: 1,
        randomId: 2n,
      }).finish();
      empty.set(`${format}/${i}`, MemoryStore.load(folder));
    }
  }
});

interface Plan {
  seed: number;
  format: string;
  sizes: number;
  length: number;
  base: 'exact' | 'fuzzy pages' | 'fuzzy records';
  budgetBytes: number;
  torn: boolean;
}

const plans: fc.Arbitrary<Omit<Plan, 'format'>> = fc.record({
  seed: fc.integer(),
  sizes: fc.nat(SIZES.length - 1),
  length: fc.integer({ min: 1, max: 30 }),
  base: fc.constantFrom('exact' as const, 'fuzzy pages' as const, 'fuzzy records' as const),
  budgetBytes: fc.constantFrom(0, 64 << 20),
  torn: fc.boolean(),
});

/** The states from the check point to the end, one after each transaction. */
function statesFrom(
  checkPoint: number,
  start: MemoryStore,
  transactions: readonly DecodedTransaction[],
): MemoryStore[] {
  const states = [start.clone().applyAll(transactions.slice(0, checkPoint + 1))];
  for (const transaction of transactions.slice(checkPoint + 1)) {
    states.push(states.at(-1)!.clone().applyAll([transaction]));
  }
  return states;
}

/** A copy made while the server worked: every piece of it comes from some state in `states`. */
function fuzzyCopy(states: readonly MemoryStore[], dice: Dice, pieces: 'pages' | 'records'): MemoryStore {
  const any = () => dice.pick(states);
  const files = new Map<StoreKey, Buffer>();
  for (const { key } of storeFiles) {
    const copy = Buffer.alloc(any().files.get(key)!.length);
    const { size } = states[0]!.codec(key);
    const step = pieces === 'pages' ? filePageBytes(size) : size;
    for (let at = 0; at < copy.length; at += step) copyPiece(any().files.get(key)!, copy, at, step);
    states[0]!.files.get(key)!.copy(copy, 0, 0, storeFiles.find((file) => file.key === key)!.header === 'none' ? 0 : 4);
    files.set(key, copy);
  }
  return new MemoryStore(files, { ...any().metadata }, any().clone().counts);
}

/** Copies nothing if the file was shorter then. */
function copyPiece(from: Buffer, to: Buffer, at: number, length: number): void {
  to.set(from.subarray(at, Math.min(at + length, to.length)), at);
}

let runs = 0;

test.each(campaign.sample(FORMATS))(
  '%s: net changes lead to the same records as one transaction after the other',
  async (format) => {
    const property = fc.asyncProperty(plans, (plan) => checkPlan({ ...plan, format }));
    await fc.assert(property, { numRuns: HISTORIES });
  },
  TIMEOUT_MS,
);

async function checkPlan(plan: Plan): Promise<void> {
  const dice = new Dice(plan.seed);
  const start = empty.get(`${plan.format}/${plan.sizes}`)!;
  const transactions = makeHistory(start, dice, plan.length);
  const checkPoint = dice.between(-1, transactions.length - 1);
  const states = statesFrom(checkPoint, start, transactions);
  const base =
    plan.base === 'exact' ? states[0]! : fuzzyCopy(states, dice, plan.base === 'fuzzy pages' ? 'pages' : 'records');
  const expected = states.at(-1)!;

  const folder = join(parent, `${runs++}`);
  const scratch = join(folder, 'scratch');
  mkdirSync(scratch, { recursive: true });
  try {
    base.write(folder);
    const log = await writeHistoryLog(folder, transactions, dice, checkPoint, plan.torn);
    const from = findRecoveryStart(folder).position!;
    const { budgetBytes } = plan;
    const options = { start: from, storeIsExact: plan.base === 'exact', budgetBytes, scratch };
    const recovery = await recoverStore(folder, options);

    expect(recovery.transactions).toBe(transactions.length - checkPoint - 1);
    expect(readdirSync(scratch)).toEqual([]);
    const recovered = MemoryStore.load(folder);
    expect(differences(recovered, expected)).toEqual([]);
    checkMetadata(recovered, base, expected, transactions, log.end);
    expect(encodeCounts(recovered.counts).equals(encodeCounts(expected.counts))).toBe(true);
    await checkRecount(folder, recovered);
    expect([...readTransactions(folder)]).toEqual(transactions.map((t) => encodeTransaction(t).view().toString('hex')));
    expect(findRecoveryStart(folder).needed).toBe(false);

    if (dice.chance(0.6)) return;
    await recoverStore(folder, { ...options, storeIsExact: false });
    const again = MemoryStore.load(folder);
    for (const [key, bytes] of again.files) expect(bytes.equals(recovered.files.get(key)!), key).toBe(true);
    expect(again.counts).toEqual(recovered.counts);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function checkMetadata(
  recovered: MemoryStore,
  base: MemoryStore,
  expected: MemoryStore,
  transactions: readonly DecodedTransaction[],
  end: { version: number; offset: number },
): void {
  expect(recovered.metadata).toEqual({
    ...base.metadata,
    ...expected.metadata,
    logVersion: end.version,
    lastClosedLogVersion: end.version,
    lastClosedLogOffset: end.offset,
    lastTransactionId: transactions.at(-1)!.commit.transactionId,
    lastTransactionChecksum: transactionChecksum(transactions.at(-1)!.start),
    lastTransactionCommitTime: transactions.at(-1)!.commit.timeCommitted,
  });
}

/** The history is plausible: its values can be read, and its counts commands add up to what its records say. */
async function checkRecount(folder: string, recovered: MemoryStore): Promise<void> {
  const reader = new StoreReader(folder);
  try {
    const counts = await recountStore(reader);
    counts.txId = recovered.counts.txId;
    expect(encodeCounts(counts).equals(encodeCounts(recovered.counts))).toBe(true);
    expect([...reader.nodes()].length).toBe(counts.nodeCount(ANY));
    expect([...reader.relationships()].length).toBe(counts.relationshipCount(ANY, ANY, ANY));
    reader.schemaRules();
  } finally {
    reader.close();
  }
}

function* readTransactions(folder: string): Generator<string> {
  const reader = new LogReader(folder);
  try {
    for (const item of reader) {
      if (item.kind === 'transaction') yield item.bytes.toString('hex');
    }
  } finally {
    reader.close();
  }
}

test('all families of formats are covered', () => {
  expect(new Set(FORMATS.map((name) => formatByName(name).family))).toEqual(
    new Set(storeFormats.map(({ family }) => family)),
  );
});
