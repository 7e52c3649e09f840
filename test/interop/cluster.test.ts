import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import type { BackupEvent } from '../../src/backup/backup-events.ts';
import { runBackup } from '../../src/backup/backup-job.ts';
import { BackupFailed, type BackupOptions } from '../../src/backup/backup-options.ts';
import { BackupLines } from '../../src/cli/neo4j-admin/backup-lines.ts';
import { ClientConfig } from '../../src/config/neo4j-conf.ts';
import { loadSslPolicy } from '../../src/config/ssl-policy/ssl-policy-loading.ts';
import { InstalledPrograms } from '../support/commands/installed-programs.ts';
import { jobOptions } from '../support/commands/job-options.ts';
import { runJob } from '../support/commands/run-job.ts';
import {
  layOutPolicy,
  type PolicyFiles,
  removePolicyHomes,
  TestIdentity,
} from '../support/corpus/test-certificates.ts';
import { findContentDifferences } from '../support/history/model-graph.ts';
import { readContent } from '../support/stores/stored-content.ts';
import {
  type Cluster,
  type ClusterMember,
  checkLedger,
  describeInterop,
  expectSoundCheck,
  exportGraph,
  findDifferences,
  javaBackup,
  Ledger,
  makeScratch,
  openCopy,
  RandomLoad,
  startCluster,
} from './harness/index.ts';

/*
 * Three cores and a read replica of 3.4.9; one core has TLS on its backup port. The tests share them; the last one kills the leader.
 */

const version = '3.4.9';

let cluster: Cluster;
let load: RandomLoad;
let ledger: Ledger;
let identities: Record<'authority' | 'server' | 'client' | 'revoked', TestIdentity>;

beforeAll(async () => {
  const authority = await TestIdentity.authority('authority');
  const [server, client, revoked] = await Promise.all([
    authority.issue('server', { key: 'RSA' }),
    authority.issue('client', { key: 'RSA' }),
    authority.issue('revoked', { key: 'RSA' }),
  ]);
  identities = { authority, server, client, revoked };
  const list = await authority.revoke([revoked]);
  const policy = layOutPolicy({ identity: server, trusted: [authority.pem], revoked: [list.pem] });
  const secureConf = policySettings(policy.directory);
  cluster = await startCluster({ version, readReplica: true, secureConf });
  ledger = new Ledger(cluster, { workers: 2, survive: true });
  load = new RandomLoad(cluster, { values: 'everything' });
  await load.run(200);
});
afterAll(() => cluster?.kill());
afterAll(removePolicyHomes);
beforeEach(({ onTestFailed }) => onTestFailed(() => console.log(cluster.console())));

function policySettings(directory: string): Record<string, string> {
  return { 'dbms.backup.ssl_policy': 'backup', 'dbms.ssl.policy.backup.base_directory': directory };
}

function backUp(member: ClusterMember, backupDir: string, name: string, options: Partial<BackupOptions> = {}) {
  return runJob(member.plainAddress, backupDir, name, { protocol: 'catchup', ...options });
}

/** A full backup with few retries; `happen` runs when a matching line of output appears. */
async function backUpWhile(member: ClusterMember, backupDir: string, line: RegExp, happen: () => Promise<void>) {
  const [host, port] = member.plainAddress.split(':');
  const config = new ClientConfig(
    backupDir,
    new Map([['causal_clustering.store_copy_max_retry_time_per_request', '1s']]),
  );
  const options = jobOptions(backupDir, { host: host!, port: Number(port) }, { protocol: 'catchup', config });
  let happened: Promise<void> | undefined;
  const lines = new BackupLines(() => new Date());
  const tell = (event: BackupEvent) => {
    if (line.test(lines.render(event) ?? '')) happened ??= happen();
  };
  try {
    await runBackup(options, tell, new AbortController().signal);
  } finally {
    expect(happened).toBeDefined();
    await happened;
  }
}

/** The current kinds of members: roles move. */
async function membersByRole(): Promise<Record<'leader' | 'follower' | 'replica', ClusterMember>> {
  return { leader: await cluster.leader(), follower: await cluster.follower(), replica: cluster.replica! };
}

const incremental = { fallbackToFull: false };

/** Brings backups to the state of the idle cluster, from any member; they must be equal to it. */
async function expectEqualAtRest(backupDir: string, names: readonly string[]): Promise<void> {
  const follower = await cluster.follower();
  const last = await cluster.awaitCaughtUp(follower);
  for (const name of names) {
    const { report } = await backUp(follower, backupDir, name, incremental);
    expect({ name, last: report.lastTransaction }).toEqual({ name, last });
    await expectSoundCheck(version, path.join(backupDir, name), false);
  }
  const [opened, ...others] = names.map((name) => path.join(backupDir, name));
  const content = readContent(opened!);
  for (const other of others) expect(findContentDifferences(content, readContent(other))).toEqual([]);
  const copy = await openCopy(version, opened!);
  try {
    expect(findDifferences(await exportGraph(cluster), await exportGraph(copy))).toEqual([]);
  } finally {
    await copy.kill();
  }
}

/** The message of a refused backup; nothing may be left. */
async function refusal(backupDir: string, run: () => Promise<unknown>): Promise<string> {
  const before = readdirSync(backupDir);
  const error = await run().then(
    () => undefined,
    (failure: unknown) => failure,
  );
  expect(readdirSync(backupDir)).toEqual(before);
  expect(error).toBeInstanceOf(BackupFailed);
  return ((error as BackupFailed).attempts[0]!.error as { code: string }).code;
}

describeInterop('backup of a causal cluster', () => {
  it('leader, follower and read replica are backed up while they write, full and three incrementals', async () => {
    const backupDir = makeScratch('backups');
    await ledger.start();
    let atLeast: number[] = [];
    for (let round = 0; round <= 3; round++) {
      await ledger.advance(150);
      for (const [role, member] of Object.entries(await membersByRole())) {
        atLeast = ledger.acknowledged();
        await cluster.awaitCaughtUp(member);
        const { report } = await backUp(member, backupDir, role, { fallbackToFull: round === 0 });
        expect(report.kind).toBe(round === 0 ? 'full' : 'incremental');
      }
    }
    const underLoad = await openCopy(version, path.join(backupDir, 'replica'));
    expect((await checkLedger(underLoad, ledger.seed, atLeast)).violations).toEqual([]);
    await underLoad.kill();
    await ledger.stop();
    await load.run(50);
    await expectEqualAtRest(backupDir, ['leader', 'follower', 'replica']);
    expect(readdirSync(backupDir).sort()).toEqual(['follower', 'leader', 'replica']);
  });

  it("the Java client and we continue each other's backups, whichever member serves", async () => {
    const backupDir = makeScratch('backups');
    const { leader, follower, replica } = await membersByRole();
    const theirs = async (member: ClusterMember, name: string) => {
      await cluster.awaitCaughtUp(member);
      const done = await javaBackup(version, {
        from: member.plainAddress,
        backupDir,
        name,
        args: ['--protocol=catchup'],
      });
      expect(done, done.stderr).toMatchObject({ code: 0 });
    };
    const ours = async (member: ClusterMember, name: string, kind: string) => {
      await cluster.awaitCaughtUp(member);
      const options = { protocol: 'any', fallbackToFull: kind === 'full' } as const;
      expect((await backUp(member, backupDir, name, options)).report.kind).toBe(kind);
    };
    await ours(replica, 'ours', 'full');
    await theirs(leader, 'theirs');
    await load.run(50);
    await theirs(follower, 'ours');
    await ours(follower, 'theirs', 'incremental');
    await load.run(50);
    await ours(leader, 'ours', 'incremental');
    await theirs(replica, 'theirs');
    await load.run(50);
    await expectEqualAtRest(backupDir, ['theirs', 'ours']);
  });

  it('the command and the Java client back up over TLS with the same configuration', async () => {
    const programs = InstalledPrograms.install();
    try {
      const backupDir = makeScratch('backups');
      const from = cluster.cores[2]!.backupAddress;
      const { authority, client } = identities;
      const secureConf = policySettings(layOutPolicy({ identity: client, trusted: [authority.pem] }).directory);
      const home = makeScratch('client');
      mkdirSync(path.join(home, 'conf'));
      const lines = Object.entries(secureConf).map(([name, value]) => `${name}=${value}\n`);
      writeFileSync(path.join(home, 'conf/neo4j.conf'), lines.join(''));
      const args = ['backup', `--from=${from}`, `--backup-dir=${backupDir}`, '--name=tls', '--check-consistency=true'];
      for (let round = 0; round <= 3; round++) {
        const done = await programs.run('neo4j-admin', [...args, `--fallback-to-full=${round === 0}`], home);
        expect(done, done.stderr).toMatchObject({ code: 0 });
        expect(done.stdout).toContain(round === 0 ? 'Doing full backup...' : 'doing incremental backup...');
        await load.run(30);
      }
      const done = await javaBackup(version, { from, backupDir, name: 'tls', secureConf });
      expect(done, done.stderr).toMatchObject({ code: 0 });
      await load.run(30);
      await expectEqualAtRest(backupDir, ['tls']);
    } finally {
      programs.remove();
    }
  });

  it('a cluster member refuses us, and is refused, where certificates do not match', async () => {
    const backupDir = makeScratch('backups');
    const core = cluster.cores[2]!;
    const attempt = async (from: string, policy?: PolicyFiles) => {
      const laidOut = policy && layOutPolicy(policy);
      const sslPolicy = laidOut && (await loadSslPolicy(laidOut.config, 'backup'));
      const config = new ClientConfig(backupDir, new Map([['causal_clustering.handshake_timeout', '1s']]));
      return await refusal(backupDir, () => runJob(from, backupDir, 'b', { protocol: 'catchup', sslPolicy, config }));
    };
    const { authority, server, client, revoked } = identities;
    const stranger = await TestIdentity.authority('stranger');
    const expired = await authority.issue('old', { fromDays: -10, toDays: -1 });
    const crl = await authority.revoke([server]);
    const trusted = [authority.pem];
    const secure = core.backupAddress;
    expect({
      'no policy': await attempt(secure),
      'a policy for a port without TLS': await attempt(core.transactionAddress, { identity: client, trusted }),
      'a server of unknown issuer': await attempt(secure, { identity: client, trusted: [stranger.pem] }),
      'a server that is revoked': await attempt(secure, { identity: client, trusted, revoked: [crl.pem] }),
      'a client of unknown issuer': await attempt(secure, { identity: await stranger.issue('x'), trusted }),
      'a client that is revoked': await attempt(secure, { identity: revoked, trusted }),
      'a client that has expired': await attempt(secure, { identity: expired, trusted }),
    }).toEqual({
      'no policy': 'peer.closed',
      'a policy for a port without TLS': 'tls.timeout',
      'a server of unknown issuer': 'tls.unknown-issuer',
      'a server that is revoked': 'tls.certificate-revoked',
      'a client of unknown issuer': 'tls.refused-by-peer',
      'a client that is revoked': 'tls.refused-by-peer',
      'a client that has expired': 'tls.refused-by-peer',
    });
  });

  it('the leader may be killed during a full backup and between incrementals', async () => {
    const backupDir = makeScratch('backups');
    for (let i = 0; i < 8; i++) {
      await cluster.cypher('UNWIND range(1, 40) AS i CREATE (:Big {text: $text + i})', { text: 'x'.repeat(50_000) });
    }
    await ledger.start();
    const leader = await cluster.leader();
    expect((await backUp(leader, backupDir, 'b')).report.kind).toBe('full');
    await ledger.advance(100);

    // The texts exceed what the system accepts for a dead server.
    const torn = await refusal(backupDir, () =>
      backUpWhile(leader, backupDir, /Copying .*\.strings$/, () => leader.kill()),
    );
    expect(['peer.closed', 'peer.unreachable']).toContain(torn);

    await ledger.advance(100);
    const follower = await cluster.follower();
    await cluster.awaitCaughtUp(follower);
    expect((await backUp(follower, backupDir, 'b', incremental)).report.kind).toBe('incremental');
    expect((await backUp(cluster.replica!, backupDir, 'torn')).report.kind).toBe('full');
    await ledger.stop();
    await expectEqualAtRest(backupDir, ['b', 'torn']);
  });
});
