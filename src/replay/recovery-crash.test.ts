import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test, vi } from 'vitest';
import { unpackCorpus } from '../../test/support/corpus/unpack-corpus.ts';
import { Killed, type MortalFiles } from '../../test/support/faults/mortal-files.ts';
import { writeHistoryLog } from '../../test/support/history/history-log.ts';
import { campaign } from '../../test/support/random/campaign-size.ts';
import { Dice } from '../../test/support/random/dice.ts';
import { makeHistory } from '../../test/support/random/random-history.ts';
import { MemoryStore } from '../../test/support/stores/memory-store.ts';
import { listLogFiles, logFileName } from '../log/log-files.ts';
import { findRecoveryStart } from '../log/v3/recovery-start.ts';
import { StoreWriter } from '../store/build/store-writer.ts';
import { encodeCounts, readLiveCounts } from '../store/counts/counts-store.ts';
import { METADATA_FILE, storeFiles } from '../store/files/store-files.ts';
import { formatByName } from '../store/files/store-format.ts';
import { recoverStore } from './recovery.ts';

const mortal: MortalFiles = await vi.hoisted(async () => {
  const { MortalFiles } = await import('../../test/support/faults/mortal-files.ts');
  return new MortalFiles();
});
vi.mock('node:fs', async (original) => mortal.wrapSync(await original()));
vi.mock('node:fs/promises', async (original) => mortal.wrapPromises(await original()));

const parent = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'graphkeep-crash-'));
afterAll(() => rmSync(parent, { recursive: true }));

const TIMEOUT_MS = 240_000;

/** Recovers as a command does: with an empty scratch directory, from where the log says. */
async function recover(folder: string, budgetBytes: number): Promise<void> {
  const scratch = join(parent, 'scratch');
  rmSync(scratch, { recursive: true, force: true });
  mkdirSync(scratch);
  const { position, needed } = findRecoveryStart(folder);
  if (needed) await recoverStore(folder, { start: position!, storeIsExact: false, budgetBytes, scratch });
}

/** {@link recover}, killed at change number `at`; false if it ended before that. */
async function recoverAndDie(folder: string, budgetBytes: number, at: number): Promise<boolean> {
  const scratch = join(parent, 'scratch');
  rmSync(scratch, { recursive: true, force: true });
  mkdirSync(scratch);
  const { position, needed } = findRecoveryStart(folder);
  if (!needed) return false;
  mortal.arm(at);
  try {
    await recoverStore(folder, { start: position!, storeIsExact: false, budgetBytes, scratch });
    return mortal.changes >= at;
  } catch (error) {
    if (mortal.changes < at) throw error;
    return true;
  } finally {
    mortal.disarm();
  }
}

/** Everything that must be the same whatever happened on the way. */
function contentOf(folder: string): Map<string, string> {
  const names = [...storeFiles.map(({ fileName }) => fileName), METADATA_FILE];
  for (const { version } of listLogFiles(folder).files) names.push(logFileName(version));
  const content = new Map(names.map((name) => [name, readFileSync(join(folder, name)).toString('hex')]));
  content.set('counts', encodeCounts(readLiveCounts(folder)!.counts).toString('hex'));
  const all = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  const counted = all.map((name) => name.replace(/^(neostore\.counts\.db\.)[ab]$/, '$1'));
  content.set('names of files', counted.sort().join(' '));
  return content;
}

/** Kills recovery at every `step`-th change, every other time its repetition too, and compares the results. */
async function killEverywhere(original: string, budgetBytes: number, step: number): Promise<void> {
  const folder = join(parent, 'work');
  const renew = () => {
    rmSync(folder, { recursive: true, force: true });
    cpSync(original, folder, { recursive: true });
  };
  renew();
  await recoverAndDie(folder, budgetBytes, Number.POSITIVE_INFINITY);
  const { changes } = mortal;
  const expected = contentOf(folder);
  expect(changes).toBeGreaterThan(20);
  const dice = new Dice(changes);
  for (const at of campaign.places(1, changes, step)) {
    renew();
    expect(await recoverAndDie(folder, budgetBytes, at), `change ${at} of ${changes}`).toBe(true);
    if (dice.chance(0.5)) await recoverAndDie(folder, budgetBytes, dice.between(1, changes));
    await recover(folder, budgetBytes);
    const content = contentOf(folder);
    for (const [name, bytes] of expected) expect(content.get(name) === bytes, `${name} after change ${at}`).toBe(true);
    expect(findRecoveryStart(folder).needed).toBe(false);
  }
}

test.each(
  campaign.sample([
    ['v0.A.9', 11, 64 << 20],
    ['vE.H.4', 12, 64 << 20],
    ['vE.H.4', 13, 0],
  ] as const),
)(
  '%s: a history (seed %d, budget %d bytes) killed at every change leads to the same end',
  async (format, seed, budgetBytes) => {
    const folder = join(parent, `history-${seed}`);
    const recordSizes = { nodeLabels: 24, propertyStrings: 40, propertyArrays: 40 };
    const options = { format: formatByName(format), recordSizes, creationTimeMs: 1, randomId: 2n };
    await new StoreWriter(folder, options).finish();
    const dice = new Dice(seed);
    const empty = MemoryStore.load(folder);
    const transactions = makeHistory(empty, dice, 20);
    empty.applyAll(transactions.slice(0, 6)).write(folder);
    await writeHistoryLog(folder, transactions, dice, 5, true);
    await killEverywhere(folder, budgetBytes, 1);
  },
  TIMEOUT_MS,
);

test(
  'a store of a killed server, killed again and again, leads to the same end',
  async () => {
    const folder = join(parent, 'genuine');
    await unpackCorpus('recovery/small-3.5.34/store-before-recovery.tar.gz', folder);
    const [top] = readdirSync(folder);
    await killEverywhere(readdirSync(folder).includes('neostore') ? folder : join(folder, top!), 0, 5);
  },
  TIMEOUT_MS,
);

test('a killed recovery changes nothing after its death', () => {
  mortal.arm(1);
  expect(() => mkdirSync(join(parent, 'never'))).toThrow(Killed);
  expect(() => mkdirSync(join(parent, 'never'))).toThrow(Killed);
  mortal.disarm();
  expect(existsSync(join(parent, 'never'))).toBe(false);
});
