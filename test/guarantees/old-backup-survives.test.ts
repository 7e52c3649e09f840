import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { BackupFailed } from '../../src/backup/backup-options.ts';
import type { ErrorCode } from '../../src/base/error-codes.ts';
import { writeJavaException } from '../../src/protocol/backup-protocol/java-exception-writer.ts';
import { ResponseWriter } from '../../src/protocol/backup-protocol/response-writer.ts';
import { attemptBackup, expectExact, hashTree, makeBackup } from '../support/commands/backup-attempt.ts';
import { readCapture } from '../support/corpus/common-captures.ts';
import { makeTemporaryDirectory, removeDirectory } from '../support/corpus/unpack-corpus.ts';
import { forkHistory, type GeneratedHistory, generateHistory } from '../support/history/generated-history.ts';
import { campaign } from '../support/random/campaign-size.ts';
import { BackupServer, type Fault } from '../support/servers/backup-server.ts';

/*
 * Promise: whatever happens to an incremental, the user's backup stays as it is until a better one is complete, and then it is moved aside,
 * never removed (decision table of spec backup-command 3.2 and 3.3 for the common protocol).
 */

let histories: string;
let history: GeneratedHistory;
let otherStore: GeneratedHistory;
let scratch: string;
let backupDir: string;
let target: string;
let server: BackupServer;

beforeAll(async () => {
  histories = await makeTemporaryDirectory();
  history = await generateHistory(join(histories, 'source'), { nodes: 20 });
  otherStore = await generateHistory(join(histories, 'other'), { nodes: 30, randomId: 7n, seed: 9 });
});

afterAll(() => removeDirectory(histories));

beforeEach(async () => {
  scratch = await makeTemporaryDirectory();
  backupDir = join(scratch, 'backups');
  target = join(backupDir, 'db');
  mkdirSync(backupDir);
  server = await BackupServer.start(history, 9);
});

afterEach(async () => {
  await server.stop();
  await removeDirectory(scratch);
});

/** Runs a backup that must fail; nothing in the backup directory may change. */
async function expectFailure(fallbackToFull: boolean, outcome: BackupFailed['outcome'] | 'refused', code: ErrorCode) {
  const before = hashTree(backupDir);
  // Where an answer is due, any machine has time for it.
  const timeoutMs = code === 'peer.timeout' ? 300 : 20_000;
  const { error, lines } = await attemptBackup(backupDir, server.address, { fallbackToFull, timeoutMs });
  expect(hashTree(backupDir)).toBe(before);
  expect(error?.code).toBe(code);
  expect(error instanceof BackupFailed ? error.outcome : 'refused').toBe(outcome);
  return { error: error!, lines };
}

const DOING_INCREMENTAL = 'Destination is not empty, doing incremental backup...';
const DOING_FULL = 'Doing full backup...';

function spoil(it: BackupServer, fault: Fault): void {
  it.fault = () => fault;
}

/** What a server can do to spoil every answer, with the resulting error code. */
const spoiled: [string, ErrorCode, (server: BackupServer) => unknown][] = [
  ['is down', 'peer.unreachable', (it) => it.stop()],
  ['closes at once', 'peer.protocol', (it) => spoil(it, { cutAfter: 0 })],
  ['is silent', 'peer.timeout', (it) => spoil(it, { stallAfter: 0 })],
  ['breaks off', 'peer.closed', (it) => spoil(it, { cutAfter: 200, reset: true })],
  ['stops sending', 'peer.timeout', (it) => spoil(it, { stallAfter: 200 })],
  ['reports a failure', 'peer.failure', (it) => spoil(it, { replace: () => failureAnswer })],
  [
    'speaks another version',
    'peer.protocol',
    (it) => spoil(it, { replace: () => readCapture('err-app-version.s2c.bin') }),
  ],
  [
    'is a member of a cluster',
    'peer.protocol',
    (it) => spoil(it, { replace: () => readCapture('catchup-hello.s2c.bin') }),
  ],
  ['is something else', 'peer.protocol', (it) => spoil(it, { replace: () => Buffer.from('HTTP/1.1 400\r\n') })],
];

let failureAnswer: Buffer;
beforeAll(async () => {
  const frames: Buffer[] = [];
  const writer = new ResponseWriter((frame) => void frames.push(Buffer.from(frame)) as undefined);
  await writer.fail(writeJavaException('runtime', 'the disk of the server is broken'));
  failureAnswer = Buffer.concat(frames);
});

describe.each(campaign.sample(spoiled, 3))('a server that %s', (_what, code, spoilServer) => {
  it('a failing server fails the first backup and leaves nothing', async () => {
    await spoilServer(server);
    const { lines } = await expectFailure(true, 'no-strategy', code);
    expect(lines[0]).toBe(DOING_FULL);
    expect(readdirSync(backupDir)).toEqual([]);
  });

  it('a failing server does not touch an existing backup, with or without fallback', async () => {
    await makeBackup(backupDir, server.address);
    server.newest = 12;
    await spoilServer(server);
    const without = await expectFailure(false, 'execution', code);
    expect(without.lines).toEqual([DOING_INCREMENTAL]);
    const after = await expectFailure(true, 'no-strategy', code);
    expect(after.lines.slice(0, 2)).toEqual([DOING_INCREMENTAL, DOING_FULL]);
    expect(readdirSync(backupDir)).toEqual(['db']);
    expectExact(target, history, 9);
  });
});

describe('without fallback', () => {
  it('without fallback there is no first backup', async () => {
    const { lines } = await expectFailure(false, 'no-strategy', 'usage');
    expect(lines).toEqual([]);
    expect(server.requests).toEqual([]);
  });
});

/** What makes an incremental impossible although the server works. */
const impossible: [string, ErrorCode, () => { history: GeneratedHistory; newest: number; prunedTo?: number }][] = [
  ['has pruned its logs', 'peer.history-pruned', () => ({ history, newest: 20, prunedTo: 10 })],
  ['has another store', 'peer.other-store', () => ({ history: otherStore, newest: 20 })],
  [
    'went another way from the last transaction on',
    'peer.diverged',
    () => ({ history: forkHistory(history, 8, 5), newest: 20 }),
  ],
  ['went another way long ago', 'peer.diverged', () => ({ history: forkHistory(history, 3, 5), newest: 9 })],
  ['is behind', 'peer.behind', () => ({ history, newest: 8 })],
  ['is far behind', 'peer.behind', () => ({ history, newest: 2 })],
];

describe.each(campaign.sample(impossible, 2))('a server that %s', (_what, code, now) => {
  beforeEach(() => makeBackup(backupDir, server.address));

  it('an incremental that is impossible is refused without fallback', async () => {
    Object.assign(server, now());
    await expectFailure(false, 'execution', code);
    expectExact(target, history, 9);
  });

  it('a full backup replaces an incremental that is impossible, and the old one is kept', async () => {
    const old = hashTree(target);
    const wanted = now();
    Object.assign(server, wanted);
    const { report, lines, notes } = await attemptBackup(backupDir, server.address);
    expect(report).toMatchObject({ kind: 'full', lastTransaction: wanted.newest });
    expect(report!.fallback).toEqual({ reason: expect.any(String), movedTo: `${target}.err.0` });
    expect(lines.slice(0, 2)).toEqual([DOING_INCREMENTAL, DOING_FULL]);
    expect(notes.join()).toContain(report!.fallback!.reason);
    expect(notes.join()).toContain(`${target}.err.0`);
    expect(readdirSync(backupDir).sort()).toEqual(['db', 'db.err.0']);
    expect(hashTree(`${target}.err.0`)).toBe(old);
    expectExact(target, wanted.history, wanted.newest);
    server.newest++;
    expect(await makeBackup(backupDir, server.address)).toMatchObject({ kind: 'incremental' });
  });

  it('a server that stops in the middle of a fallback does not cost the old backup', async () => {
    Object.assign(server, now());
    server.fault = ({ kind }) => (kind === 'full' ? { cutAfter: 30_000 } : undefined);
    await expectFailure(true, 'no-strategy', 'peer.closed');
    expectExact(target, history, 9);
  });
});

it('one fallback after the other finds a free name', async () => {
  await makeBackup(backupDir, server.address);
  const old: string[] = [];
  for (const [n, at] of [otherStore, history, otherStore].entries()) {
    old.push(hashTree(target));
    server.history = at;
    const { fallback } = await makeBackup(backupDir, server.address);
    expect(fallback?.movedTo).toBe(`${target}.err.${n}`);
    expectExact(target, at as GeneratedHistory, 9);
  }
  expect(readdirSync(backupDir).sort()).toEqual(['db', 'db.err.0', 'db.err.1', 'db.err.2']);
  expect(old.map((_, n) => hashTree(`${target}.err.${n}`))).toEqual(old);
  rmSync(`${target}.err.1`, { recursive: true });
  writeFileSync(`${target}.err.1`, 'not a directory, but taken');
  server.history = history;
  expect((await makeBackup(backupDir, server.address)).fallback?.movedTo).toBe(`${target}.err.3`);
});

describe('a target', () => {
  it.each(
    campaign.sample<[string, () => void]>(
      [
        ['with other files', () => writeFileSync(join(target, 'precious'), 'x')],
        ['with an empty directory', () => mkdirSync(join(target, 'empty'))],
        ['with a file whose name only ends like a backup', () => writeFileSync(join(target, 'xneostore'), 'x')],
        ['with a directory named neostore', () => mkdirSync(join(target, 'neostore'))],
        [
          'with more than what a killed Java client leaves',
          () => {
            mkdirSync(join(target, 'temp-copy'));
            writeFileSync(join(target, 'precious'), 'x');
          },
        ],
      ],
      2,
    ),
  )('a target %s is not touched', async (_what, fill) => {
    mkdirSync(target);
    fill();
    for (const fallback of [true, false]) {
      const { error, lines } = await expectFailure(fallback, 'refused', 'usage');
      expect(error.message).toBe(`Can only perform a full backup into an empty directory but ${target} is not empty`);
      expect(lines).toEqual([]);
    }
    expect(server.requests).toEqual([]);
  });

  it('a target that is a file is not touched', async () => {
    writeFileSync(target, 'precious');
    await expectFailure(true, 'refused', 'usage');
    const { error } = await attemptBackup(backupDir, server.address, { name: 'db/below' });
    expect(error?.code).toBe('file.io');
  });

  it.each<[string, (() => void) | undefined]>([
    ['that is an empty directory', undefined],
    [
      'where a Java client was killed while it copied',
      () => {
        mkdirSync(join(target, 'temp-copy', 'schema'), { recursive: true });
        writeFileSync(join(target, 'temp-copy', 'neostore.nodestore.db'), 'half');
      },
    ],
  ])('a target %s gets a full backup', async (_what, fill) => {
    mkdirSync(target);
    fill?.();
    expect(await makeBackup(backupDir, server.address)).toMatchObject({ kind: 'full' });
    expectExact(target, history, 9);
    expect(readdirSync(backupDir)).toEqual(['db']);
  });

  it.each(
    campaign.sample<[string, () => void, ErrorCode]>(
      [
        ['an empty neostore', () => writeFileSync(join(target, 'neostore'), ''), 'store.corrupt'],
        [
          'garbage as neostore',
          () => writeFileSync(join(target, 'neostore'), 'garbage '.repeat(1024)),
          'store.corrupt',
        ],
        ['zeros as neostore', () => writeFileSync(join(target, 'neostore'), Buffer.alloc(8192)), 'store.corrupt'],
        ['ones as neostore', () => writeFileSync(join(target, 'neostore'), Buffer.alloc(8192, 1)), 'store.corrupt'],
        [
          'a damaged log',
          () => writeFileSync(join(target, 'neostore.transaction.db.0'), 'x'.repeat(500)),
          'log.corrupt',
        ],
        [
          'a log with an impossible name',
          () => writeFileSync(join(target, 'neostore.transaction.db.x'), ''),
          'log.corrupt',
        ],
      ],
      2,
    ),
  )('a target with %s is replaced by a full backup, never continued', async (_what, damage, code) => {
    await makeBackup(backupDir, server.address);
    damage();
    const old = hashTree(target);
    await expectFailure(false, 'execution', code);
    expect(await makeBackup(backupDir, server.address)).toMatchObject({
      kind: 'full',
      fallback: { movedTo: `${target}.err.0` },
    });
    expect(hashTree(`${target}.err.0`)).toBe(old);
    expectExact(target, history, 9);
  });

  it('a target without a store file does not count as a backup that can be continued', async () => {
    await makeBackup(backupDir, server.address);
    rmSync(join(target, 'neostore.nodestore.db'));
    server.newest = 12;
    await expectFailure(false, 'execution', 'store.missing-file');
    expect(await makeBackup(backupDir, server.address)).toMatchObject({ kind: 'full', lastTransaction: 12 });
    expectExact(target, history, 12);
    expect(existsSync(`${target}.err.0`)).toBe(true);
  });
});
