import { describeError, hasCode } from '../../base/errors.ts';
import { printableLine } from '../../base/printable-text.ts';
import { describeKind } from '../../check/findings/check-kinds.ts';
import type { Finding } from '../../check/findings/finding.ts';
import { describeFinding } from '../../check/report/report-text.ts';
import { checkStoreWithReport, type ReportedCheck } from '../../check/report/reported-check.ts';
import { whileUnchanged } from '../../store/files/database-lock.ts';
import { type CheckRequest, requestNativeCheck } from '../commands/consistency-check.ts';
import { INCONSISTENT } from '../failure-lines.ts';
import { progressOfCheck } from '../progress/event-progress.ts';
import { describeUncheckedLog } from '../wording/pending-log-text.ts';
import { noteOfEvent } from './event-data.ts';
import type { Invocation } from './program.ts';
import type { Reporter } from './reporter.ts';

/** Findings of each kind in the result for programs; the report file has all. */
const SHOWN_PER_KIND = 1000;

/** An exit code; that of a backup with a check. */
const COULD_NOT_CHECK = 2;

/** @returns the exit code */
export async function checkBody({ values, positionals, context }: Invocation, reporter: Reporter): Promise<number> {
  const request = requestNativeCheck(values, positionals[0]!, context);
  const shown: Finding[] = [];
  const startedAt = context.now();
  let check: ReportedCheck;
  try {
    check = await whileUnchanged(request.directory, () =>
      checkStoreWithReport(request.directory, {
        ...request.parts,
        ...(request.budgetBytes === undefined ? {} : { budgetBytes: request.budgetBytes }),
        reportDirectory: request.reportDirectory,
        startedAt,
        signal: context.signal,
        onFinding: (finding) => shown.push(finding),
        maxFindingsPerKind: SHOWN_PER_KIND,
        onEvent: (event) => {
          if (event.kind === 'check-progress') reporter.progress(progressOfCheck(event));
        },
      }),
    );
  } catch (error) {
    if (hasCode(error, 'cancelled')) throw error;
    reporter.fail(error);
    return COULD_NOT_CHECK;
  }
  const text = [
    describe(request, check),
    ...(check.pending === undefined ? [] : [describeUncheckedLog(check.pending)]),
  ];
  if (check.reportFailure !== undefined) {
    const note = `The report is not complete: ${describeError(check.reportFailure)}`;
    reporter.note(noteOfEvent({ kind: 'check-report-failed', error: check.reportFailure }, note));
  }
  reporter.report(text.join('\n'), describeForPrograms(request, check, shown));
  return check.consistent ? 0 : INCONSISTENT;
}

function describe({ directory }: CheckRequest, check: ReportedCheck): string {
  const { consistent, errors, warnings, byKind, reportPath } = check;
  if (errors + warnings === 0) return `${printableLine(directory)} is consistent.`;
  const verdict = consistent ? 'is consistent, but not tidy' : 'is inconsistent';
  const lines = [
    `${directory} ${verdict}: ${errors} errors, ${warnings} warnings.`,
    ...describeKinds(byKind),
    `Report: ${reportPath ?? 'none'}`,
  ];
  return lines.map(printableLine).join('\n');
}

/** How many findings of each kind there are, one line each. */
export function describeKinds(byKind: ReportedCheck['byKind']): string[] {
  const width = Math.max(...[...byKind.values()].map((count) => String(count).length));
  return [...byKind].map(([kind, count]) => {
    const { severity, message } = describeKind(kind);
    return `  ${String(count).padStart(width)} x ${severity} ${kind}: ${message}`;
  });
}

function describeForPrograms({ directory }: CheckRequest, check: ReportedCheck, shown: readonly Finding[]): object {
  const { consistent, errors, warnings, bytes, byKind, pending, reportPath } = check;
  return {
    directory,
    consistent,
    errors,
    warnings,
    bytes,
    byKind: Object.fromEntries(byKind),
    ...(reportPath === undefined ? {} : { reportPath }),
    ...(pending === undefined
      ? {}
      : { pending: { ...pending, notChecked: ['label scan store entries', 'index entries'] } }),
    findings: shown.map(describeFinding),
    findingsLeftOut: errors + warnings - shown.length,
  };
}
