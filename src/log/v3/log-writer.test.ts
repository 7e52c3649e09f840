import {
  closeSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { corpusPath } from '../../../test/support/corpus/unpack-corpus.ts';
import { logFileName } from '../log-files.ts';
import { LogReader } from './log-reader.ts';
import { cutLog, LogWriter } from './log-writer.ts';
import { findRecoveryStart } from './recovery-start.ts';
import { type DecodedTransaction, decodeTransaction } from './transaction-codec.ts';

const corpus = (folder: string) => corpusPath(`txlogs/${folder}`);

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'graphkeep-writer-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const file = (version: number) => join(directory, logFileName(version));

function transaction(transactionId: number): DecodedTransaction {
  const start = {
    masterId: -1,
    authorId: -1,
    timeStarted: 1,
    latestCommittedWhenStarted: transactionId - 1,
    header: Buffer.alloc(8),
  };
  return {
    start,
    commands: [{ kind: 'nodeCounts', label: -1, delta: 1 }],
    commit: { transactionId, timeCommitted: 2 },
  };
}

describe('LogWriter', () => {
  for (const folder of ['small-3.5.34', 'small-3.4.9', 'diverse-3.4.9-highlimit', 'diverse-3.5.34-standard']) {
    it(`LogWriter rewrites ${folder} from objects byte by byte, including rotations and check points`, async () => {
      using reader = new LogReader(corpus(folder));
      let writer: LogWriter | undefined;
      for (const item of reader) {
        const version = item.kind === 'transaction' ? item.version : item.at.version;
        writer ??= LogWriter.create(directory, version, 1);
        if (writer.position.version !== version) await writer.rotate();
        if (item.kind === 'checkPoint') writer.appendCheckPoint(item.target);
        else writer.appendTransaction(decodeTransaction(item.buffer, item.start, item.end));
      }
      writer?.close();
      for (const name of readdirSync(corpus(folder)).filter((each) => each.startsWith('neostore'))) {
        expect(readFileSync(join(directory, name)).equals(readFileSync(join(corpus(folder), name)))).toBe(true);
      }
    });
  }

  it('LogWriter buffers, flushes and continues at the end of a log', async () => {
    const writer = LogWriter.create(directory, 3, 41);
    writer.appendTransaction(transaction(42));
    expect(readFileSync(file(3)).length).toBe(0);
    writer.flush();
    expect(readFileSync(file(3)).length).toBe(writer.position.offset);
    await writer.force();
    writer.appendCheckPoint();
    writer.close();
    const end = findRecoveryStart(directory).lastGoodEnd!;
    const again = LogWriter.open(directory, end, 42);
    again.appendTransaction(transaction(43));
    again.forceNow();
    again.close();
    using reader = new LogReader(directory);
    expect([...reader].map((item) => item.kind)).toEqual(['transaction', 'checkPoint', 'transaction']);
    expect(findRecoveryStart(directory)).toMatchObject({ needed: true, transactions: 1 });
  });

  it('LogWriter appends raw bytes of any size and rewrites the header', () => {
    const raw = readFileSync(join(corpus('diverse-3.5.34-standard'), logFileName(0)));
    const writer = LogWriter.create(directory, 0, 77);
    for (let i = 0; i < 4; i++) writer.appendRaw(raw.subarray(16 + i * 1000, 16 + (i + 1) * 1000));
    writer.appendRaw(raw.subarray(4016), 213);
    writer.rewriteHeader(1);
    expect(writer.lastTransaction).toBe(213);
    writer.close();
    expect(readFileSync(file(0)).equals(raw)).toBe(true);
    const large = LogWriter.create(directory, 1, 213);
    large.appendRaw(Buffer.alloc(2_000_000, 1));
    expect(large.position).toEqual({ version: 1, offset: 2_000_016 });
    large.close();
  });

  it('LogWriter refuses anything that would damage a log', async () => {
    const writer = LogWriter.create(directory, 0, 1);
    expect(() => LogWriter.create(directory, 0, 1)).toThrow(expect.objectContaining({ code: 'file.io' }));
    expect(() => writer.appendTransaction(transaction(3))).toThrow('transaction 2 must be appended next');
    writer.appendTransaction(transaction(2));
    writer.close();
    expect(() => writer.flush()).toThrow('closed');
    const end = { version: 0, offset: readFileSync(file(0)).length };
    writeFileSync(file(0), 'tail', { flag: 'a' });
    expect(() => LogWriter.open(directory, end)).toThrow('does not end where');
    await cutLog(directory, end);
    const again = LogWriter.open(directory, end);
    await expect(again.rotate()).rejects.toThrow('not known');
    again.close();
  });

  it('LogWriter keeps what is appended while it rotates, and while it flushes', async () => {
    const writer = LogWriter.create(directory, 0, 1);
    let id = 2;
    const append = () => writer.appendTransaction(transaction(id++));
    for (let round = 0; round < 5; round++) {
      append();
      const forcing = writer.force();
      append();
      await forcing;
      append();
      const rotating = writer.rotate();
      append();
      await rotating;
      append();
    }
    writer.close();
    const ids = [...new LogReader(directory)].flatMap((item) =>
      item.kind === 'transaction' ? [item.transactionId] : [],
    );
    expect(ids).toEqual(Array.from({ length: 25 }, (_, index) => index + 2));
    expect(existsSync(file(5))).toBe(true);
  });

  it('LogWriter refuses everything after a failed write', () => {
    const writer = LogWriter.create(directory, 0, 1);
    writer.flush();
    // Makes the next write fail as on a broken disk: the descriptor is gone.
    closeSync(Reflect.get(writer, 'descriptor'));
    writer.appendRaw(Buffer.alloc(1));
    expect(() => writer.flush()).toThrow(expect.objectContaining({ code: 'file.io', place: { file: file(0) } }));
    expect(() => writer.appendRaw(Buffer.alloc(1))).toThrow('closed or failed');
  });

  it('LogWriter cuts the log at a position and removes what follows', async () => {
    for (const version of [0, 1, 2]) {
      writeFileSync(file(version), readFileSync(join(corpus('small-3.5.34'), logFileName(version))));
    }
    await cutLog(directory, { version: 1, offset: 16223 });
    expect(existsSync(file(2))).toBe(false);
    expect(readFileSync(file(1)).length).toBe(16223);
    expect(findRecoveryStart(directory)).toMatchObject({ needed: false, lastGoodEnd: { version: 1, offset: 16223 } });
    truncateSync(file(1), 16200);
    await expect(cutLog(join(directory, 'missing'), { version: 0, offset: 16 })).rejects.toThrow();
  });
});
