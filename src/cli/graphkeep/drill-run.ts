import { tmpdir } from 'node:os';
import { resolve } from 'node:path';
import { printableLine } from '../../base/printable-text.ts';
import { describeFinding } from '../../check/report/report-text.ts';
import { formatBytes } from '../../config/sizes.ts';
import type { Moment } from '../../repository/catalogue/restore-plan.ts';
import type { Repository } from '../../repository/opening/repository.ts';
import type { Unsealing } from '../../repository/seal/unseal/unsealing.ts';
import { type DrillReport, drillRepository } from '../../restore/drill/repository-drill.ts';
import type { DrillServer, ServerStep } from '../../restore/drill/served-drill.ts';
import type { CommandContext } from '../command-context.ts';
import { readDefaultBudget } from '../commands/backup-request.ts';
import { INCONSISTENT } from '../failure-lines.ts';
import type { OptionValues } from '../option-values.ts';
import { progressOfReplay } from '../progress/event-progress.ts';
import { describeSeconds } from '../progress/progress-text.ts';
import { describeKinds } from './check-body.ts';
import { createCopyView } from './copy-view.ts';
import { tellRecovery } from './recovery-notes.ts';
import type { Reporter } from './reporter.ts';
import { tellUnwritten } from './result-recorder.ts';

/** What is drilled. */
export interface DrillRequest {
  readonly repository: Repository;
  readonly database: string;
  readonly moment: Moment;
  readonly identities: Unsealing['identities'];
  /** For a database of 4.2 or later. */
  readonly server: DrillServer | undefined;
}

/** The end of a drill, for people and for programs. */
export interface DrillOutcome {
  readonly text: string;
  readonly data: object;
  readonly exitCode: number;
}

/** So many findings of a server are printed; programs get more. */
const PRINTED = 10;

const PHASES: Readonly<Record<ServerStep, string>> = { starting: 'waiting for the server', checking: 'checking' };

/** Runs a drill and shows how far it is. */
export async function runDrill(
  { server, ...request }: DrillRequest,
  values: OptionValues,
  context: CommandContext,
  reporter: Reporter,
): Promise<DrillOutcome> {
  const scratch = values.optional('scratch');
  const report = await drillRepository({
    ...request,
    ...(server === undefined ? {} : { server }),
    scratch: scratch === undefined ? tmpdir() : resolve(context.cwd, scratch),
    budgetBytes: readDefaultBudget(context),
    signal: context.signal,
    onEvent: createCopyView(reporter, 'copying files'),
    onReplay: (event) => reporter.progress(progressOfReplay(event)),
    onStep: (step) => reporter.progress({ phase: PHASES[step] }),
    onUnwritten: (mark) => tellUnwritten(mark, reporter),
  });
  if (report.server === undefined) tellRecovery(report.recovery, reporter);
  const { database } = request;
  const exitCode = report.check.consistent ? 0 : INCONSISTENT;
  return { text: describe(database, report), data: describeForPrograms(database, report), exitCode };
}

function describe(database: string, report: DrillReport): string {
  const { base, transaction, commitTime, files, bytes, restoreMs, checkMs, check, server } = report;
  const verdict = check.consistent ? 'sound' : 'inconsistent';
  const rows = [
    ['restored', `${files} files, ${formatBytes(bytes)} in ${describeSeconds(restoreMs)}`],
    ...(server === undefined
      ? []
      : [['server', `Neo4j ${server.version} recovered and served it, after ${describeSeconds(server.startMs)}`]]),
    ['checked', `${check.errors} errors, ${check.warnings} warnings in ${describeSeconds(checkMs)}`],
    ['content', describeContent(report)],
    ['from', base],
  ];
  const lines = [
    `Drill of ${database}: ${verdict} as of transaction ${transaction}, ${commitTime.toISOString()}`,
    ...rows.map(([name, text]) => `  ${name!.padEnd(10)}${text}`),
    ...(report.server === undefined
      ? describeKinds(report.check.byKind)
      : report.findings.slice(0, PRINTED).map(({ severity, text }) => `  ${severity}: ${text.split('\n')[0]}`)),
  ];
  return lines.map(printableLine).join('\n');
}

function describeContent({ nodes, relationships, server }: DrillReport): string {
  if (nodes !== undefined) return `${nodes} nodes, ${relationships} relationships`;
  return server === undefined ? 'not counted: that is left to a server' : 'not counted: it is the system database';
}

function describeForPrograms(database: string, report: DrillReport): object {
  const { base, transaction, commitTime, files, bytes, nodes, relationships, restoreMs, checkMs } = report;
  const { consistent, errors, warnings } = report.check;
  return {
    database,
    base,
    transaction,
    commitTime: commitTime.toISOString(),
    files,
    bytes,
    ...(nodes === undefined ? {} : { nodes, relationships }),
    restoreMs,
    checkMs,
    consistent,
    errors,
    warnings,
    ...(report.server === undefined
      ? { byKind: Object.fromEntries(report.check.byKind), findings: report.findings.map(describeFinding) }
      : { server: { ...report.server, findings: report.findings } }),
  };
}
