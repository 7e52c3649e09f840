import { rm } from 'node:fs/promises';
import path from 'node:path';
import { readMetadata } from '../src/store/files/neostore-metadata.ts';
import { METADATA_FILE } from '../src/store/files/store-files.ts';
import { runOrThrow } from '../test/interop/harness/child-process.ts';
import { type Cluster, startCluster } from '../test/interop/harness/cluster.ts';
import { type BackupClient, javaClient, type Measurement, ourClient } from './backup-clients.ts';
import type { JvmMode } from './bench-options.ts';
import { median } from './bench-report.ts';
import { javaVersion, openFixture, type StoreFixture, sizeOfDirectory } from './store-fixture.ts';

const AIMS = { ratio: 0.7, memoryMegabytes: 300 };

export interface ClusterSuiteOptions {
  readonly cacheDir: string;
  readonly scratchDir: string;
  readonly nodes: number;
  readonly relationships: number;
  readonly rounds: number;
  readonly jvm: JvmMode;
  tell(text: string): void;
}

export interface ClusterSuiteResult {
  readonly fixture: StoreFixture;
  readonly storeBytes: number;
  readonly samples: Readonly<Record<'ours' | 'java', readonly Measurement[]>>;
}

/** Full backups from one follower of a causal cluster, ours and the Java client's alternately. */
export async function runClusterSuite(options: ClusterSuiteOptions): Promise<ClusterSuiteResult> {
  const { cacheDir, nodes, relationships } = options;
  const fixture = await openFixture(cacheDir, nodes, relationships);
  const cluster = await startCluster({
    version: javaVersion,
    seed: fixture.directory,
    conf: { 'dbms.memory.pagecache.size': '1g' },
  });
  try {
    const samples = await backUpInTurns(options, cluster);
    const storeBytes = await sizeOfDirectory(path.join(options.scratchDir, 'ours'));
    return { fixture, storeBytes, samples };
  } finally {
    await cluster.kill();
  }
}

/** One round more than requested: the first fills the caches of server and system, and is not counted. */
async function backUpInTurns(
  { scratchDir, rounds, jvm, tell }: ClusterSuiteOptions,
  cluster: Cluster,
): Promise<ClusterSuiteResult['samples']> {
  const clients: Record<'ours' | 'java', BackupClient> = {
    ours: ourClient(scratchDir, { protocol: 'catchup' }),
    java: javaClient(jvm, 'catchup'),
  };
  const samples: Record<'ours' | 'java', Measurement[]> = { ours: [], java: [] };
  const member = await cluster.follower();
  const expected = await cluster.awaitCaughtUp(member);
  for (let round = 0; round <= rounds; round++) {
    for (const name of ['ours', 'java'] as const) {
      await rm(path.join(scratchDir, name), { recursive: true, force: true });
      await runOrThrow('sync', []);
      const measured = await clients[name]({ from: member.backupAddress, backupDir: scratchDir, name }, 'full');
      const { lastTransactionId } = readMetadata(path.join(scratchDir, name, METADATA_FILE));
      if (lastTransactionId < expected) throw new Error(`the backup of ${name} is at transaction ${lastTransactionId}`);
      if (round > 0) samples[name].push(measured);
      const { durationMs, cpuMs, peakBytes } = measured;
      tell(
        `catchup full ${round}, ${name}: ${Math.round(durationMs)} ms, processor ${cpuMs} ms, ${Math.round(peakBytes / 1e6)} MB`,
      );
    }
  }
  return samples;
}

/** The ratio with our aim, and the figures behind it. */
export function renderClusterResult({ fixture, storeBytes, samples }: ClusterSuiteResult): string {
  const seconds = (name: 'ours' | 'java') => median(samples[name].map(({ durationMs }) => durationMs)) / 1000;
  const peak = (name: 'ours' | 'java') => Math.max(...samples[name].map(({ peakBytes }) => peakBytes)) / 1e6;
  const judge = (value: number, aim: number) => `(aim <= ${aim}: ${value <= aim ? 'met' : 'MISSED'})`;
  const ratio = seconds('ours') / seconds('java');
  return [
    `store ${(storeBytes / 1e9).toFixed(2)} GB, ${fixture.nodes} nodes, ${fixture.relationships} relationships; full backups from a follower`,
    `ours ${seconds('ours').toFixed(1)} s, java ${seconds('java').toFixed(1)} s, ${Math.round(peak('java'))} MB (${javaVersion})`,
    `ours / java  ${ratio.toFixed(2)} ${judge(ratio, AIMS.ratio)}`,
    `peak memory  ${Math.round(peak('ours'))} MB ${judge(peak('ours'), AIMS.memoryMegabytes)}`,
  ].join('\n');
}
