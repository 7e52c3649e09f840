import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { campaign } from '../../../test/support/random/campaign-size.ts';
import { logFileName } from '../log-files.ts';
import type { LogPosition } from '../log-position.ts';
import { LogFileSet } from '../log-source.ts';
import { findCommit } from './commit-search.ts';
import { encodeLogHeader } from './log-header.ts';
import { encodeTransaction } from './transaction-codec.ts';
import { findTransactionAfter } from './transaction-search.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'graphkeep-search-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

function transaction(transactionId: number, header: Uint8Array): Buffer {
  const start = {
    masterId: -1,
    authorId: -1,
    timeStarted: 1,
    latestCommittedWhenStarted: transactionId - 1,
    header,
  };
  return encodeTransaction({ start, commands: [], commit: { transactionId, timeCommitted: 2 } }).toBuffer();
}

/** Writes a log with transactions from 2 on, and returns where each begins, by its id. `headers`: 0 begins a new file. */
function writeLog(headers: readonly (Uint8Array | 0)[]): Map<number, LogPosition> {
  const begins = new Map<number, LogPosition>();
  let version = 0;
  let id = 2;
  let pieces: Buffer[] = [encodeLogHeader({ version: 0, previousTransaction: 1 })];
  const lengthOf = () => pieces.reduce((sum, piece) => sum + piece.length, 0);
  const end = () => writeFileSync(join(directory, logFileName(version)), Buffer.concat(pieces));
  for (const header of headers) {
    if (header === 0) {
      end();
      version++;
      pieces = [encodeLogHeader({ version, previousTransaction: id - 1 })];
      continue;
    }
    begins.set(id, { version, offset: lengthOf() });
    pieces.push(transaction(id++, header));
  }
  end();
  return begins;
}

/** Counts the bytes that are read of a log. */
class CountedLog extends LogFileSet {
  bytes = 0;

  override read(version: number, buffer: Buffer, at: number, length: number, position: number): number {
    const count = super.read(version, buffer, at, length, position);
    this.bytes += count;
    return count;
  }
}

const signal = new AbortController().signal;

it('every transaction of any log is found where it begins', async () => {
  const header = fc.uint8Array({ maxLength: 40 });
  const forged = fc.integer({ min: 2, max: 40 }).map((id) => {
    const whole = transaction(id, new Uint8Array(8));
    return new Uint8Array(Buffer.concat([whole.subarray(-18), transaction(id + 1, new Uint8Array(8)), whole]));
  });
  const piece = fc.oneof({ weight: 8, arbitrary: header }, { weight: 4, arbitrary: forged }, fc.constant(0 as const));
  await fc.assert(
    fc.asyncProperty(fc.array(piece, { minLength: 1, maxLength: 40 }), async (pieces) => {
      rmSync(directory, { recursive: true });
      directory = mkdtempSync(join(tmpdir(), 'graphkeep-search-'));
      const begins = writeLog(pieces);
      const log = new LogFileSet(directory);
      try {
        for (const [id, begin] of begins) {
          expect(await findTransactionAfter(log, id - 1, signal)).toEqual({ kind: 'found', begin });
        }
        const newest = 1 + begins.size;
        expect(await findTransactionAfter(log, newest + 1, signal)).toMatchObject({ kind: 'not-yet' });
      } finally {
        log.close();
      }
    }),
    { numRuns: campaign.rounds(200, 25) },
  );
});

it('only the end of a long log is read for a transaction near its end', async () => {
  const count = 12_000;
  const begins = writeLog(Array.from({ length: count }, () => new Uint8Array(450)));
  const log = new CountedLog(directory);
  try {
    const id = count - 5;
    expect(await findTransactionAfter(log, id - 1, signal)).toEqual({ kind: 'found', begin: begins.get(id) });
    expect(log.sizeOf(0)).toBeGreaterThan(5 << 20);
    expect(log.bytes).toBeLessThan(2 << 20);
    expect(findCommit(log, 0, 100)).toEqual(begins.get(101));
    expect(findCommit(log, 0, count + 100)).toBeUndefined();
  } finally {
    log.close();
  }
});
