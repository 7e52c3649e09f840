import { printableLine } from '../../base/printable-text.ts';
import { type CheckKind, describeKind } from '../findings/check-kinds.ts';
import type { Finding } from '../findings/finding.ts';
import { summaryTypes } from '../findings/summary-types.ts';
import type { CheckResult } from '../store-check.ts';

/** First line of an entry without its level: the message of the finding. */
function messageOf({ kind, message }: Finding): string {
  return message ?? describeKind(kind).message;
}

/** The lines of a finding after its level, as in report and log (spec consistency-check 2), without a final line break. */
export function renderFinding(finding: Finding): string {
  const lines = [printableLine(messageOf(finding))];
  if (finding.text !== '') lines.push(`\t${printableLine(finding.text)}`);
  if (finding.inconsistentWith.length > 0) {
    lines.push(`\tInconsistent with: ${printableLine(finding.inconsistentWith.join(' '))}`);
  }
  return lines.join('\n');
}

/** The summary after its level; undefined if there are no errors. */
export function renderSummary({
  errors,
  warnings,
  errorsByType,
}: Pick<CheckResult, 'errors' | 'warnings' | 'errorsByType'>): string | undefined {
  if (errors === 0) return undefined;
  const types = summaryTypes.filter((type) => errorsByType.has(type));
  const lines = [
    'Inconsistencies found: ConsistencySummaryStatistics{',
    `\tNumber of errors: ${errors}`,
    `\tNumber of warnings: ${warnings}`,
    ...types.map((type) => `\tNumber of inconsistent ${type} records: ${errorsByType.get(type)}`),
    '}',
  ];
  return lines.join('\n');
}

/** An entry of the report file, with its line break. */
export function renderEntry(finding: Finding): string {
  return `${finding.severity === 'error' ? 'ERROR' : 'WARN '}: ${renderFinding(finding)}\n`;
}

/** The counts of findings that the report does not list, by kind. */
export function renderLeftOut(counts: ReadonlyMap<CheckKind, number>): string {
  const lines = [...counts].map(([kind, count]) => `\t${count} x ${describeKind(kind).severity} ${kind}`);
  return `WARN : The report has an end; these findings are not shown:\n${lines.join('\n')}\n`;
}

/** The end of the report file. */
export function renderSummaryEntry(summary: string): string {
  return `WARN : ${summary}\n`;
}

/** A finding as plain data for programs. */
export function describeFinding(finding: Finding): object {
  const { kind, severity, file, record, offset, text, inconsistentWith, expected, found } = finding;
  const { origin } = describeKind(kind);
  return {
    kind,
    severity,
    origin,
    message: messageOf(finding),
    file,
    record,
    offset,
    text,
    inconsistentWith,
    expected,
    found,
  };
}
