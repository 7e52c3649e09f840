import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeTemporaryDirectory, removeDirectory } from '../../../test/support/corpus/unpack-corpus.ts';
import { readCheckPoints } from '../../../test/support/modern/all-check-points.ts';
import {
  type ExpectedLog,
  type ExpectedTransaction,
  expectedLog,
  modernDatabases,
  modernLogs,
  UNREADABLE_LOG,
  unpackModernDatabase,
  unpackModernLog,
} from '../../../test/support/modern/modern-corpus.ts';
import type { LogPosition } from '../log-position.ts';
import { LogFileSet } from '../log-source.ts';
import { type LoggedCheckPoint, readLastCheckPoint } from './check-points/check-point-log.ts';
import { type ModernLogHeader, readModernLogHeader } from './fields/log-header.ts';
import type { LoggedTransaction } from './fields/logged-transaction.ts';
import { TransactionReader } from './transaction-reader.ts';

let scratch: string;
beforeAll(async () => {
  scratch = await makeTemporaryDirectory();
});
afterAll(() => removeDirectory(scratch));

const place = ({ version, offset }: LogPosition): [number, number] => [version, offset];
/** The notation of the corpus has null where a field is absent, and leaves some out. */
const known = (value: number | null | undefined) => value ?? undefined;

function noteHeader(header: ModernLogHeader) {
  const { format, version, last, dataStart, storeId, envelopes } = header;
  return {
    fmt: format,
    ver: version,
    last,
    size: dataStart,
    storeid: storeId.toString('hex'),
    seg: envelopes?.segmentBytes,
    prevcrc: envelopes?.previousChecksum,
    kv: envelopes?.kernelVersion,
  };
}

function noteTransaction(transaction: LoggedTransaction, like: ExpectedTransaction) {
  const only = <T>(name: keyof ExpectedTransaction, value: T) =>
    known(like[name] as number) === undefined ? undefined : value;
  return {
    id: transaction.id,
    committed: transaction.commitTime,
    checksum: transaction.checksum,
    start: place(transaction.start),
    end: place(transaction.end),
    appendIndex: transaction.appendIndex,
    previousChecksum: transaction.previousChecksum,
    kernelVersion: only('kernelVersion', transaction.kernelVersion),
    started: only('started', transaction.startTime),
    lastCommittedWhenStarted: only('lastCommittedWhenStarted', transaction.lastCommittedWhenStarted),
  };
}

function noteCheckPoint(record: LoggedCheckPoint) {
  return {
    file: record.file,
    offset: record.start,
    end: record.end,
    version: record.kernelVersion,
    position: place(record.position),
    oldestNotCompleted: place(record.oldestOpen),
    time: record.time,
    txId: record.transaction?.id ?? null,
    appendIndex: record.lastAppendIndex ?? null,
    reason: record.reason,
  };
}

async function expectAsRecorded(directory: string, expected: ExpectedLog): Promise<void> {
  const files = new LogFileSet(directory);
  try {
    for (const { header } of expected.files) {
      const { seg, prevcrc, kv, term: _, ...rest } = header;
      expect(noteHeader(readModernLogHeader(files, header.ver)!)).toMatchObject({ ...rest, seg, prevcrc, kv });
    }
    const reader = new TransactionReader(files);
    const found: LoggedTransaction[] = [];
    for await (const transaction of reader) found.push(transaction);
    const noted = found.map((transaction, index) => noteTransaction(transaction, expected.transactions[index]!));
    expect(noted).toEqual(
      expected.transactions.map(
        ({ appendIndex, previousChecksum, kernelVersion, started, lastCommittedWhenStarted, ...rest }, index) => ({
          ...rest,
          appendIndex: known(appendIndex),
          // Not every recorded log says it.
          previousChecksum: previousChecksum === undefined ? noted[index]?.previousChecksum : known(previousChecksum),
          kernelVersion: known(kernelVersion),
          started: known(started),
          lastCommittedWhenStarted: known(lastCommittedWhenStarted),
        }),
      ),
    );
    for (const { startTime, commitTime } of found) expect(commitTime - startTime).toBeLessThan(60_000);
    for (const { startTime, commitTime } of found) expect(commitTime - startTime).toBeGreaterThanOrEqual(-1000);
    expect(place(reader.tail.end)).toEqual(expected.end);
    expect(readCheckPoints(directory).map(noteCheckPoint)).toEqual(expected.checkpoints);
    expect(readLastCheckPoint(directory)).toEqual(readCheckPoints(directory).at(-1));
  } finally {
    files.close();
  }
}

describe('the logs of real servers', () => {
  it.each(modernLogs)('every transaction and check point of the log of %s is found', async (name) => {
    await expectAsRecorded(await unpackModernLog(name, scratch), expectedLog(name));
  });

  it.each(modernDatabases)('every transaction and check point beside the database %s is found', async (name) => {
    const home = await unpackModernDatabase(name, scratch);
    await expectAsRecorded(join(home, 'data', 'transactions', 'neo4j'), expectedLog(name, 'databases'));
  });

  it('a log of 4.1 is refused, whose check points are inside', async () => {
    const files = new LogFileSet(await unpackModernLog(UNREADABLE_LOG, scratch));
    await expect(new TransactionReader(files)[Symbol.asyncIterator]().next()).rejects.toMatchObject({
      code: 'store.format',
      message: expect.stringContaining('4.0 or 4.1'),
    });
    files.close();
  });
});
