import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BackupFailed } from '../../src/backup/backup-options.ts';
import { attemptBackup, expectExact, hashTree, makeBackup } from '../support/commands/backup-attempt.ts';
import { makeTemporaryDirectory, removeDirectory } from '../support/corpus/unpack-corpus.ts';
import { type GeneratedHistory, generateHistory } from '../support/history/generated-history.ts';
import { campaign } from '../support/random/campaign-size.ts';
import { BackupServer } from '../support/servers/backup-server.ts';

/*
 * Promise: only one process works on a target at a time, be it ours, a Java client or a server. Others fail at once, touch nothing,
 * and do not fall back to a full copy.
 */

let scratch: string;
let backupDir: string;
let target: string;
let history: GeneratedHistory;
let server: BackupServer;
const holders: ChildProcess[] = [];

beforeEach(async () => {
  scratch = await makeTemporaryDirectory();
  backupDir = join(scratch, 'backups');
  target = join(backupDir, 'db');
  history = await generateHistory(join(scratch, 'source'), { nodes: 20 });
  server = await BackupServer.start(history, 9);
});

afterEach(async () => {
  for (const holder of holders.splice(0)) {
    holder.kill('SIGKILL');
    if (holder.exitCode === null && holder.signalCode === null) await once(holder, 'exit');
  }
  await server.stop();
  await removeDirectory(scratch);
});

/** Locks the file in another process, with the system call of a Java process if `posix`. */
async function holdInOtherProcess(path: string, posix: boolean): Promise<void> {
  const python = `import fcntl,sys,time\nf=open(sys.argv[1],'a+')\nfcntl.lockf(f,fcntl.LOCK_EX)\nprint('held',flush=True)\ntime.sleep(600)`;
  const node = `
    const { openSync } = require('node:fs');
    const fd = openSync(process.argv[1], 'a+');
    if (require('fs-native-extensions').tryLock(fd)) console.log('held');
    setTimeout(() => {}, 600_000);`;
  const holder = posix
    ? spawn('python3', ['-c', python, path], { stdio: ['ignore', 'pipe', 'inherit'] })
    : spawn(process.execPath, ['-e', node, path], { stdio: ['ignore', 'pipe', 'inherit'] });
  holders.push(holder);
  const [said] = await once(holder.stdout!, 'data');
  expect(String(said)).toContain('held');
}

/** Two attempts must be refused; unless a run is under way, nothing in the backup directory may change. */
async function expectInUse(isRunning = false): Promise<void> {
  const before = isRunning ? '' : hashTree(backupDir);
  const asked = server.requests.length;
  for (const fallbackToFull of [true, false]) {
    const { error, lines } = await attemptBackup(backupDir, server.address, { fallbackToFull });
    expect(error?.code).toBe('directory.in-use');
    expect(error).not.toBeInstanceOf(BackupFailed);
    expect(lines).toEqual([]);
    if (!isRunning) expect(hashTree(backupDir)).toBe(before);
  }
  expect(server.requests.length).toBe(asked);
}

describe.each(['full', 'incremental', 'fallback'] as const)('while a %s backup runs', (kind) => {
  it('while a backup runs, another one on the same target is refused, and on another target it works', async () => {
    if (kind !== 'full') await makeBackup(backupDir, server.address);
    server.newest = 21;
    if (kind === 'fallback') server.prunedTo = 20;
    let met = false;
    const isFirst = { bytes: 60, call: () => meanwhile() };
    server.fault = ({ kind: asked }) =>
      !met && asked === (kind === 'incremental' ? 'incremental' : 'full') ? { at: isFirst } : undefined;
    async function meanwhile(): Promise<void> {
      met = true;
      await expectInUse(true);
      expect(await makeBackup(backupDir, server.address, { name: 'other' })).toMatchObject({ kind: 'full' });
    }
    await makeBackup(backupDir, server.address);
    expect(met).toBe(true);
    expectExact(target, history, 21);
    expectExact(join(backupDir, 'other'), history, 21);
    const names = kind === 'fallback' ? ['db', 'db.err.0', 'other'] : ['db', 'other'];
    expect(readdirSync(backupDir).sort()).toEqual(names);
  });
});

it('in a crowd of runs on one target, each ends with a backup or is refused', async () => {
  const attempts = await Promise.all(
    Array.from({ length: campaign.size(12, 4) }, () => attemptBackup(backupDir, server.address)),
  );
  const codes = attempts.map(({ error }) => error?.code ?? 'made');
  expect(codes.filter((code) => code !== 'made' && code !== 'directory.in-use')).toEqual([]);
  expect(codes).toContain('made');
  expectExact(target, history, 9);
  expect(readdirSync(backupDir)).toEqual(['db']);
});

const hasPython = await new Promise((resolve) =>
  spawn('python3', ['-c', ''])
    .once('error', () => resolve(false))
    .once('exit', (code) => resolve(code === 0)),
);

/** Locks held by a Java process are POSIX locks; Node has no call for them, so that half needs Python. */
describe.each(campaign.sample(hasPython ? [true, false] : [false]))(
  'a target with a lock of another process (POSIX lock: %s)',
  (posix) => {
    beforeEach(async () => {
      await makeBackup(backupDir, server.address);
      server.newest = 12;
    });

    it('a target whose <target>/store_lock is locked is not touched', async () => {
      await holdInOtherProcess(join(target, 'store_lock'), posix);
      await expectInUse();
    });

    it('a target whose <backup-dir>/store_lock is locked is not touched', async () => {
      await holdInOtherProcess(join(backupDir, 'store_lock'), posix);
      await expectInUse();
    });

    it('a target whose graphkeep lock file is locked is not touched', async () => {
      await holdInOtherProcess(`${target}.graphkeep-lock`, posix);
      await expectInUse();
    });

    it('a target that another process has locked is not moved aside either', async () => {
      server.prunedTo = 11;
      await holdInOtherProcess(join(target, 'store_lock'), posix);
      await expectInUse();
    });
  },
);

it('lock files that nobody holds are no obstacle, and the one shared by other targets stays', async () => {
  await makeBackup(backupDir, server.address);
  for (const file of [join(target, 'store_lock'), join(backupDir, 'store_lock'), `${target}.graphkeep-lock`]) {
    writeFileSync(file, '');
  }
  server.newest = 12;
  expect(await makeBackup(backupDir, server.address)).toMatchObject({ kind: 'incremental' });
  expect(readdirSync(backupDir).sort()).toEqual(['db', 'store_lock']);
  expect(readdirSync(target)).not.toContain('store_lock');
});

it('a backup waiting for publication does not push out one that somebody works in', async () => {
  await makeBackup(backupDir, server.address);
  await makeBackup(backupDir, server.address, { name: 'other' });
  mkdirSync(join(backupDir, 'db.graphkeep-work'));
  renameSync(join(backupDir, 'other'), join(backupDir, 'db.graphkeep-work', 'ready'));
  await holdInOtherProcess(join(target, 'store_lock'), false);
  await expectInUse();
  expect(readdirSync(backupDir)).not.toContain('db.err.0');
});
