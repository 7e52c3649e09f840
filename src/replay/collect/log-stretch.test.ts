import { mkdtempSync, rmSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { GraphkeepError } from '../../base/errors.ts';
import { logFileName } from '../../log/log-files.ts';
import type { LogPosition } from '../../log/log-position.ts';
import { LOG_HEADER_BYTES } from '../../log/v3/log-header.ts';
import { LogWriter } from '../../log/v3/log-writer.ts';
import { LogImages } from './log-images.ts';
import { StretchReader } from './log-stretch.ts';

let folder: string;
/** The end of each transaction, by its id. */
let ends: Map<number, LogPosition>;
const NOTHING_IN_MEMORY = 0;
const ALL_IN_MEMORY = 1 << 20;
const start = { version: 0, offset: LOG_HEADER_BYTES };

/** Transactions 2 to 9, four per file, with a check point after transaction 4. */
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'graphkeep-stretch-'));
  ends = new Map();
  const writer = LogWriter.create(folder, 0, 1);
  for (let transactionId = 2; transactionId < 10; transactionId++) {
    if (transactionId === 6) await writer.rotate();
    writer.appendTransaction({
      start: { masterId: -1, authorId: -1, timeStarted: 1, latestCommittedWhenStarted: 1, header: Buffer.alloc(8) },
      commands: [{ kind: 'nodeCounts', label: 0, delta: 1 }],
      commit: { transactionId, timeCommitted: 2 },
    });
    ends.set(transactionId, writer.position);
    if (transactionId === 4) writer.appendCheckPoint();
  }
  writer.close();
});
afterEach(() => rmSync(folder, { recursive: true }));

/** The stretch as read from memory and from disk, which must agree, including errors. */
function read(end: LogPosition | undefined, from: LogPosition = start): { ids: number[]; position: LogPosition } {
  const outcomes = [NOTHING_IN_MEMORY, ALL_IN_MEMORY].map((budgetBytes) => attempt(end, from, budgetBytes));
  expect(outcomes[1]).toEqual(outcomes[0]);
  const [outcome] = outcomes;
  if (outcome instanceof Error) throw outcome;
  return outcome!;
}

function attempt(end: LogPosition | undefined, from: LogPosition, budgetBytes: number) {
  const stretch = { folder, start: from, end };
  const images = new LogImages(stretch, budgetBytes);
  try {
    expect(images.contentOf(from.version) === undefined).toBe(budgetBytes === NOTHING_IN_MEMORY);
    const reader = new StretchReader(stretch, images);
    const ids: number[] = [];
    for (let item = reader.next(); item !== undefined; item = reader.next()) ids.push(item.transactionId);
    expect(reader.next()).toBeUndefined();
    return { ids, position: reader.position };
  } catch (error) {
    if (!(error instanceof GraphkeepError)) throw error;
    return error;
  } finally {
    images.dispose();
  }
}

test.each([2, 3, 4, 5, 6, 9])('a stretch ends where it says, whatever the log holds after it (%d)', (last) => {
  const end = ends.get(last)!;
  const expected = Array.from({ length: last - 1 }, (_, i) => i + 2);
  expect(read(end)).toEqual({ ids: expected, position: end });
});

test('a stretch without an end is the rest of the log', () => {
  expect(read(undefined, ends.get(3))).toEqual({ ids: [4, 5, 6, 7, 8, 9], position: ends.get(9) });
});

test('a stretch may be empty, and end at the beginning of a file', () => {
  expect(read(ends.get(4), ends.get(4)).ids).toEqual([]);
  expect(read({ version: 1, offset: LOG_HEADER_BYTES }).ids).toEqual([2, 3, 4, 5]);
});

test('an end inside a transaction, or after the log, is refused', () => {
  const inside = { version: 0, offset: ends.get(3)!.offset + 5 };
  expect(() => read(inside)).toThrow('the log ends before');
  expect(() => read({ version: 1, offset: ends.get(9)!.offset + 1 })).toThrow('the log ends before');
  const end = ends.get(9)!;
  truncateSync(join(folder, logFileName(1)), end.offset - 1);
  expect(() => read(end)).toThrow('the log ends before');
});
