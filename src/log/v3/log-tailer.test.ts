import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { campaign } from '../../../test/support/random/campaign-size.ts';
import { ByteWriter } from '../../base/byte-writer.ts';
import { logFileName } from '../log-files.ts';
import { LogFileSet } from '../log-source.ts';
import { encodeCheckPointEntry } from './entries/check-point-entry.ts';
import { encodeLogHeader } from './log-header.ts';
import { LogTailer, type LogTailerOptions } from './log-tailer.ts';
import { encodeTransaction } from './transaction-codec.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'graphkeep-tail-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const file = (version: number) => join(directory, logFileName(version));
const header = (version: number, previousTransaction: number) => encodeLogHeader({ version, previousTransaction });

function transaction(transactionId: number, deltas: number): Buffer {
  const start = {
    masterId: -1,
    authorId: -1,
    timeStarted: transactionId,
    latestCommittedWhenStarted: transactionId - 1,
    header: new Uint8Array(8),
  };
  const commands = Array.from({ length: deltas }, (_, label) => ({ kind: 'nodeCounts' as const, label, delta: 1 }));
  return encodeTransaction({ start, commands, commit: { transactionId, timeCommitted: 2 } }).toBuffer();
}

function checkPoint(version: number, offset: number): Buffer {
  const writer = new ByteWriter();
  encodeCheckPointEntry(writer, { version, offset });
  return writer.toBuffer();
}

/** What a server does to its log: append whole or partial entries, start a new file, remove an old one. */
type Step = { append: number; bytes: Buffer } | { prune: number };

/** A server's life as steps. `sizes` are the transactions; `pieces` cut the bytes of each file, 0 rotates. */
function planLife(sizes: number[], pieces: number[], keepFiles: number): { steps: Step[]; ids: number[] } {
  const steps: Step[] = [];
  const ids: number[] = [];
  let version = 0;
  let pending: Buffer[] = [header(0, 1)];
  let piece = 0;
  const write = () => {
    let rest: Buffer = Buffer.concat(pending);
    pending = [];
    while (rest.length > 0) {
      const size = pieces[piece++ % pieces.length]!;
      steps.push({ append: version, bytes: rest.subarray(0, size) });
      rest = rest.subarray(size);
    }
  };
  for (const size of sizes) {
    if (size === 0) {
      pending.push(checkPoint(version, 16));
      write();
      version++;
      pending.push(header(version, 1 + ids.length));
      if (version >= keepFiles) steps.push({ prune: version - keepFiles });
      continue;
    }
    ids.push(2 + ids.length);
    pending.push(transaction(ids.at(-1)!, size));
    if (size % 3 === 0) write();
  }
  write();
  return { steps, ids };
}

async function live(steps: Step[], settle: () => Promise<unknown>): Promise<void> {
  for (const step of steps) {
    if ('prune' in step) rmSync(file(step.prune), { force: true });
    else appendFileSync(file(step.append), step.bytes);
    await settle();
  }
}

/** Follows the log until transaction `last` and returns the ids. */
async function follow(last: number, options: LogTailerOptions): Promise<number[]> {
  const tailer = new LogTailer(directory, options);
  const seen: number[] = [];
  try {
    for await (const item of tailer.follow(AbortSignal.timeout(30_000))) {
      if (item.kind !== 'transaction') continue;
      // Bytes and numbers must belong together.
      expect(item.bytes.readBigInt64BE(item.bytes.length - 16)).toBe(BigInt(item.transactionId));
      expect(item.timeStarted).toBe(item.transactionId);
      seen.push(item.transactionId);
      if (item.transactionId === last) break;
    }
    return seen;
  } finally {
    tailer.close();
  }
}

const wait = async () => {
  await setImmediate();
};

describe('LogTailer', () => {
  it('LogTailer returns every transaction once from a log that grows in pieces, rotates and is pruned', async () => {
    const life = fc.record({
      sizes: fc.array(fc.integer({ min: 0, max: 40 }), { minLength: 1, maxLength: 60 }),
      pieces: fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1, maxLength: 20 }),
      windowBytes: fc.constantFrom(64, 500, 1 << 20),
    });
    await fc.assert(
      fc.asyncProperty(life, async ({ sizes, pieces, windowBytes }) => {
        rmSync(directory, { recursive: true, force: true });
        directory = mkdtempSync(join(tmpdir(), 'graphkeep-tail-'));
        const { steps, ids } = planLife([...sizes, 3], pieces, 2);
        writeFileSync(file(0), '');
        const following = follow(ids.at(-1)!, { windowBytes, wait });
        await live(steps, wait);
        expect(await following).toEqual(ids);
      }),
      { numRuns: campaign.rounds(40) },
    );
  });

  it('LogTailer sees only forced bytes if asked to, and still everything', async () => {
    const sizes = Array.from({ length: 60 }, (_, index) => (index * 7) % 23);
    const { steps, ids } = planLife([...sizes, 3], [100, 33, 517], 1000);
    writeFileSync(file(0), '');
    const following = follow(ids.at(-1)!, { forced: true, wait });
    await live(steps, wait);
    expect(await following).toEqual(ids);
  });

  it('LogTailer is woken by the system or by the interval', async () => {
    for (const options of [{}, { watch: false, intervalMs: 5 }]) {
      rmSync(directory, { recursive: true, force: true });
      directory = mkdtempSync(join(tmpdir(), 'graphkeep-tail-'));
      const { steps, ids } = planLife([5, 6, 0, 7, 0, 3], [64], 1000);
      const following = follow(ids.at(-1)!, options);
      await live(steps, () => new Promise((resolve) => setTimeout(resolve, 3)));
      expect(await following).toEqual(ids);
    }
  });

  it("LogTailer keeps the caller's files open, and reads to the end once", async () => {
    writeFileSync(file(0), Buffer.concat([header(0, 1), transaction(2, 1)]));
    writeFileSync(file(1), Buffer.concat([header(1, 2), transaction(3, 1), transaction(4, 1).subarray(0, 10)]));
    const files = new LogFileSet(directory);
    const tailer = new LogTailer(files, { wait });
    for (const version of [0, 1]) rmSync(file(version));
    const ids: number[] = [];
    for await (const item of tailer.read()) if (item.kind === 'transaction') ids.push(item.transactionId);
    expect(ids).toEqual([2, 3]);
    expect(tailer.lastTransaction).toBe(3);
    expect(tailer.position).toEqual({ version: 1, offset: 16 + transaction(3, 1).length });
    tailer.close();
    expect(files.sizeOf(0)).toBe(16 + transaction(2, 1).length);
    files.close();
  });

  it('LogTailer closes the files it has read, and does not open them again', async () => {
    for (const version of [0, 1, 2, 3]) {
      writeFileSync(file(version), Buffer.concat([header(version, 1 + version), transaction(2 + version, 1)]));
    }
    const tailer = new LogTailer(directory, { wait, from: { version: 1, offset: 16 } });
    const open: number[][] = [];
    for (let round = 0; round < 2; round++) {
      for await (const _ of tailer.read()) open.push([...Reflect.get(tailer.files, 'descriptors').keys()]);
      tailer.files.pin();
      open.push([...Reflect.get(tailer.files, 'descriptors').keys()]);
    }
    expect(open).toEqual([[1, 2, 3], [1, 2, 3], [1, 2, 3], [3], [3]]);
    tailer.close();
  });

  it('LogTailer stops when it is aborted while it waits', async () => {
    writeFileSync(file(0), Buffer.concat([header(0, 1), transaction(2, 1)]));
    const controller = new AbortController();
    const tailer = new LogTailer(directory, { intervalMs: 60_000 });
    const following = (async () => {
      for await (const _ of tailer.follow(controller.signal)) setTimeout(() => controller.abort(), 10);
    })();
    await expect(following).rejects.toThrow(expect.objectContaining({ code: 'cancelled' }));
    tailer.close();
  });

  it('LogTailer reports files that were pruned before they could be opened', async () => {
    writeFileSync(file(0), Buffer.concat([header(0, 1), transaction(2, 1)]));
    const tailer = new LogTailer(directory, { watch: false, intervalMs: 5 });
    const following = (async () => {
      for await (const _ of tailer.follow()) {
        rmSync(file(0));
        writeFileSync(file(2), header(2, 9));
      }
    })();
    await expect(following).rejects.toThrow(expect.objectContaining({ code: 'log.gap' }));
    tailer.close();
  });
});
