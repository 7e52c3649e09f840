import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { writeHistoryLog } from '../../test/support/history/history-log.ts';
import { BEFORE, type ModelNode, nodeImage } from '../../test/support/history/model-records.ts';
import { Dice } from '../../test/support/random/dice.ts';
import { differences, MemoryStore } from '../../test/support/stores/memory-store.ts';
import type { NodeCommand } from '../log/v3/commands/node-command.ts';
import { findRecoveryStart } from '../log/v3/recovery-start.ts';
import type { DecodedTransaction } from '../log/v3/transaction-codec.ts';
import { StoreWriter } from '../store/build/store-writer.ts';
import { HIGH_LIMIT_FORMAT } from '../store/files/store-format.ts';
import { recoverStore } from './recovery.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'graphkeep-units-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const small: ModelNode = {
  fixed: true,
  unit: -1,
  dense: false,
  nextRel: 1,
  nextProp: -1,
  labels: [],
  labelField: 0,
  labelChain: [],
};

/** A node that does not fit into one unit. */
function large(unit: number): ModelNode {
  return { ...small, unit, fixed: false, nextRel: 2 ** 49, nextProp: 2 ** 49 + 1, labelField: 2 ** 38 };
}

function change(id: number, old: ModelNode | undefined, now: ModelNode | undefined): NodeCommand {
  const lostUnit = old !== undefined && old.unit !== now?.unit ? old.unit : -1;
  const side = { created: old === undefined, lostUnit };
  return { kind: 'node', id, before: nodeImage(old, BEFORE, []), after: nodeImage(now, side, []) };
}

function history(...changes: NodeCommand[]): DecodedTransaction[] {
  return changes.map((command, index) => ({
    start: { masterId: -1, authorId: -1, timeStarted: 1, latestCommittedWhenStarted: 1, header: new Uint8Array(8) },
    commands: [command],
    commit: { transactionId: index + 2, timeCommitted: 2 },
  }));
}

/** Recovers from each possible base: a store to which a prefix of the log was applied. */
async function checkFromEveryBase(transactions: DecodedTransaction[]): Promise<MemoryStore> {
  await new StoreWriter(join(folder, 'empty'), { format: HIGH_LIMIT_FORMAT }).finish();
  const empty = MemoryStore.load(join(folder, 'empty'));
  const expected = empty.clone().applyAll(transactions);
  for (let applied = 0; applied <= transactions.length; applied++) {
    const store = join(folder, `store-${applied}`);
    const scratch = join(folder, `scratch-${applied}`);
    for (const path of [store, scratch]) mkdirSync(path);
    empty.clone().applyAll(transactions.slice(0, applied)).write(store);
    await writeHistoryLog(store, transactions, new Dice(applied), -1);
    const start = findRecoveryStart(store).position!;
    await recoverStore(store, { start, storeIsExact: false, budgetBytes: 0, scratch });
    expect(differences(MemoryStore.load(store), expected), `base ${applied}`).toEqual([]);
  }
  return expected;
}

test('a second unit takes the higher id of a record that was deleted', async () => {
  const changes = [change(7, undefined, small), change(7, small, undefined), change(3, undefined, large(7))];
  const end = await checkFromEveryBase(history(...changes));
  expect(end.record('node', 3)).toMatchObject({ inUse: true, secondaryUnit: 7, nextProp: 2 ** 49 + 1 });
});

test('a record takes the lower id of a second unit whose record was deleted', async () => {
  const changes = [change(9, undefined, large(5)), change(9, large(5), undefined), change(5, undefined, small)];
  const end = await checkFromEveryBase(history(...changes));
  expect(end.record('node', 5)).toMatchObject({ inUse: true, nextRel: 1 });
});

test('a second unit that was given up is free, wherever the copy saw it', async () => {
  const changes = [change(2, undefined, small), change(2, small, large(4)), change(2, large(4), small)];
  const end = await checkFromEveryBase(history(...changes));
  expect(end.record('node', 2)).toMatchObject({ inUse: true, secondaryUnit: -1 });
});
