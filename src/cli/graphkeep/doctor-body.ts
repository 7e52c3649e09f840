import { printableLine } from '../../base/printable-text.ts';
import { type Diagnosis, examineBackups } from '../../doctor/doctor.ts';
import { doctorChecks } from '../../doctor/findings/doctor-checks.ts';
import type { DoctorFinding, DoctorLevel } from '../../doctor/findings/finding.ts';
import { requestDoctor } from '../commands/doctor-request.ts';
import { readDirectoryPlace } from './backup-place.ts';
import type { Invocation } from './program.ts';
import { readRateLimit } from './rate-limit-option.ts';
import type { Reporter } from './reporter.ts';

const FAILS = 1;

const levelNames: Record<DoctorLevel, string> = { ok: 'OK', warn: 'WARN', fail: 'FAIL', unknown: 'UNKNOWN' };

const groupNames = { settings: 'This command', source: 'Database', log: 'Transaction log', target: 'Backup' } as const;

/** @returns the exit code */
export async function doctorBody({ values, context }: Invocation, reporter: Reporter): Promise<number> {
  const hasPlace = ['to', 'backup-dir', 'name'].some((name) => values.isGiven(name));
  const place = hasPlace ? readDirectoryPlace(values) : undefined;
  const options = await requestDoctor(values, context, readRateLimit(values), place);
  const diagnosis = await examineBackups(options, context.signal, context.now().getTime());
  if (values.flag('quiet') && !values.flag('json')) tellComplaints(diagnosis, reporter);
  reporter.report(describeDiagnosis(diagnosis).join('\n'), diagnosis);
  return diagnosis.verdict === 'fail' ? FAILS : 0;
}

/** With `--quiet`, nothing is said of what is in order. */
function tellComplaints({ findings }: Diagnosis, reporter: Reporter): void {
  for (const { check, level, observed, remedy } of findings) {
    if (level !== 'warn' && level !== 'fail') continue;
    reporter.note({ code: check, text: printableLine(`${levelNames[level]} ${check}: ${observed}. ${remedy}`) });
  }
}

/** The lines for people: the groups with their findings, then a count. */
export function describeDiagnosis({ findings }: Diagnosis): string[] {
  const width = Math.max(...findings.map(({ check }) => check.length));
  const lines = (Object.keys(groupNames) as (keyof typeof groupNames)[]).flatMap((group) => {
    const own = inTableOrder(findings.filter(({ check }) => doctorChecks[check].group === group));
    return own.length === 0 ? [] : [groupNames[group], ...own.flatMap((finding) => describeFinding(finding, width))];
  });
  const count = (level: DoctorLevel) => findings.filter((finding) => finding.level === level).length;
  return [...lines, `${count('fail')} FAIL, ${count('warn')} WARN, ${count('ok')} OK, ${count('unknown')} UNKNOWN`];
}

function inTableOrder(findings: readonly DoctorFinding[]): DoctorFinding[] {
  const order = Object.keys(doctorChecks);
  return [...findings].sort((a, b) => order.indexOf(a.check) - order.indexOf(b.check));
}

function describeFinding({ check, level, observed, remedy }: DoctorFinding, width: number): string[] {
  const line = `  ${levelNames[level].padEnd(8)}${check.padEnd(width)}  ${printableLine(observed)}`;
  return remedy === undefined ? [line] : [line, `${' '.repeat(10)}${' '.repeat(width)}  -> ${printableLine(remedy)}`];
}
