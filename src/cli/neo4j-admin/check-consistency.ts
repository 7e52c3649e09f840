import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { ErrorCode } from '../../base/error-codes.ts';
import { describeError, GraphkeepError } from '../../base/errors.ts';
import { printableLine } from '../../base/printable-text.ts';
import { renderFinding, renderSummary } from '../../check/report/report-text.ts';
import { checkStoreWithReport, type ReportedCheck } from '../../check/report/reported-check.ts';
import { whileUnchanged } from '../../store/files/database-lock.ts';
import { readMetadataIn } from '../../store/files/neostore-metadata.ts';
import { storeFile } from '../../store/files/store-files.ts';
import { formatByVersion, type StoreFormat } from '../../store/files/store-format.ts';
import { recogniseStore } from '../../store/files/store-recognition.ts';
import { describeUnsupported } from '../../store/files/supported-store.ts';
import { type CommandContext, formatLogTime } from '../command-context.ts';
import type { CheckRequest } from '../commands/consistency-check.ts';
import { describeUncheckedLog } from '../wording/pending-log-text.ts';

const CHECKER = 'o.n.c.ConsistencyCheckService';
const FORMAT_SELECTOR = 'o.n.k.i.s.f.RecordFormatSelector';

/** The Java command has the exit code 1 for everything but a consistent store. */
const INCONSISTENT = 1;

const NEEDS_RECOVERY = [
  'Active logical log detected, this might be a source of inconsistencies.',
  'Please recover database before running the consistency check.',
  'To perform recovery please start database and perform clean shutdown.',
];

/**
 * The command `check-consistency` with the lines of the Java tool (spec consistency-check 2): formats, then every finding as a log line,
 * then the path of the report.
 *
 * @returns the exit code, which tells whether the store is consistent
 * @throws GraphkeepError if it could not be checked, with the Java tool's message
 */
export async function checkConsistency(request: CheckRequest, context: CommandContext): Promise<number> {
  const log: Log = (level, source, text) =>
    context.stdout(`${formatLogTime(context.now())} ${level} [${source}] ${text}\n`);
  const check = await runCheck(request, context, log);
  if (check.pending !== undefined) log('WARN', CHECKER, describeUncheckedLog(check.pending));
  const summary = renderSummary(check);
  if (summary !== undefined) log('WARN', CHECKER, summary);
  if (check.reportFailure !== undefined) {
    log('WARN', CHECKER, `The report is not complete: ${describeError(check.reportFailure)}`);
  }
  if (check.reportPath !== undefined) {
    log('WARN', CHECKER, `See '${printableLine(check.reportPath)}' for a detailed consistency report.`);
  }
  if (check.consistent) return 0;
  context.stderr(
    `command failed: Inconsistencies found. See '${printableLine(check.reportPath ?? '')}' for details.\n`,
  );
  return INCONSISTENT;
}

type Log = (level: 'INFO' | 'WARN' | 'ERROR', source: string, text: string) => void;

async function runCheck(request: CheckRequest, context: CommandContext, log: Log): Promise<ReportedCheck> {
  let phase = '';
  try {
    await announceFormat(request.directory, (text) => log('INFO', FORMAT_SELECTOR, text));
    return await whileUnchanged(request.directory, () =>
      checkStoreWithReport(request.directory, {
        ...request.parts,
        ...(request.budgetBytes === undefined ? {} : { budgetBytes: request.budgetBytes }),
        reportDirectory: request.reportDirectory,
        startedAt: context.now(),
        signal: context.signal,
        onFinding: (finding) => log(finding.severity === 'error' ? 'ERROR' : 'WARN', CHECKER, renderFinding(finding)),
        onEvent: (event) => {
          if (event.kind !== 'check-progress') return;
          if (request.verbose && phase !== event.phase) log('INFO', CHECKER, `=== ${event.phase} ===`);
          phase = event.phase;
        },
      }),
    );
  } catch (error) {
    throw wordFailure(error, request.directory);
  }
}

/** Ends here for anything that is not a store, or of another release; missing files are reported by the check. */
async function announceFormat(directory: string, line: (text: string) => void): Promise<void> {
  const store = await recogniseStore(directory);
  if (!('release' in store) || store.kind === 'other') throw describeUnsupported(store, directory);
  const format = formatByVersion(readMetadataIn(directory).storeVersion);
  const name = `RecordFormat:${nameLikeJava(format)}[${format.name}]`;
  line(`Selected ${name} record format from store ${printableLine(directory)}`);
  line(`Format not configured. Selected format from the store: ${name}`);
}

/** The name observed in the output of the Java tool; for other formats our own. */
function nameLikeJava({ name, family }: StoreFormat): string {
  return name === 'v0.A.9' ? 'StandardV3_4' : family;
}

/** Failures with the same words in every command. */
const COMMON_FAILURES: readonly ErrorCode[] = ['store.format', 'directory.missing', 'directory.forbidden', 'cancelled'];

/** The Java tool opens one file after the other, whatever the directory is. */
const NO_STORE: readonly ErrorCode[] = ['store.missing-file', 'backup.missing', 'backup.invalid'];

/** The Java tool's message when a check cannot be made. */
function wordFailure(error: unknown, directory: string): unknown {
  if (!(error instanceof GraphkeepError) || COMMON_FAILURES.includes(error.code)) return error;
  if (error.code === 'store.needs-recovery') return new GraphkeepError(error.code, NEEDS_RECOVERY);
  if (NO_STORE.includes(error.code)) {
    const labels = join(directory, storeFile('nodeLabels').fileName);
    const path = existsSync(labels) ? error.place?.file : labels;
    return new GraphkeepError('store.missing-file', `Store file not found: ${path}`);
  }
  return new GraphkeepError('check.failed', `Consistency checking failed.${describeError(error)}`, { cause: error });
}
