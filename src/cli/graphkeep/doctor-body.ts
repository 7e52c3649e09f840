import { GraphkeepError } from '../../base/errors.ts';
import { printableLine } from '../../base/printable-text.ts';
import { parseFileAddress } from '../../config/addresses.ts';
import { type Diagnosis, examineBackups } from '../../doctor/doctor.ts';
import type { TypedRepository } from '../../doctor/doctor-options.ts';
import { doctorChecks } from '../../doctor/findings/doctor-checks.ts';
import type { DoctorFinding, DoctorLevel } from '../../doctor/findings/finding.ts';
import type { CommandContext } from '../command-context.ts';
import { requestDoctor } from '../commands/doctor-request.ts';
import { openRepositoryStore } from '../commands/repository-request.ts';
import type { OptionValues } from '../option-values.ts';
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
  if (hasPlace && values.isGiven('repo'))
    throw new GraphkeepError('usage', 'give either --repo or a directory, not both');
  // One that the configuration file has is no longer there: it stands for other options.
  const isFromFiles = parseFileAddress(values.optional('from') ?? '') !== undefined;
  if (values.isGiven('database') && !values.isGiven('repo') && !isFromFiles) {
    const message = '--database names a database of the configuration file, and no such file is used';
    throw new GraphkeepError('usage', message, {
      hint: 'With --from=file:PATH it is a database of a server of 4.2 or later, with --repo one in the repository.',
    });
  }
  const places = {
    directory: hasPlace ? readDirectoryPlace(values) : undefined,
    repositories: values.isGiven('repo') ? readRepositories(values, context) : [],
  };
  const options = await requestDoctor(values, context, readRateLimit(values), places);
  const diagnosis = await examineBackups(options, context.signal, context.now().getTime());
  if (values.flag('quiet') && !values.flag('json')) tellComplaints(diagnosis, reporter);
  reporter.report(describeDiagnosis(diagnosis).join('\n'), diagnosis);
  return diagnosis.verdict === 'fail' ? FAILS : 0;
}

/** What is wrong with one of them is a finding. @throws GraphkeepError `usage` */
function readRepositories(values: OptionValues, context: CommandContext): TypedRepository[] {
  return values.perRepository().map((own) => ({
    database: values.optional('database'),
    open: () => openRepositoryStore(own, context),
  }));
}

/** With `--quiet`, nothing is said of what is in order. */
function tellComplaints({ findings }: Diagnosis, reporter: Reporter): void {
  for (const finding of findings) {
    const { check, level, remedy } = finding;
    if (level !== 'warn' && level !== 'fail') continue;
    const observed = describeObserved(finding);
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

/** What it is about comes first, where there may be several. */
function describeObserved({ database, repository, observed }: DoctorFinding): string {
  const subject = [database, repository].filter((name) => name !== undefined).join(' in ');
  return subject === '' ? observed : `${subject}: ${observed}`;
}

function describeFinding(finding: DoctorFinding, width: number): string[] {
  const { check, level, remedy } = finding;
  const line = `  ${levelNames[level].padEnd(8)}${check.padEnd(width)}  ${printableLine(describeObserved(finding))}`;
  return remedy === undefined ? [line] : [line, `${' '.repeat(10)}${' '.repeat(width)}  -> ${printableLine(remedy)}`];
}
