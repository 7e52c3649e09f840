import { copyFileSync, cpSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { corpusPath } from '../../../test/support/corpus/unpack-corpus.ts';
import { campaign } from '../../../test/support/random/campaign-size.ts';
import { ByteWriter } from '../../base/byte-writer.ts';
import { logFileName } from '../log-files.ts';
import { LogFileSet } from '../log-source.ts';
import { encodeCheckPointEntry } from './entries/check-point-entry.ts';
import { encodeLogHeader } from './log-header.ts';
import { LogReader, type LogReaderOptions } from './log-reader.ts';
import type { LogItem } from './log-transaction.ts';
import { encodeTransaction } from './transaction-codec.ts';

const corpus = (folder: string) => corpusPath(`txlogs/${folder}`);

// biome-ignore lint/suspicious/noExplicitAny: the expected decodings are free-form JSON
type Json = any;

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'graphkeep-log-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const file = (version: number) => join(directory, logFileName(version));
const header = (version: number, previousTransaction: number) => encodeLogHeader({ version, previousTransaction });

/** A transaction with `deltas` counts commands: 56 bytes, plus 15 for each command. */
function transaction(transactionId: number, deltas = 0): Buffer {
  const start = {
    masterId: -1,
    authorId: -1,
    timeStarted: 1000,
    latestCommittedWhenStarted: transactionId - 1,
    header: Buffer.alloc(8, transactionId),
  };
  const commands = Array.from({ length: deltas }, (_, label) => ({ kind: 'nodeCounts' as const, label, delta: 1 }));
  return encodeTransaction({ start, commands, commit: { transactionId, timeCommitted: 2000 } }).toBuffer();
}

function checkPoint(version: number, offset: number): Buffer {
  const writer = new ByteWriter();
  encodeCheckPointEntry(writer, { version, offset });
  return writer.toBuffer();
}

function describeItem(item: LogItem): Json {
  if (item.kind === 'checkPoint') return { checkPoint: item.target, at: item.at, end: item.endOffset };
  return {
    tx: item.transactionId,
    version: item.version,
    from: item.startOffset,
    to: item.endOffset,
    checksum: item.checksum.toString(),
    started: item.timeStarted,
    committed: item.timeCommitted,
    latest: item.latestCommittedWhenStarted,
    header: item.additionalHeader.toString('hex'),
  };
}

function readAll(options: LogReaderOptions = {}, from = directory): Json[] {
  using reader = new LogReader(from, options);
  return describeAll(reader);
}

/** Described one by one: the bytes of a transaction are valid only until the reader moves on. */
function describeAll(reader: LogReader): Json[] {
  return Array.from(reader, describeItem);
}

/** The items in the expected decoding of a folder. */
function expectedItems(folder: string): Json[] {
  const json: Json = JSON.parse(gunzipSync(readFileSync(`${corpus(folder)}/entries.json.gz`)).toString());
  const items: Json[] = [];
  for (const log of json.files) {
    let start: Json;
    const { version } = log.header;
    for (const entry of log.entries) {
      const end = entry.off + entry.len;
      if (entry.e === 'start') start = entry;
      if (entry.e === 'checkpoint') {
        const target = { version: entry.logVersion, offset: entry.offset };
        items.push({ checkPoint: target, at: { version, offset: entry.off }, end });
      }
      if (entry.e !== 'commit') continue;
      items.push({
        tx: entry.tx,
        version,
        from: start.off,
        to: end,
        checksum: start.checksum,
        started: start.time,
        committed: entry.time,
        latest: start.latestTx,
        header: start.header,
      });
    }
  }
  return items;
}

describe('LogReader on logs of real servers', () => {
  for (const folder of ['diverse-3.5.34-standard', 'diverse-3.4.9-highlimit', 'small-3.5.34', 'small-3.4.9']) {
    for (const windowBytes of [64, 1000, 1 << 20]) {
      it(`LogReader reads ${folder} with a window of ${windowBytes} bytes`, () => {
        expect(readAll({ windowBytes }, corpus(folder))).toEqual(expectedItems(folder));
      });
    }
  }

  it('LogReader begins in the middle, even at the very end of a file', () => {
    const all = expectedItems('small-3.5.34');
    const second = all.filter((item) => item.version === 1 || item.at?.version === 1);
    const third = all.filter((item) => item.version === 2);
    expect(readAll({ from: { version: 1, offset: second[0].to } }, corpus('small-3.5.34'))).toEqual([
      ...second.slice(1),
      ...third,
    ]);
    expect(readAll({ from: { version: 1, offset: 22677 } }, corpus('small-3.5.34'))).toEqual(third);
    expect(readAll({ from: { version: 1, offset: 16 }, through: 1 }, corpus('small-3.5.34'))).toEqual(second);
  });

  it('LogReader ends before a torn tail', () => {
    using reader = new LogReader(corpus('torn'));
    const items = describeAll(reader);
    expect(items).toEqual(expectedItems('torn'));
    expect(reader.position).toEqual({ version: 2, offset: items.at(-1).to });
    expect(reader.tornBytes).toBe(26992 - items.at(-1).to);
  });
});

describe('LogReader at the end of the log', () => {
  it('LogReader treats every cut of the newest file as the end', () => {
    const bytes = Buffer.concat([header(0, 1), transaction(2, 3), checkPoint(0, 16), transaction(3, 1)]);
    const ends = [16, 16 + transaction(2, 3).length];
    ends.push(ends[1]! + 18, bytes.length);
    for (const cut of campaign.places(0, bytes.length)) {
      writeFileSync(file(0), bytes.subarray(0, cut));
      using reader = new LogReader(directory);
      const items = [...reader];
      expect(items.length).toBe(ends.filter((end) => end > 16 && end <= cut).length);
      const good = Math.max(16, ...ends.filter((end) => end <= cut));
      expect(reader.position).toEqual({ version: 0, offset: good });
      expect(reader.tornBytes).toBe(Math.max(0, cut - good));
    }
  });

  it('LogReader continues when the file has grown or the next one has a header', () => {
    const third = transaction(3, 2);
    writeFileSync(file(0), Buffer.concat([header(0, 1), transaction(2)]));
    using reader = new LogReader(directory);
    expect([...reader].length).toBe(1);
    writeFileSync(file(0), third.subarray(0, 20), { flag: 'a' });
    expect(reader.next()).toBeUndefined();
    expect(reader.tornBytes).toBe(20);
    writeFileSync(file(1), header(1, 3).subarray(0, 15));
    expect(reader.next()).toBeUndefined();
    writeFileSync(file(0), third.subarray(20), { flag: 'a' });
    writeFileSync(file(1), Buffer.concat([header(1, 3), transaction(4)]));
    expect(describeAll(reader)).toMatchObject([
      { tx: 3, version: 0 },
      { tx: 4, version: 1 },
    ]);
    expect(reader.lastTransaction).toBe(4);
  });

  it('LogReader waits for a file that does not exist yet', () => {
    using reader = new LogReader(directory, { from: { version: 0, offset: 16 } });
    expect(reader.next()).toBeUndefined();
    writeFileSync(file(0), Buffer.concat([header(0, 1), transaction(2)]));
    expect(reader.next()).toMatchObject({ transactionId: 2 });
  });

  it('LogReader ignores a next file without a complete header', () => {
    writeFileSync(file(0), Buffer.concat([header(0, 1), transaction(2)]));
    writeFileSync(file(1), '');
    expect(readAll()).toMatchObject([{ tx: 2 }]);
  });

  it('LogReader makes its window small again after a larger transaction', () => {
    const large = transaction(3, 5000);
    const many = Array.from({ length: 3000 }, (_, index) => transaction(4 + index));
    writeFileSync(file(0), Buffer.concat([header(0, 1), transaction(2), large, ...many]));
    using reader = new LogReader(directory, { windowBytes: 1000 });
    const sizes = Array.from(reader, (item) => (item.kind === 'transaction' ? item.buffer.length : 0));
    expect(sizes[1]).toBeGreaterThan(large.length);
    expect(sizes.at(-1)).toBe(1000);
  });

  it('LogReader reads pinned files that were unlinked', () => {
    cpSync(corpus('small-3.5.34'), directory, { recursive: true });
    const files = new LogFileSet(directory);
    files.pin();
    for (const version of [0, 1]) rmSync(file(version));
    files.pin();
    expect(files.lowest).toBe(0);
    expect(describeAll(new LogReader(files))).toEqual(expectedItems('small-3.5.34'));
    files.close();
  });

  it('LogReader reports a file that was pruned before it could be pinned', () => {
    copyFileSync(`${corpus('small-3.5.34')}/${logFileName(0)}`, file(0));
    const files = new LogFileSet(directory);
    files.pin();
    rmSync(file(0));
    copyFileSync(`${corpus('small-3.5.34')}/${logFileName(2)}`, file(2));
    expect(() => files.pin()).toThrow('removed a transaction log');
    files.close();
  });
});

describe('LogReader on damage', () => {
  const failure = (options: LogReaderOptions = {}): Json => {
    try {
      readAll(options);
    } catch (error) {
      return error;
    }
    throw new Error('no error');
  };

  it('LogReader reports a torn tail of a file that is not the newest', () => {
    cpSync(corpus('small-3.5.34'), directory, { recursive: true });
    truncateSync(file(1), 22677 - 5);
    expect(failure()).toMatchObject({ code: 'log.corrupt', place: { file: file(1) } });
  });

  it('LogReader reports a gap between ids, between files, and to the known last transaction', () => {
    writeFileSync(file(0), Buffer.concat([header(0, 1), transaction(2), transaction(4)]));
    expect(failure()).toMatchObject({ code: 'log.gap', observed: 4, place: { offset: 16 + 56 + 56 - 18 } });
    writeFileSync(file(0), Buffer.concat([header(0, 1), transaction(2)]));
    expect(failure({ lastTransaction: 2 })).toMatchObject({ code: 'log.gap', observed: 2 });
    writeFileSync(file(1), header(1, 3));
    expect(failure()).toMatchObject({ code: 'log.gap', observed: 3, place: { file: file(1), offset: 8 } });
  });

  it('LogReader refuses an id at or below the previous transaction of the file, wherever it begins', () => {
    writeFileSync(file(2), Buffer.concat([header(2, 9), transaction(10), transaction(9), transaction(10)]));
    expect(failure({ from: { version: 2, offset: 16 + 56 } })).toMatchObject({ code: 'log.gap', observed: 9 });
    expect(readAll({ from: { version: 2, offset: 16 + 112 } })).toMatchObject([{ tx: 10 }]);
  });

  it('LogReader accepts a log of the Java client whose header says 1 but continues later', () => {
    writeFileSync(file(7), Buffer.concat([header(7, 1), checkPoint(7, 16), transaction(500), transaction(501)]));
    expect(readAll()).toMatchObject([{}, { tx: 500 }, { tx: 501 }]);
  });

  it('LogReader reports a wrong header, a wrong grammar and unknown bytes with their place', () => {
    writeFileSync(file(3), header(2, 1));
    expect(failure()).toMatchObject({ code: 'log.corrupt', observed: 2, place: { file: file(3), offset: 0 } });
    rmSync(file(3));
    writeFileSync(file(0), Buffer.from(header(0, 1)).fill(7, 0, 1));
    expect(failure()).toMatchObject({ code: 'log.corrupt', observed: 7 });
    const start = transaction(2).subarray(0, 38);
    for (const [name, tail] of [
      ['start in a transaction', Buffer.concat([start, start])],
      ['check point in a transaction', Buffer.concat([start, checkPoint(0, 16)])],
      ['commit outside', transaction(2).subarray(38)],
      ['zeros, and something after them', Buffer.concat([transaction(2), Buffer.alloc(64), Buffer.from([1])])],
      ['unknown command', Buffer.concat([start, Buffer.from([0xf6, 3, 18, 0])])],
      ['unknown entry type', Buffer.from([0xf6, 9])],
    ] as const) {
      writeFileSync(file(0), Buffer.concat([header(0, 1), tail]));
      expect(failure({}), name).toMatchObject({ code: 'log.corrupt', place: { file: file(0) } });
    }
  });

  it('LogReader treats zeros at the end of the newest file as lost in a power failure', () => {
    const whole = Buffer.concat([header(0, 1), transaction(2, 20), transaction(3, 60)]);
    const firstEnd = 16 + 38 + 20 * 15 + 18;
    const zeroFrom = (offset: number) => Buffer.from(whole).fill(0, offset);
    expect(firstEnd).toBeLessThan(512);
    for (const lostFrom of [firstEnd, 512, 1024]) {
      writeFileSync(file(0), zeroFrom(lostFrom));
      const reader = new LogReader(directory);
      expect(describeAll(reader), `${lostFrom}`).toMatchObject([{ tx: 2 }]);
      expect(reader.position).toEqual({ version: 0, offset: firstEnd });
      expect(reader.tornBytes).toBe(whole.length - firstEnd);
      reader.close();
    }
    // Zeros from any other position are damage, and so are zeros in a file that is not the newest.
    for (const offset of [firstEnd + 1, 700]) {
      const damaged = zeroFrom(offset).subarray(0, Math.ceil(offset / 512) * 512);
      writeFileSync(file(0), damaged);
      expect(failure(), `${offset}`).toMatchObject({ code: 'log.corrupt' });
    }
    writeFileSync(file(0), zeroFrom(512));
    writeFileSync(file(1), header(1, 3));
    expect(failure()).toMatchObject({ code: 'log.corrupt', place: { file: file(0) } });
  });

  it('LogReader treats a newest file of zeros as not there yet', () => {
    writeFileSync(file(0), Buffer.concat([header(0, 1), transaction(2)]));
    writeFileSync(file(1), Buffer.alloc(700));
    expect(readAll()).toMatchObject([{ tx: 2 }]);
    writeFileSync(file(1), Buffer.concat([Buffer.alloc(16), transaction(3)]));
    expect(failure()).toMatchObject({ code: 'log.corrupt', place: { file: file(1), offset: 0 } });
  });

  it('LogReader refuses a position outside the log', () => {
    writeFileSync(file(4), Buffer.concat([header(4, 1), transaction(2)]));
    expect(failure({ from: { version: 4, offset: 9999 } })).toMatchObject({ code: 'log.corrupt' });
    expect(failure({ from: { version: 4, offset: 3 } })).toMatchObject({ code: 'log.corrupt' });
    expect(failure({ from: { version: 3, offset: 16 } })).toMatchObject({ code: 'log.gap' });
    expect(failure({ from: { version: 6, offset: 16 } })).toMatchObject({ code: 'log.gap' });
  });

  it('LogReader refuses a transaction above the limit', () => {
    writeFileSync(file(0), Buffer.concat([header(0, 1), transaction(2, 500)]));
    const limits = { windowBytes: 256, maxTransactionBytes: 4096 };
    expect(failure(limits)).toMatchObject({ code: 'log.corrupt', place: { offset: 16 } });
  });
});
