import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  dirtyStores,
  expectedRecovered,
  noteCounts,
  noteExpected,
  noteGraph,
  plainCounts,
  unpackStore,
} from '../../test/support/corpus/golden-store.ts';
import { makeTemporaryDirectory, removeDirectory } from '../../test/support/corpus/unpack-corpus.ts';
import { findRecoveryStart } from '../log/v3/recovery-start.ts';
import { readLiveCounts } from '../store/counts/counts-store.ts';
import { recountStore } from '../store/counts/recount.ts';
import { StoreReader } from '../store/graph/store-reader.ts';
import { type Recovery, recoverStore } from './recovery.ts';

const BUDGETS = [64 << 20, 0];
const cases = dirtyStores.flatMap((name) => BUDGETS.map((budgetBytes) => ({ name, budgetBytes })));

describe.each(cases)('$name, recovered with a budget of $budgetBytes bytes', ({ name, budgetBytes }) => {
  const expected = expectedRecovered(name);
  let temporary: string;
  let recovery: Recovery;
  let reader: StoreReader;

  beforeAll(async () => {
    temporary = await makeTemporaryDirectory();
    const folder = await unpackStore(name, temporary, 'recovery');
    const scratch = join(temporary, 'scratch');
    mkdirSync(scratch);
    const start = findRecoveryStart(folder).position!;
    recovery = await recoverStore(folder, { start, storeIsExact: false, budgetBytes, scratch });
    reader = new StoreReader(folder);
  });
  afterAll(async () => {
    reader.close();
    await removeDirectory(temporary);
  });

  it('a recovered store has the graph that the server recovered', () => {
    const [found, wanted] = [noteGraph(reader), noteExpected(expected)];
    for (const part of Object.keys(wanted) as (keyof typeof wanted)[]) expect(found[part], part).toEqual(wanted[part]);
  });

  it('a recovered store has the counts of the server', async () => {
    const { counts } = readLiveCounts(reader.directory)!;
    expect(counts.txId).toBe(recovery.lastTransaction);
    expect(noteCounts(counts, reader, expected.counts)).toEqual(expected.counts);
    expect(plainCounts(await recountStore(reader))).toEqual(plainCounts(counts));
  });

  it('a recovered store needs no more recovery, unless explicit indexes are left to the server', () => {
    expect(recovery.transactions).toBeGreaterThan(0);
    expect(findRecoveryStart(reader.directory).needed).toBe(recovery.pendingFrom !== undefined);
    expect(reader.metadata.lastTransactionId).toBe(recovery.lastTransaction);
  });
});
