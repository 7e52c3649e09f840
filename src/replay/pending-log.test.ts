import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  type GeneratedHistory,
  generateHistory,
  readSimpleGraph,
  type SimpleGraph,
} from '../../test/support/history/generated-history.ts';
import { appendHistory, PENDING } from '../../test/support/stores/pending-store.ts';
import { LabelScanReader } from '../../test/support/trees/label-scan-reader.ts';
import { logFileName } from '../log/log-files.ts';
import { beginningOf, LOG_HEADER_BYTES } from '../log/v3/log-header.ts';
import { LogWriter } from '../log/v3/log-writer.ts';
import { findRecoveryStart } from '../log/v3/recovery-start.ts';
import { patchMetadataIn } from '../store/files/neostore-metadata.ts';
import { LABEL_SCAN_FILE } from '../store/files/store-files.ts';
import { bringLabelScanUpToDate, storedLabels } from './derived/label-scan-file.ts';
import type { ApplyOptions } from './log-application.ts';
import { findPendingLog } from './pending-log.ts';
import { recoverStore } from './recovery.ts';

/** The last transaction before the check point, the one after it that changes an explicit index, and the last one of all. */
const CHECK_POINT = PENDING.first - 1;
const LAST = 60;
const NEXT_LOG = 1;

const parent = mkdtempSync(join(tmpdir(), 'graphkeep-pending-'));
const template = join(parent, 'template');
const folder = join(parent, 'store');
const scratch = join(parent, 'scratch');
let history: GeneratedHistory;

afterAll(() => rmSync(parent, { recursive: true }));

/** A backup with a check point after transaction {@link CHECK_POINT}. */
beforeAll(async () => {
  mkdirSync(scratch);
  // So few nodes that whole ranges of the label scan store come and go.
  history = await generateHistory(template, { nodes: 3, transactions: LAST - 1, changes: 2, seed: 3 });
  const writer = LogWriter.create(template, 0, 1);
  appendHistory(writer, history, 2, CHECK_POINT);
  writer.close();
  const start = { version: 0, offset: LOG_HEADER_BYTES };
  await recoverStore(template, { start, storeIsExact: true, budgetBytes: 1 << 20, scratch });
});

beforeEach(() => {
  rmSync(folder, { recursive: true, force: true });
  cpSync(template, folder, { recursive: true });
  const writer = LogWriter.create(folder, NEXT_LOG, CHECK_POINT);
  appendHistory(writer, history, CHECK_POINT + 1, 30);
  writer.close();
});

const replay = (options: Partial<ApplyOptions> = {}) =>
  recoverStore(folder, {
    start: { version: NEXT_LOG, offset: LOG_HEADER_BYTES },
    storeIsExact: true,
    budgetBytes: 1 << 20,
    scratch,
    ...options,
  });

function readLabelScan(): number[] {
  const reader = new LabelScanReader(join(folder, LABEL_SCAN_FILE));
  const nodes: number[] = [];
  try {
    reader.seek(0);
    while (reader.next()) {
      const bits = (BigInt(reader.high) << 32n) | BigInt(reader.low);
      for (let bit = 0; bit < 64; bit++) if ((bits >> BigInt(bit)) & 1n) nodes.push(reader.range * 64 + bit);
    }
  } finally {
    reader.close();
  }
  return nodes;
}

const labelled = (graph: SimpleGraph) =>
  [...graph]
    .filter(([, node]) => node.labelled)
    .map(([id]) => id)
    .sort((a, b) => a - b);

describe('a log that is left to the server', () => {
  it('a log left to the server is applied to the records, while the label scan store stays as of the check point', async () => {
    const before = labelled(history.graphAt(CHECK_POINT));
    expect(before).not.toEqual(labelled(history.graphAt(30)));
    expect(readLabelScan()).toEqual(before);
    expect((await replay()).pendingFrom).toBe(CHECK_POINT + 1);
    expect(readSimpleGraph(folder)).toEqual(history.graphAt(30));
    expect(readLabelScan()).toEqual(before);
    expect(findPendingLog(folder)).toEqual({ first: CHECK_POINT + 1, last: 30 });
  });

  it('a log left to the server may grow, and the label scan store still stays', async () => {
    await replay();
    const writer = LogWriter.create(folder, NEXT_LOG + 1, 30);
    const start = writer.position;
    appendHistory(writer, history, 31, LAST);
    writer.close();
    await replay({ start, leavePending: true });
    expect(readSimpleGraph(folder)).toEqual(history.graphAt(LAST));
    expect(readLabelScan()).toEqual(labelled(history.graphAt(CHECK_POINT)));
    expect(findPendingLog(folder)).toEqual({ first: CHECK_POINT + 1, last: LAST });
  });

  it.each([1 << 20, 0])(
    'a label scan store ahead of the check point is taken back, if memory (%d) allows',
    async (budgetBytes) => {
      await replay();
      await bringLabelScanUpToDate(folder, 'rebuild', storedLabels(folder), scratch);
      const ahead = labelled(history.graphAt(30));
      expect(readLabelScan()).toEqual(ahead);
      await replay({ storeIsExact: false, budgetBytes });
      expect(readLabelScan()).toEqual(budgetBytes === 0 ? ahead : labelled(history.graphAt(CHECK_POINT)));
    },
  );

  it('a missing label scan store is restored as of the check point, or the log is refused', async () => {
    await replay();
    rmSync(join(folder, LABEL_SCAN_FILE));
    await expect(replay({ storeIsExact: false, budgetBytes: 0 })).rejects.toMatchObject({ code: 'file.corrupt' });
    await replay({ storeIsExact: false });
    expect(readLabelScan()).toEqual(labelled(history.graphAt(CHECK_POINT)));
  });
});

describe('a full copy that is left to the server', () => {
  beforeEach(() => {
    // As a server of which the first logs are pruned sends it: transactions from the check point on, and no entry for it.
    rmSync(folder, { recursive: true });
    cpSync(template, folder, { recursive: true });
    rmSync(join(folder, logFileName(0)));
    const writer = LogWriter.create(folder, 5, CHECK_POINT);
    appendHistory(writer, history, CHECK_POINT + 1, 30);
    writer.close();
  });

  it('a full copy left to the server gets a check point to recover from, at the beginning of its log', async () => {
    const start = beginningOf(5);
    await replay({ start, storeIsExact: false });
    expect(findRecoveryStart(folder)).toMatchObject({
      needed: true,
      position: start,
      transactions: 30 - CHECK_POINT,
      lastTransaction: { transactionId: 30 },
    });
    expect(findPendingLog(folder)).toEqual({ first: CHECK_POINT + 1, last: 30 });
    // Again, as after a kill: no second one.
    const bytes = readFileSync(join(folder, logFileName(5)));
    await replay({ start, storeIsExact: false });
    expect(readFileSync(join(folder, logFileName(5))).equals(bytes)).toBe(true);
    expect(findPendingLog(folder)).toEqual({ first: CHECK_POINT + 1, last: 30 });
    // An incremental continues after it, and all still waits from the beginning.
    const writer = LogWriter.create(folder, 6, 30);
    appendHistory(writer, history, 31, LAST);
    writer.close();
    await replay({ start: beginningOf(6), leavePending: true });
    expect(findRecoveryStart(folder)).toMatchObject({ position: start, transactions: LAST - CHECK_POINT });
    expect(findPendingLog(folder)).toEqual({ first: CHECK_POINT + 1, last: LAST });
  });
});

it('an incremental on a log of the first version gets no check point: all of it waits from its beginning', async () => {
  rmSync(folder, { recursive: true });
  cpSync(template, folder, { recursive: true });
  rmSync(join(folder, logFileName(0)));
  const first = LogWriter.create(folder, 0, CHECK_POINT);
  appendHistory(first, history, CHECK_POINT + 1, 30);
  first.close();
  await replay({ start: beginningOf(0), storeIsExact: false });
  const next = LogWriter.create(folder, 1, 30);
  appendHistory(next, history, 31, LAST);
  next.close();
  await replay({ start: beginningOf(1), leavePending: true });
  expect(findRecoveryStart(folder)).toMatchObject({ lastCheckPoint: undefined, position: beginningOf(0) });
  expect(findPendingLog(folder)).toEqual({ first: CHECK_POINT + 1, last: LAST });
});

describe('a log is not taken for one that is left to the server', () => {
  beforeEach(async () => {
    await replay();
  });

  it('a log does not count as left to the server before it was applied, or if more has come', () => {
    patchMetadataIn(folder, { lastTransactionId: 29 });
    expect(findPendingLog(folder)).toBeUndefined();
  });

  it('a log does not count as left to the server if a server has worked since', () => {
    writeFileSync(join(folder, 'neostore.nodestore.db.id'), '');
    expect(findPendingLog(folder)).toBeUndefined();
  });

  it('a log does not count as left to the server without changes of explicit indexes, or without transactions after the check point', async () => {
    expect(findPendingLog(template)).toBeUndefined();
  });
});
