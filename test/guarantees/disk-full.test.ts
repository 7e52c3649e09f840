import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { BackupFailed } from '../../src/backup/backup-options.ts';
import { describeError, type GraphkeepError } from '../../src/base/errors.ts';
import { type Attempt, attemptBackup, expectExact, hashTree, makeBackup } from '../support/commands/backup-attempt.ts';
import { BackupProgram } from '../support/commands/backup-process.ts';
import { makeTemporaryDirectory, removeDirectory } from '../support/corpus/unpack-corpus.ts';
import { BALLAST, canMount, SmallDisk } from '../support/faults/small-disk.ts';
import { type GeneratedHistory, generateHistory } from '../support/history/generated-history.ts';
import { campaign } from '../support/random/campaign-size.ts';
import { BackupServer } from '../support/servers/backup-server.ts';

/*
 * Promise: when there is no room, the error names the file and the reason, the old backup is as before (or has a log that leads to the new
 * one), no full copy is tried in addition, and with more room the next run succeeds.
 */

const OLD = 9;
const NEW = 14;
const PAGE_BYTES = 4096;
const PLENTY_BYTES = 64 * 1024 * 1024;

let scratch: string;
let disk: string;
let small: SmallDisk;
let history: GeneratedHistory;
let server: BackupServer;

beforeAll(async () => {
  scratch = await makeTemporaryDirectory();
  disk = join(scratch, 'disk');
  mkdirSync(disk);
  small = new SmallDisk(disk);
  // Large transactions: the store grows by many pages when they are applied.
  history = await generateHistory(join(scratch, 'source'), { nodes: 400, transactions: 13, changes: 120 });
  server = await BackupServer.start(history, OLD);
  await makeBackup(join(scratch, 'old'), server.address);
});

beforeEach(() => {
  server.prunedTo = 1;
  server.newest = NEW;
});

afterAll(async () => {
  await server.stop();
  await removeDirectory(scratch);
});

/** The cause of "no backup was made". */
function causeOf({ error }: Attempt): GraphkeepError {
  if (!(error instanceof BackupFailed)) return error!;
  expect(error.code).toBe('file.io');
  return error.attempts[0]!.error as GraphkeepError;
}

function expectNoRoom(attempt: Attempt, room: number): void {
  const cause = causeOf(attempt);
  expect([room, cause.code]).toEqual([room, 'file.io']);
  expect([room, cause.place?.file?.startsWith(disk)]).toEqual([room, true]);
  expect(describeError(cause)).toContain('ENOSPC');
}

function names(): string[] {
  return readdirSync(disk)
    .filter((name) => name !== BALLAST)
    .sort();
}

if (canMount) {
  describe('on a small disk', () => {
    beforeEach(() => small.mount(`size=${4 * 1024 * 1024}`));
    afterEach(() => small.unmount());

    it('on a small disk, a full backup fails while it receives and while it replays, and leaves nothing', async () => {
      let failures = 0;
      const files = new Set<string>();
      for (let room = 0, isMade = false; !isMade; room += campaign.stride(6, 18) * PAGE_BYTES) {
        small.fillUp(room);
        const attempt = await attemptBackup(disk, server.address);
        isMade = attempt.report !== undefined;
        if (isMade) break;
        expectNoRoom(attempt, room);
        expect([room, ...names()]).toEqual([room]);
        files.add(causeOf(attempt).place!.file!);
        failures++;
      }
      expect(failures).toBeGreaterThan(5);
      // One of them failed after the last received file: the log being written, or a growing store file.
      expect([...files].some((file) => /transaction|counts|labelscan/.test(file))).toBe(true);
      expectExact(join(disk, 'db'), history, NEW);
    });

    it('on a small disk, an incremental fails while it receives and while it applies, and continues when there is room', async () => {
      const target = join(disk, 'db');
      const moments = new Set<string>();
      for (let room = 0, isMade = false; !isMade; room += campaign.stride(1, 6) * PAGE_BYTES) {
        rmSync(target, { recursive: true, force: true });
        rmSync(join(disk, BALLAST), { force: true });
        await cp(join(scratch, 'old', 'db'), target, { recursive: true, preserveTimestamps: true });
        const before = hashTree(target);
        small.fillUp(room);
        const asked = server.requests.length;
        const attempt = await attemptBackup(disk, server.address);
        isMade = attempt.report !== undefined;
        if (!isMade) {
          expectNoRoom(attempt, room);
          expect(server.requests.slice(asked).some(({ kind }) => kind === 'full')).toBe(false);
          expect([room, ...names()]).toEqual([room, 'db']);
          moments.add(hashTree(target) === before ? 'untouched' : 'log after the check point');
        }
        small.freeRoom();
        await makeBackup(disk, server.address, { fallbackToFull: false });
        expectExact(target, history, NEW);
      }
      expect([...moments]).toEqual(['untouched', 'log after the check point']);
    });

    it('on a small disk, a fallback fails and the old backup stays', async () => {
      const target = join(disk, 'db');
      server.prunedTo = NEW - 1;
      await cp(join(scratch, 'old', 'db'), target, { recursive: true, preserveTimestamps: true });
      const before = hashTree(target);
      for (let room = 0, isMade = false; !isMade; room += campaign.stride(10, 60) * PAGE_BYTES) {
        small.fillUp(room);
        const attempt = await attemptBackup(disk, server.address);
        isMade = attempt.report !== undefined;
        if (isMade) break;
        expectNoRoom(attempt, room);
        expect(names()).toEqual(['db']);
        expect(hashTree(target)).toBe(before);
      }
      expectExact(target, history, NEW);
      expect(hashTree(`${target}.err.0`)).toBe(before);
    });
  });

  describe('on a disk without room for names', () => {
    afterEach(() => small.unmount());

    it('on a disk without room for names, a full backup fails and leaves nothing', async () => {
      for (let files = 2, isMade = false; !isMade; files += campaign.stride(3, 12)) {
        small.mount(`size=${PLENTY_BYTES}`, `nr_inodes=${files}`);
        const attempt = await attemptBackup(disk, server.address);
        isMade = attempt.report !== undefined;
        if (isMade) break;
        expectNoRoom(attempt, files);
        expect([files, ...names()]).toEqual([files]);
        small.unmount();
      }
      expectExact(join(disk, 'db'), history, NEW);
    });
  });
}

describe('under a limit of the file size', () => {
  let program: BackupProgram;

  beforeAll(async () => {
    program = await BackupProgram.build();
  });

  afterEach(() => {
    for (const name of names()) rmSync(join(disk, name), { recursive: true });
  });

  afterAll(() => program.remove());

  /** `ulimit -f` counts blocks of 512 bytes. */
  const limited = (blocks: number) => ['sh', '-c', `ulimit -f ${blocks}; exec "$@"`, 'sh'];

  it('under a file size limit, a full backup fails and leaves nothing', async () => {
    for (const blocks of campaign.some([0, 1, 10, 40])) {
      const { error } = await program.run(disk, server.address, { before: limited(blocks) });
      expect([blocks, error?.code]).toEqual([blocks, 'file.io']);
      expect(error!.chain.join('\n')).toMatch(/EFBIG/);
      expect(error!.chain.join('\n')).toContain(disk);
      expect(names()).toEqual([]);
    }
    await makeBackup(disk, server.address);
    expectExact(join(disk, 'db'), history, NEW);
  });

  it('under a file size limit, an incremental fails, and continues without the limit', async () => {
    const target = join(disk, 'db');
    for (const blocks of campaign.some([0, 1, 60, 80])) {
      rmSync(target, { recursive: true, force: true });
      await cp(join(scratch, 'old', 'db'), target, { recursive: true, preserveTimestamps: true });
      const { error } = await program.run(disk, server.address, { before: limited(blocks) });
      if (error !== undefined) {
        expect([blocks, error.code]).toEqual([blocks, 'file.io']);
        expect(error.chain.join('\n')).toMatch(/EFBIG/);
      } else expect(blocks).toBeGreaterThan(1);
      expect(names()).toEqual(['db']);
      await makeBackup(disk, server.address, { fallbackToFull: false });
      expectExact(target, history, NEW);
    }
  });
});
