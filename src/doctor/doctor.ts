import { GraphkeepError } from '../base/errors.ts';
import { ClientConfig } from '../config/neo4j-conf.ts';
import type { ConfiguredOptions, DoctorOptions } from './doctor-options.ts';
import { askFiles, examineFiles } from './files-examination.ts';
import { Findings } from './findings/attempt.ts';
import { type DoctorFinding, type DoctorLevel, failureOf, inOrder } from './findings/finding.ts';
import { checkMemory } from './machine/resources.ts';
import { readTlsPolicy } from './network/tls-policy.ts';
import { examineServer } from './server-examination.ts';
import type { ExistingBackup } from './target/existing-backup.ts';
import { viewTarget } from './target/target-view.ts';
import { examineTarget, readBackup, type SourceView } from './target-examination.ts';

/*
 * Predicts whether backups will succeed, before they are needed. It asks what a backup would ask, in the same order and with the same code
 * where there is some, but takes no lock, makes no file, and begins no copy. Each question ends in a finding; an error with which a backup
 * would end is a finding too.
 *
 *   files-examination    a database that is read from its files: the store, its log, and how long the log stays
 *   server-examination   a server: whether it answers, and in which protocol
 *   target-examination   the place of the backup, and whether the backup that is there can be continued
 */

export interface Diagnosis {
  /** The worst level of the findings; `unknown` counts as `ok`. */
  verdict: 'ok' | 'warn' | 'fail';
  findings: readonly DoctorFinding[];
}

/** @throws GraphkeepError `cancelled`, `usage` for a time limit of 0, which would be none */
export async function examineBackups(options: DoctorOptions, signal: AbortSignal, nowMs: number): Promise<Diagnosis> {
  const { config, to } = options;
  if (options.timeoutMs <= 0) throw new GraphkeepError('usage', 'the timeout must be more than 0');
  const findings = new Findings();
  findings.add(checkMemory(options.memoryBudgetBytes), describeConfiguration(config));
  const target = to === undefined ? undefined : await findings.attempt('target', () => viewTarget(to));
  const backup = target?.state === 'backup' ? await readBackup(target) : undefined;
  const source =
    config instanceof ClientConfig
      ? await examineSource(findings, { ...options, config }, backup?.is, signal, nowMs)
      : {};
  if (target !== undefined) {
    await examineTarget(findings, target, { backup, ...source, isAsked: options.from !== undefined, nowMs });
  }
  return { verdict: verdictOf(findings.list), findings: findings.list };
}

function describeConfiguration(config: DoctorOptions['config']): DoctorFinding {
  return config instanceof ClientConfig
    ? inOrder('configuration', 'the settings of this command can be read')
    : failureOf('configuration', config);
}

async function examineSource(
  findings: Findings,
  options: ConfiguredOptions,
  backup: ExistingBackup | undefined,
  signal: AbortSignal,
  nowMs: number,
): Promise<SourceView> {
  const { from, config } = options;
  if (from === undefined) return {};
  // A backup from files reads the policy too.
  const tls = await findings.attempt('tls-policy', () => readTlsPolicy(config));
  findings.add(...(tls?.findings ?? []));
  if (!('path' in from))
    return { answer: tls && (await examineServer(findings, { ...options, from }, tls, backup, signal)) };
  const live = await examineFiles(findings, from, options, signal, nowMs);
  if (live?.history === undefined || backup === undefined) return { live };
  return { live, answer: await askFiles(live.location, backup, signal) };
}

function verdictOf(findings: readonly DoctorFinding[]): Diagnosis['verdict'] {
  const has = (level: DoctorLevel) => findings.some((finding) => finding.level === level);
  return has('fail') ? 'fail' : has('warn') ? 'warn' : 'ok';
}
