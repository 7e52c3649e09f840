import { crc32c } from '@node-rs/crc32';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { memoryInUse } from '../../../test/support/faults/memory-in-use.ts';
import {
  type ComposedLog,
  composeLog,
  LOG_FORMS,
  type LogForm,
  MemoryLog,
  STORE_ID,
} from '../../../test/support/modern/composed-log.ts';
import { GrowingLog } from '../../../test/support/modern/growing-log.ts';
import { campaign } from '../../../test/support/random/campaign-size.ts';
import { Dice } from '../../base/dice.ts';
import { GraphkeepError } from '../../base/errors.ts';
import { isBefore, type LogPosition } from '../log-position.ts';
import type { LogSource } from '../log-source.ts';
import type { LoggedTransaction } from './fields/logged-transaction.ts';
import { type LogTail, TransactionReader, type TransactionReaderOptions } from './transaction-reader.ts';

interface Reading {
  transactions: LoggedTransaction[];
  tail: LogTail | undefined;
  error: GraphkeepError | undefined;
}

async function read(source: LogSource, options: TransactionReaderOptions = {}): Promise<Reading> {
  const reader = new TransactionReader(source, options);
  const transactions: LoggedTransaction[] = [];
  try {
    for await (const transaction of reader) transactions.push(transaction);
    return { transactions, tail: reader.tail, error: undefined };
  } catch (error) {
    if (!(error instanceof GraphkeepError)) throw error;
    return { transactions, tail: undefined, error };
  }
}

const anyForm = fc.constantFrom<LogForm>(...LOG_FORMS);
const anySeed = fc.integer();

/** Runs a test on random logs of every form. */
function onLogs(rounds: number, test: (log: ComposedLog, dice: Dice) => Promise<void>): Promise<void> {
  const property = fc.asyncProperty(anyForm, anySeed, async (form, seed) => {
    const dice = new Dice(seed);
    await test(composeLog(dice, form), dice);
  });
  return fc.assert(property, { numRuns: campaign.rounds(rounds, 50) });
}

/** The log as it is on disk: the newest file ends with zeros. */
function preallocated({ files }: ComposedLog, zeros: number): MemoryLog {
  const log = new MemoryLog(files);
  log.files.set(log.highest!, Buffer.concat([log.files.get(log.highest!)!, Buffer.alloc(zeros)]));
  return log;
}

/** Cut as by a crash: without what follows a position, or with zeros in its place. */
function cut(log: ComposedLog, { version, offset }: LogPosition, zeros: number): MemoryLog {
  const source = new MemoryLog(log.files);
  for (const each of log.files.keys()) if (each > version) source.files.delete(each);
  source.files.set(version, Buffer.concat([log.files.get(version)!.subarray(0, offset), Buffer.alloc(zeros)]));
  return source;
}

describe('TransactionReader', () => {
  it('finds every transaction, whatever looks like a commit in it', () =>
    onLogs(2000, async (log, dice) => {
      const windowBytes = dice.pick([64, 100, 1000, 1 << 20]);
      const found = await read(preallocated(log, dice.pick([0, 1, 5000])), { windowBytes });
      expect(found.error).toBeUndefined();
      expect(found.transactions).toEqual(log.transactions);
      expect(found.tail).toEqual({ end: log.end, last: log.transactions.at(-1), state: 'end' });
    }));

  it('begins at any transaction, knowing the one before or not', () =>
    onLogs(1000, async (log, dice) => {
      const index = dice.below(log.transactions.length);
      const from = log.transactions[index]!.start;
      const preceding = index > 0 && dice.chance(0.5) ? log.transactions[index - 1] : undefined;
      const found = await read(new MemoryLog(log.files), { from, preceding });
      expect(found.transactions).toEqual(log.transactions.slice(index));
    }));

  it('begins behind any transaction, also where the next one is in the next file', () =>
    onLogs(500, async (log, dice) => {
      const index = dice.below(log.transactions.length);
      const found = await read(new MemoryLog(log.files), { from: log.transactions[index]!.end });
      expect(found.transactions).toEqual(log.transactions.slice(index + 1));
    }));

  it('begins at any file, and leaves out what began before it', () =>
    onLogs(500, async (log, dice) => {
      const first = dice.pick([...log.files.keys()]);
      const source = new MemoryLog([...log.files].filter(([version]) => version >= first) as never);
      for (const version of log.files.keys()) if (version < first) source.files.delete(version);
      const found = await read(source);
      expect(found.error).toBeUndefined();
      expect(found.transactions).toEqual(log.transactions.filter(({ start }) => start.version >= first));
    }));

  it('reads as far as the log goes that was cut at any byte, with or without zeros behind', () =>
    onLogs(3000, async (log, dice) => {
      const version = dice.pick([...log.files.keys()]);
      const content = log.files.get(version)!;
      const least = log.form.format === 10 ? log.form.segmentBytes : log.form.format === 7 ? 64 : 128;
      const offset = dice.between(least, content.length);
      const position = { version, offset };
      const zeros = dice.pick([0, 1, 100, 70_000]);
      const found = await read(cut(log, position, zeros));
      // What was cut off and is zero where zeros follow is not lost.
      const kept = offset + zeros;
      const isWhole = ({ end }: LoggedTransaction) =>
        !isBefore(position, end) ||
        (end.version === version &&
          end.offset <= kept &&
          content.subarray(offset, end.offset).every((byte) => byte === 0));
      const whole = log.transactions.filter(isWhole);
      expect(found.error).toBeUndefined();
      expect(found.transactions).toEqual(whole);
      const torn = log.transactions[whole.length];
      const rest = torn === undefined || isBefore(torn.start, position) === false;
      if (rest) expect(found.tail?.state).toBe('end');
      else if (torn.start.version === version) {
        const begun = content.subarray(torn.start.offset, offset).some((byte) => byte !== 0);
        expect(found.tail?.state).toBe(begun ? 'unfinished' : 'end');
      }
    }));

  it('never hands out anything of a damaged transaction, and nothing behind it', () =>
    onLogs(3000, async (log, dice) => {
      const version = dice.pick([...log.files.keys()]);
      const bytes = Buffer.from(log.files.get(version)!);
      const offset = dice.below(bytes.length);
      bytes[offset]! ^= 1 << dice.below(8);
      const source = new MemoryLog(log.files);
      source.files.set(version, bytes);
      const { transactions, error, tail } = await read(source);
      expect(transactions).toEqual(log.transactions.slice(0, transactions.length));
      const damaged = log.transactions.findIndex(
        ({ start, end }) => !isBefore({ version, offset }, start) && isBefore({ version, offset }, end),
      );
      const isInside = damaged !== -1 && isInData(log, { version, offset }, damaged);
      if (isInside) expect(transactions.length).toBeLessThanOrEqual(damaged);
      if (isInside && version !== source.highest)
        expect(error?.code).toMatch(/^(log\.corrupt|log\.gap|store\.format)$/);
      if (isInside && error === undefined) expect(tail?.state).toBe('unfinished');
    }));

  it('follows a log that grows while it is read, and misses or repeats nothing', () =>
    onLogs(1500, async (log, dice) => {
      const source = new GrowingLog(log, dice);
      const found: LoggedTransaction[] = [];
      let from: LogPosition | undefined;
      let preceding: LogTail['last'];
      for (let isLastLook = false; ; isLastLook = source.isComplete) {
        const reading = await read(source, { from, preceding, windowBytes: dice.pick([64, 1000, 1 << 20]) });
        expect(reading.error).toBeUndefined();
        found.push(...reading.transactions);
        ({ end: from, last: preceding } = reading.tail!);
        if (isLastLook) break;
      }
      expect(found).toEqual(log.transactions);
      expect(from).toEqual(log.end);
    }));

  it('reads a transaction that is larger than its memory, and full of places that look like its commit', async () => {
    const log = largeLog(24, 1 << 20);
    const before = memoryInUse();
    let most = 0;
    log.beforeRead = () => {
      most = Math.max(most, process.memoryUsage().arrayBuffers);
    };
    const start = process.memoryUsage().arrayBuffers;
    const { transactions, tail } = await read(log);
    expect(transactions).toEqual([expect.objectContaining({ id: 2, sizeBytes: log.sizeOf(0) - 128 })]);
    expect(tail).toMatchObject({ state: 'end', end: { version: 0, offset: log.sizeOf(0) } });
    expect(most - start).toBeLessThan(4 * 1024 * 1024);
    expect(memoryInUse() - before).toBeLessThan(4 * 1024 * 1024);
  });

  it('does not read all the zeros behind half a transaction', async () => {
    const log = largeLog(0, 0);
    const half = log.files.get(0)!.subarray(0, 180);
    const file = Buffer.alloc(200 << 20);
    half.copy(file);
    log.files.set(0, file);
    let bytes = 0;
    const { read: readFile } = log;
    log.read = (...args) => {
      const count = readFile.apply(log, args);
      bytes += count;
      return count;
    };
    expect((await read(log)).tail).toEqual({ end: { version: 0, offset: 128 }, last: { id: 1 }, state: 'unfinished' });
    expect(bytes).toBeLessThan(40 << 20);
  });

  it('ends when it is interrupted', async () => {
    const signal = AbortSignal.abort();
    expect((await read(largeLog(20, 1 << 20), { signal })).error).toMatchObject({ code: 'cancelled' });
  });

  it('says what it cannot read', async () => {
    const log = composeLog(new Dice(1), LOG_FORMS.find(({ kernelVersion }) => kernelVersion === 20)!, 3);
    const changed = (offset: number, value: number) => {
      const source = new MemoryLog(log.files);
      const version = source.lowest!;
      const bytes = Buffer.from(source.files.get(version)!);
      bytes[offset] = value;
      source.files.set(version, bytes);
      return source;
    };
    const expectError = async (source: LogSource, error: object, options?: TransactionReaderOptions) =>
      expect((await read(source, options)).error).toMatchObject(error);
    await expectError(changed(0, 6), { code: 'store.format', observed: 6, hint: expect.stringContaining('3.x') });
    await expectError(changed(0, 11), { code: 'store.format', observed: 11, hint: expect.stringContaining('newer') });
    await expectError(changed(7, 99), { code: 'log.corrupt', message: expect.stringContaining('file name') });
    await expectError(changed(8, 0xff), { code: 'log.corrupt', message: expect.stringContaining('last transaction') });
    await expectError(changed(128, 33), { code: 'store.format', observed: 33, hint: expect.stringContaining('newer') });
    await expectError(changed(128, 1), { code: 'store.format', message: expect.stringContaining('4.0 or 4.1') });
    await expectError(changed(129, 3), { code: 'log.corrupt', place: expect.objectContaining({ offset: 128 }) });
    await expectError(new MemoryLog(new Map()), { code: 'log.gap', observed: 'no log files' });
    const { lowest } = new MemoryLog(log.files);
    const at = (offset: number, version = lowest!) => ({ from: { version, offset } });
    await expectError(new MemoryLog(log.files), { code: 'log.corrupt' }, at(64));
    await expectError(new MemoryLog(log.files), { code: 'log.gap' }, at(1 << 30));
    await expectError(new MemoryLog(log.files), { code: 'log.gap' }, at(128, 7777));
    const preceding = { id: 12345 };
    const last = log.transactions[0]!.id - 1;
    await expectError(new MemoryLog(log.files), { code: 'log.gap', observed: last }, { ...at(128), preceding });
    expect(() => new TransactionReader(new MemoryLog(log.files)).tail).toThrow('not read to its end');
  });

  it('a header that is not whole is none yet, but damage where others follow', async () => {
    for (const form of LOG_FORMS) {
      const log = composeLog(new Dice(7), form, 3);
      const version = Math.max(...log.files.keys()) + 1;
      const whole = composeLog(new Dice(7), form, 1);
      const header = Buffer.from(whole.files.get(Math.min(...whole.files.keys()))!.subarray(0, 1024));
      for (const length of [8, 20, 30, 47]) {
        const begun = Buffer.alloc(2000);
        header.copy(begun, 0, 0, length);
        const source = new MemoryLog(log.files);
        source.files.set(version, begun);
        const { transactions, tail } = await read(source);
        expect(transactions).toEqual(log.transactions);
        expect(tail).toEqual({ end: log.end, last: log.transactions.at(-1), state: 'unfinished' });
        source.files.set(version + 1, Buffer.alloc(2000));
        expect((await read(source)).error).toMatchObject({ code: 'log.corrupt', place: { offset: 0 } });
      }
    }
  });

  it('refuses contents of a cluster, and segments of impossible sizes', async () => {
    const form = LOG_FORMS.find(({ format }) => format === 10)!;
    const log = composeLog(new Dice(1), form, 1);
    const { lowest } = new MemoryLog(log.files);
    const original = log.files.get(lowest!)!;
    const content = Buffer.from(original);
    content[1024 + 30] = 1;
    content.writeUInt32LE(crc32c(content.subarray(1024 + 4, 1024 + 31 + content.readInt32LE(1024 + 5))), 1024);
    const foreign = new MemoryLog(new Map([[lowest!, content]]));
    expect((await read(foreign)).error).toMatchObject({ code: 'store.format', observed: 'content of type 1' });
    const header = Buffer.from(original);
    header.writeInt32BE(1000, 80);
    const odd = new MemoryLog(new Map([[lowest!, header]]));
    expect((await read(odd)).error).toMatchObject({ code: 'log.corrupt', observed: 1000 });
  });

  it('notices a transaction that was taken out', () =>
    onLogs(1000, async (log, dice) => {
      const inOneFile = log.transactions.filter(
        ({ start, end }) => start.version === end.version && log.form.format !== 10,
      );
      if (inOneFile.length < 2) return;
      const removed = dice.pick(inOneFile.slice(0, -1));
      if (removed === log.transactions.at(-1)) return;
      const { version } = removed.start;
      const content = log.files.get(version)!;
      const source = new MemoryLog(log.files);
      const parts = [content.subarray(0, removed.start.offset), content.subarray(removed.end.offset)];
      source.files.set(version, Buffer.concat(parts));
      expect((await read(source)).error).toMatchObject({ code: 'log.gap' });
    }));

  it('notices that a file in between is missing, or of another log', () =>
    onLogs(500, async (log, dice) => {
      const versions = [...log.files.keys()];
      if (versions.length < 3) return;
      const version = dice.pick(versions.slice(1, -1));
      const isEmpty = !log.transactions.some(({ start, end }) => start.version <= version && end.version >= version);
      if (isEmpty) return;
      const source = new MemoryLog(log.files);
      // The next file in its place, as after a wrong copy.
      source.files.set(version, log.files.get(version + 1)!);
      expect((await read(source)).error).toMatchObject({ code: 'log.corrupt' });
      source.files.delete(version);
      expect((await read(source)).error).toMatchObject({ code: 'log.gap' });
    }));
});

/** Not in the padding between envelopes. */
function isInData(log: ComposedLog, { version, offset }: LogPosition, index: number): boolean {
  if (log.form.format !== 10) return true;
  const { start, end } = log.transactions[index]!;
  const { segmentBytes } = log.form;
  const content = log.files.get(version)!;
  if (offset < segmentBytes) return false;
  const segment = Math.floor(offset / segmentBytes) * segmentBytes;
  for (let at = segment; at + 31 <= Math.min(segment + segmentBytes, content.length); ) {
    const size = content[at + 4] === 0 ? 0 : 31 + content.readInt32LE(at + 5);
    if (size === 0) return false;
    if (offset >= at && offset < at + size)
      return !isBefore({ version, offset: at }, start) && isBefore({ version, offset: at }, end);
    at += size;
  }
  return false;
}

/** One transaction, with as many copies of a block that is full of commits of the right id and the wrong checksum. */
function largeLog(blocks: number, blockBytes: number): MemoryLog {
  const header = Buffer.alloc(128);
  header[0] = 9;
  header.writeBigInt64BE(1n, 8);
  header.writeBigInt64BE(1n, 16);
  STORE_ID.copy(header, 24);
  const decoy = Buffer.alloc(22, 0xab);
  decoy.writeUInt16BE(0x2005, 0);
  decoy.writeBigInt64LE(2n, 2);
  const block = Buffer.alloc(blockBytes, decoy);
  const start = Buffer.alloc(38);
  start.writeUInt16BE(0x2001, 0);
  start.writeBigInt64LE(1n, 10);
  start.writeBigInt64LE(2n, 18);
  const commit = Buffer.from(decoy.subarray(0, 18));
  const bytes = Buffer.concat([start, Buffer.of(32, 3), ...Array.from({ length: blocks }, () => block), commit]);
  const checksum = Buffer.alloc(4);
  checksum.writeUInt32LE(crc32c(bytes));
  return new MemoryLog(new Map([[0, Buffer.concat([header, bytes, checksum])]]));
}
