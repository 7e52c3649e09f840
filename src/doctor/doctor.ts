import { GraphkeepError } from '../base/errors.ts';
import { ClientConfig } from '../config/neo4j-conf.ts';
import type { ConfiguredOptions, DoctorOptions, TypedFiles } from './doctor-options.ts';
import { askFiles, examineFiles, type LiveView } from './files-examination.ts';
import { Findings } from './findings/attempt.ts';
import { type DoctorFinding, type DoctorLevel, failure, failureOf, inOrder } from './findings/finding.ts';
import { checkMemory } from './machine/resources.ts';
import { askModern, examineModern, type FoundModern, findModern } from './modern-examination.ts';
import type { ContinuationAnswer } from './network/server-answer.ts';
import { readTlsPolicy } from './network/tls-policy.ts';
import { examineRepository } from './repository-examination.ts';
import { askAgain, examineServer } from './server-examination.ts';
import type { ExistingBackup, KnownBackup } from './target/existing-backup.ts';
import type { StoredBackup } from './target/stored-backup.ts';
import { viewTarget } from './target/target-view.ts';
import { examineTarget, readBackup, type SourceView } from './target-examination.ts';

/*
 * Predicts whether backups will succeed, before they are needed. It asks what a backup would ask, in the same order and with the same code
 * where there is some, but takes no lock, makes no file, and begins no copy. Each question ends in a finding; an error with which a backup
 * would end is a finding too.
 *
 *   files-examination    a database that is read from its files: the store, its log, and how long the log stays
 *   server-examination   a server: whether it answers, and in which protocol
 *   modern-examination   databases of 4.2 or later, which are read from their files too
 *   target-examination   the place of the backup, and whether the backup that is there can be continued
 *   repository-examination   the same for a repository
 */

export interface Diagnosis {
  /** The worst level of the findings; `unknown` counts as `ok`. */
  verdict: 'ok' | 'warn' | 'fail';
  findings: readonly DoctorFinding[];
}

/** @throws GraphkeepError `cancelled`, `usage` for a time limit of 0, which would be none */
export async function examineBackups(options: DoctorOptions, signal: AbortSignal, nowMs: number): Promise<Diagnosis> {
  const { config, to, from, repositories } = options;
  if (options.timeoutMs <= 0) throw new GraphkeepError('usage', 'the timeout must be more than 0');
  const findings = new Findings();
  findings.add(checkMemory(options.memoryBudgetBytes));
  const modern = from !== undefined && 'path' in from ? await findModern(from, options) : undefined;
  const unlocated = modern instanceof GraphkeepError ? failureOf('database', modern) : undefined;
  findings.add(unlocated);
  if (modern !== undefined && !(modern instanceof GraphkeepError))
    return await examineModernBackups(findings, modern, options, signal, nowMs);
  findings.add(describeConfiguration(config));
  const target = to === undefined ? undefined : await findings.attempt('target', () => viewTarget(to));
  const backup = target?.state === 'backup' ? await readBackup(target) : undefined;
  const source: AskableSource =
    config instanceof ClientConfig && unlocated === undefined
      ? await examineSource(findings, { ...options, config }, backup?.is, signal, nowMs)
      : {};
  const isAsked = from !== undefined;
  if (target !== undefined) await examineTarget(findings, target, { backup, ...source, isAsked, nowMs });
  for (const repository of repositories) {
    const { live, ask } = source;
    const name = repository.database ?? DEFAULT_DATABASE;
    const sources = [{ name, isOneOfSeveral: false, live, fullLogBytes: live && logBytesOf(live), ask }];
    await examineRepository(findings, repository, { sources, isAsked, signal, nowMs });
  }
  return diagnose(findings);
}

/** The name of a database of 3.x in a repository, if no other one is given. */
const DEFAULT_DATABASE = 'graph.db';

/** For a server of 4.2 or later, whose settings have other names: the configuration of this command does not matter. */
async function examineModernBackups(
  findings: Findings,
  found: FoundModern,
  options: DoctorOptions,
  signal: AbortSignal,
  nowMs: number,
): Promise<Diagnosis> {
  const { path } = options.from as TypedFiles;
  const views = await examineModern(findings, found, path, options, signal, nowMs);
  if (options.to !== undefined) {
    const remedy = 'Give --repo in place of --to. graphkeep repo init makes a repository, in a folder or a bucket.';
    findings.add(failure('target', 'a database of 4.2 or later is backed up into a repository only', remedy));
  }
  for (const repository of options.repositories) {
    const sources = views.map((live) => ({
      name: live.place.name,
      isOneOfSeveral: true,
      live,
      fullLogBytes: live.history.full.bytes,
      ask: (stored: StoredBackup) => askModern(live, stored, signal),
    }));
    await examineRepository(findings, repository, { sources, isAsked: true, signal, nowMs });
  }
  return diagnose(findings);
}

function diagnose({ list }: Findings): Diagnosis {
  return { verdict: verdictOf(list), findings: list };
}

function describeConfiguration(config: DoctorOptions['config']): DoctorFinding {
  return config instanceof ClientConfig
    ? inOrder('configuration', 'the settings of this command can be read')
    : failureOf('configuration', config);
}

/** A source that can be asked whether it continues a backup. */
interface AskableSource extends SourceView {
  ask?: (backup: KnownBackup) => Promise<ContinuationAnswer | undefined>;
}

async function examineSource(
  findings: Findings,
  options: ConfiguredOptions,
  backup: ExistingBackup | undefined,
  signal: AbortSignal,
  nowMs: number,
): Promise<AskableSource> {
  const { from, config } = options;
  if (from === undefined) return {};
  // A backup from files reads the policy too.
  const tls = await findings.attempt('tls-policy', () => readTlsPolicy(config));
  findings.add(...(tls?.findings ?? []));
  if (!('path' in from)) {
    if (tls === undefined) return {};
    const server = { ...options, from };
    return {
      answer: await examineServer(findings, server, tls, backup, signal),
      ask: (known) => askAgain(server, tls, known, signal),
    };
  }
  const live = await examineFiles(findings, from, options, signal, nowMs);
  if (live?.history === undefined) return { live };
  const ask = (known: KnownBackup) => askFiles(live.place, known, signal);
  return { live, answer: backup && (await ask(backup)), ask };
}

function logBytesOf({ history }: LiveView): number {
  return history?.checkPoint?.bytesSince ?? history?.bytes ?? 0;
}

function verdictOf(findings: readonly DoctorFinding[]): Diagnosis['verdict'] {
  const has = (level: DoctorLevel) => findings.some((finding) => finding.level === level);
  return has('fail') ? 'fail' : has('warn') ? 'warn' : 'ok';
}
