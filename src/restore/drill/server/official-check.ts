import { createReadStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { throwIfCancelled } from '../../../base/cancellation.ts';
import { makeDirectory } from '../../../base/durable-files.ts';
import { GraphkeepError } from '../../../base/errors.ts';
import { atFile } from '../../../base/file-errors.ts';
import { javaCommand } from './java-command.ts';
import { environmentOf } from './scratch-server.ts';
import type { ServerHome } from './server-home.ts';
import { TetheredProgram } from './tethered-program.ts';

const ADMIN = 'org.neo4j.cli.AdminTool';
const QUOTED_CHARACTERS = 500;
/** Where everything is wrong, a report may be as large as the database. */
const READ_BYTES = 16 * 1024 * 1024;

/** One entry of the report of a server's own checker. */
export interface OfficialFinding {
  readonly severity: 'error' | 'warning';
  /** Its lines, without the time. */
  readonly text: string;
}

export interface OfficialVerdict {
  /** No errors; there may be warnings. */
  readonly consistent: boolean;
  readonly errors: number;
  readonly warnings: number;
  readonly findings: readonly OfficialFinding[];
}

/**
 * Has the checker of an installation look at a database of a stopped server, with all that it can look at.
 * @param most so many findings are returned; all are counted
 * @throws GraphkeepError `check.failed` if it could not do its work, `cancelled`
 */
export async function runOfficialCheck(
  installed: ServerHome,
  { home, database, most, signal }: { home: string; database: string; most: number; signal: AbortSignal },
): Promise<OfficialVerdict> {
  const reports = join(home, 'report');
  await makeDirectory(reports);
  const command = javaCommand(installed, ADMIN, checkArguments(installed, database, reports));
  throwIfCancelled(signal);
  const program = TetheredProgram.start(command, { cwd: home, env: environmentOf(installed, home) });
  const code = await program.during(signal, () => program.ended);
  const verdict = readReport(await readReports(reports), most);
  if (code !== 0 && verdict.consistent) {
    throw new GraphkeepError('check.failed', 'the checker of the server could not do its work', {
      place: { file: installed.directory },
      observed: program.output.trim().slice(-QUOTED_CHARACTERS),
    });
  }
  return verdict;
}

function checkArguments({ release }: ServerHome, database: string, reports: string): string[] {
  if (!release.hasPresentNames)
    return ['check-consistency', `--database=${database}`, '--check-property-owners=true', `--report-dir=${reports}`];
  // Without a limit it takes nearly all memory of the machine.
  const memory = release.isFrom(5, 26) ? ['--max-off-heap-memory=1g'] : [];
  return ['database', 'check', database, '--check-property-owners=true', `--report-path=${reports}`, ...memory];
}

async function readReports(directory: string): Promise<string> {
  const texts: string[] = [];
  for (const name of (await atFile('read the directory', directory, () => readdir(directory))).sort()) {
    const path = join(directory, name);
    texts.push(await atFile('read the file', path, () => readBeginning(path)));
  }
  return texts.join('');
}

async function readBeginning(path: string): Promise<string> {
  let text = '';
  for await (const piece of createReadStream(path, { encoding: 'utf8', end: READ_BYTES - 1 })) text += piece as string;
  return text;
}

/** An entry begins with a time and a level; its further lines are indented. The last one is a summary with the numbers. */
export function readReport(report: string, most: number): OfficialVerdict {
  const findings = report.split(/^(?=\d{4}-\d\d-\d\d )/m).flatMap((entry): OfficialFinding[] => {
    const [, level, text] = /^\S+ \S+ (ERROR|WARN) +(?! |Inconsistencies found)(.*)$/s.exec(entry) ?? [];
    if (level === undefined) return [];
    return [{ severity: level === 'ERROR' ? 'error' : 'warning', text: text!.trim() }];
  });
  const count = (severity: string) => findings.filter((finding) => finding.severity === severity).length;
  const summed = (name: string) => Number(new RegExp(`^\\tNumber of ${name}: (\\d+)$`, 'm').exec(report)?.[1] ?? 0);
  const errors = Math.max(count('error'), summed('errors'));
  const warnings = Math.max(count('warning'), summed('warnings'));
  return { consistent: errors === 0, errors, warnings, findings: findings.slice(0, most) };
}
