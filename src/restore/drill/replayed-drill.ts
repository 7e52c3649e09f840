import { join } from 'node:path';
import { makeDirectory } from '../../base/durable-files.ts';
import type { Finding } from '../../check/findings/finding.ts';
import { type CheckResult, checkStore } from '../../check/store-check.ts';
import type { Recovery } from '../../replay/recovery.ts';
import type { RestoreChoice } from '../../repository/reading/restore-choice.ts';
import { ANY, readLiveCounts } from '../../store/counts/counts-store.ts';
import { type RebuildOptions, type RebuiltStore, rebuild } from '../repository-restore.ts';
import { requireRestorable } from '../restorable-store.ts';
import type { DrilledDatabase } from './drilled-database.ts';

/** So many findings of each kind are told; all are counted. */
const TOLD_PER_KIND = 20;

/** A database of 3.4 or 3.5 that was restored and checked here. */
export interface ReplayedDatabase extends DrilledDatabase {
  readonly server: undefined;
  readonly check: CheckResult;
  readonly findings: readonly Finding[];
  readonly recovery: Recovery;
}

/** Restores a moment of 3.4 or 3.5 below an empty directory, checks and counts it. */
export async function drillReplayed(
  options: RebuildOptions,
  { manifest, plan }: RestoreChoice,
  directory: string,
): Promise<ReplayedDatabase> {
  const began = performance.now();
  const store = join(directory, 'store');
  await makeDirectory(store);
  const rebuilt = await rebuild(options, manifest, plan, store);
  await requireRestorable(store);
  const restored = performance.now();
  const findings: Finding[] = [];
  const { signal, onEvent } = options;
  const check = await checkStore(store, {
    propertyOwners: true,
    signal,
    onFinding: (finding) => findings.push(finding),
    maxFindingsPerKind: TOLD_PER_KIND,
    ...(onEvent === undefined ? {} : { onEvent }),
  });
  const times = { restoreMs: Math.round(restored - began), checkMs: Math.round(performance.now() - restored) };
  return { server: undefined, ...rebuilt, ...countEntities(store, rebuilt), ...times, check, findings };
}

/** As the counts store has them, which the check has compared with the records. */
function countEntities(
  directory: string,
  { transaction }: RebuiltStore,
): Pick<DrilledDatabase, 'nodes' | 'relationships'> {
  const counts = readLiveCounts(directory)?.counts;
  if (counts?.txId !== transaction) return { nodes: undefined, relationships: undefined };
  return { nodes: counts.nodeCount(ANY), relationships: counts.relationshipCount(ANY, ANY, ANY) };
}
