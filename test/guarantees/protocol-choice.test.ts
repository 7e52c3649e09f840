import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { BackupFailed, type BackupOptions } from '../../src/backup/backup-options.ts';
import { ClientConfig } from '../../src/config/neo4j-conf.ts';
import {
  type Attempt,
  type AttemptOptions,
  attemptBackup,
  expectExact,
  hashTree,
} from '../support/commands/backup-attempt.ts';
import { makeTemporaryDirectory, removeDirectory } from '../support/corpus/unpack-corpus.ts';
import { forkHistory, type GeneratedHistory, generateHistory } from '../support/history/generated-history.ts';
import { campaign } from '../support/random/campaign-size.ts';
import { BackupServer } from '../support/servers/backup-server.ts';
import { CatchupMember, memberOf } from '../support/servers/catchup-member.ts';

/*
 * Promise: a backup is made in the first allowed protocol that the server understands, whatever kind of server it is; a server that has
 * understood one is not asked in another; and the user is told why each one failed (spec backup-command 3.1, 3.2).
 */

let histories: string;
let history: GeneratedHistory;
let otherStore: GeneratedHistory;
let scratch: string;
let backupDir: string;
let target: string;
let member: CatchupMember;
let single: BackupServer;
let nobody: BackupOptions['from'];

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
  member = await CatchupMember.start(memberOf(history));
  member.newest = 9;
  single = await BackupServer.start(history, 9);
  const gone = await BackupServer.start(history, 9);
  nobody = gone.address;
  await gone.stop();
});

afterEach(async () => {
  await member.stop();
  await single.stop();
  await removeDirectory(scratch);
});

/** Long enough for any machine where an answer is due; tests with a silent server use less. */
const PATIENCE_MS = 20_000;

const config = (patienceMs = PATIENCE_MS) =>
  new ClientConfig(
    scratch,
    new Map([
      ['causal_clustering.handshake_timeout', `${patienceMs}ms`],
      ['causal_clustering.catch_up_client_inactivity_timeout', `${patienceMs}ms`],
      ['causal_clustering.store_copy_max_retry_time_per_request', '100ms'],
    ]),
  );

const attempt = (from: BackupOptions['from'], options: AttemptOptions): Promise<Attempt> =>
  attemptBackup(backupDir, from, { config: config(), timeoutMs: PATIENCE_MS, checkConsistency: true, ...options });

/** How it ended, and which protocols failed and why. */
function describeEnd({ report, error }: Attempt): string {
  if (report !== undefined) return report.kind;
  if (!(error instanceof BackupFailed)) return error?.code ?? 'nothing';
  const causes = error.attempts.map(({ strategy, error: cause }) => `${strategy} ${(cause as { code: string }).code}`);
  return `${error.outcome}: ${causes.join(', ')}`;
}

type Case = [server: 'member' | 'single' | 'nobody', protocol: BackupOptions['protocol'], first: string, next: string];

/** How the first backup ends, and how an incremental on top of an older one does, without fallback. */
const cases: Case[] = [
  ['member', 'any', 'full', 'incremental'],
  ['member', 'catchup', 'full', 'incremental'],
  ['member', 'common', 'no-strategy: common peer.protocol', 'execution: common peer.protocol'],
  ['single', 'any', 'full', 'incremental'],
  ['single', 'common', 'full', 'incremental'],
  ['single', 'catchup', 'no-strategy: catchup peer.protocol', 'no-strategy: catchup peer.protocol'],
  [
    'nobody',
    'any',
    'no-strategy: catchup peer.unreachable, common peer.unreachable',
    'execution: catchup peer.unreachable, common peer.unreachable',
  ],
  ['nobody', 'catchup', 'no-strategy: catchup peer.unreachable', 'no-strategy: catchup peer.unreachable'],
  ['nobody', 'common', 'no-strategy: common peer.unreachable', 'execution: common peer.unreachable'],
];

/** Any protocol with each server, and some of those with a given one. */
const isAny = ([, protocol]: Case) => protocol === 'any';
const tried = [
  ...cases.filter(isAny),
  ...campaign.sample(
    cases.filter((one) => !isAny(one)),
    2,
  ),
];

describe.each(tried)('%s asked with --protocol=%s', (kind, protocol, first, next) => {
  const address = () => ({ member: member.address, single: single.address, nobody })[kind];

  it(`the first backup ends as expected: ${first}`, async () => {
    const made = await attempt(address(), { protocol });
    expect(describeEnd(made)).toBe(first);
    expect(made.lines.filter((line) => line.startsWith('Doing'))).toEqual(['Doing full backup...']);
    if (made.report === undefined) expect(readdirSync(backupDir)).toEqual([]);
    else expectExact(target, history, 9);
  });

  it(`the next backup ends as expected: ${next}`, async () => {
    expect((await attempt(member.address, { protocol: 'catchup' })).report?.kind).toBe('full');
    const before = hashTree(backupDir);
    member.newest = 14;
    single.newest = 14;
    const made = await attempt(address(), { protocol, fallbackToFull: false });
    expect(describeEnd(made)).toBe(next);
    expect(made.lines[0]).toBe('Destination is not empty, doing incremental backup...');
    if (made.report === undefined) expect(hashTree(backupDir)).toBe(before);
    else expectExact(target, history, 14);
  });

  it('no server is asked without a previous backup and without fallback', async () => {
    expect(describeEnd(await attempt(address(), { protocol, fallbackToFull: false }))).toMatch(
      /^no-strategy: .*usage$/,
    );
    expect([member.connections, single.requests.length]).toEqual([0, 0]);
  });
});

describe('a member that', () => {
  it('a member that has another store is not asked in the other protocol, and the old backup is moved aside', async () => {
    expect((await attempt(member.address, { protocol: 'any' })).report?.kind).toBe('full');
    const other = await CatchupMember.start(memberOf(otherStore));
    try {
      const refused = await attempt(other.address, { protocol: 'any', fallbackToFull: false });
      expect(describeEnd(refused)).toBe('execution: catchup peer.other-store');
      const made = await attempt(other.address, { protocol: 'any' });
      expect(made.report?.kind).toBe('full');
      expect(readdirSync(backupDir).sort()).toEqual(['db', 'db.err.0']);
      expectExact(join(backupDir, 'db.err.0'), history, 9);
    } finally {
      await other.stop();
    }
  });

  it('a member that has upgraded its store counts as another store', async () => {
    await attempt(member.address, { protocol: 'any' });
    member.content.storeId = { ...member.content.storeId, upgradeTime: 5 };
    const refused = await attempt(member.address, { protocol: 'any', fallbackToFull: false });
    expect(describeEnd(refused)).toBe('execution: catchup peer.other-store');
  });

  it('a member that has pruned its log, or has another history, gets a full backup if that is allowed', async () => {
    await attempt(member.address, { protocol: 'any' });
    member.newest = 20;
    member.prunedTo = 12;
    const spoiled = await attempt(member.address, { protocol: 'any', fallbackToFull: false });
    expect(describeEnd(spoiled)).toBe('execution: catchup peer.history-pruned');
    expectExact(target, history, 9);
    member.prunedTo = 1;
    const fork = forkHistory(history, 8, 77);
    member.content.transactions = memberOf(fork).transactions;
    member.newest = Math.max(...member.content.transactions.keys());
    const diverged = await attempt(member.address, { protocol: 'any', fallbackToFull: false });
    expect(describeEnd(diverged)).toBe('execution: catchup peer.diverged');
    expectExact(target, history, 9);
  });

  it('a member that fails after its store id ends the backup, without the other protocol', async () => {
    for (const kind of ['prepareStoreCopy', 'storeFile', 'transactions']) {
      member.fault = (request) => (request.kind === kind ? { cutAfter: 0 } : undefined);
      expect(describeEnd(await attempt(member.address, { protocol: 'any' }))).toBe('execution: catchup peer.closed');
      expect(readdirSync(backupDir)).toEqual([]);
    }
  });

  it('a member that is silent in the handshake is asked in the other protocol', async () => {
    member.handshakeFault = () => ({ stallAfter: 0 });
    const impatient = { config: config(200), timeoutMs: 200 };
    expect(describeEnd(await attempt(member.address, { protocol: 'any', ...impatient }))).toMatch(
      /^no-strategy: catchup peer.timeout, common peer/,
    );
  });

  it('a member that commits while its files are fetched yields a backup of all of it', async () => {
    member.fault = (request) => {
      if (request.kind === 'storeFile' && member.newest < 18) member.newest++;
      return undefined;
    };
    const made = await attempt(member.address, { protocol: 'any' });
    expect(made.report).toMatchObject({ kind: 'full', lastTransaction: 18 });
    expectExact(target, history, 18);
  });
});

describe('settings', () => {
  it('settings say which versions and compressions may be used', async () => {
    const none = config().with([['causal_clustering.protocol_implementations.catchup', '2,3']]);
    expect((await attempt(member.address, { protocol: 'any', config: none })).error?.code).toBe('config');
    const unknown = config().with([['causal_clustering.protocol_implementations.compression', 'zip']]);
    expect((await attempt(member.address, { protocol: 'any', config: unknown })).error?.code).toBe('config');
    member.compressions = ['LZ4'];
    const both = config().with([
      ['causal_clustering.protocol_implementations.catchup', '1'],
      ['causal_clustering.protocol_implementations.compression', 'gzip, lz4'],
    ]);
    expect((await attempt(member.address, { protocol: 'any', config: both })).report?.kind).toBe('full');
    expect(member.agreed[0]).toEqual([{ category: 'compression', implementation: 'LZ4' }]);
  });
});
