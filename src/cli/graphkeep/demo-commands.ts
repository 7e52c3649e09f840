import type { BackupReport } from '../../backup/backup-options.ts';
import { throwIfCancelled } from '../../base/cancellation.ts';
import { GraphkeepError } from '../../base/errors.ts';
import type { AdminResult } from '../../demo/demo-run.ts';
import type { CommandContext } from '../command-context.ts';
import { runNeo4jAdmin } from '../neo4j-admin/front.ts';

/** Lines of the result that name files: two for each, which nobody reads in a demonstration. */
const FILE_LINE = /StoreCopyClient/;

/**
 * Runs a command line of `bin/neo4j-admin` in this process, as it would run in one of its own.
 * @throws GraphkeepError with the text of the command if it fails, `cancelled` if it was interrupted
 */
export async function runAdminCommand(
  args: readonly string[],
  context: CommandContext,
  home: string,
): Promise<AdminResult> {
  const { runBackup } = await import('../../backup/backup-job.ts');
  let output = '';
  let report: BackupReport | undefined;
  const write = (text: string) => {
    output += text;
  };
  const exitCode = await runNeo4jAdmin(args, {
    ...context,
    env: { NEO4J_HOME: home },
    stdout: write,
    stderr: write,
    runBackup: async (...job) => {
      report = await runBackup(...job);
      return report;
    },
  });
  const all = requireSuccess('neo4j-admin', args, { exitCode, output }, context);
  return { lines: foldFileLines(all), ...(report === undefined ? {} : { report }) };
}

/**
 * The same with `bin/graphkeep`.
 * @param run the front; given, as it loads this file itself
 */
export async function runNativeCommand(
  args: readonly string[],
  context: CommandContext,
  run: (args: readonly string[], context: CommandContext) => Promise<number>,
): Promise<string[]> {
  let output = '';
  const write = (text: string) => {
    output += text;
  };
  const { terminal: _, ...others } = context;
  const exitCode = await run(args, { ...others, env: {}, stdout: write, stderr: write });
  return requireSuccess('graphkeep', args, { exitCode, output }, context);
}

function requireSuccess(
  program: string,
  args: readonly string[],
  { exitCode, output }: { exitCode: number; output: string },
  { signal }: CommandContext,
): string[] {
  const lines = output.trimEnd().split('\n');
  if (exitCode === 0) return lines;
  throwIfCancelled(signal);
  throw new GraphkeepError(
    'demo.failed',
    `${program} ${args[0]} has ended with exit code ${exitCode}: ${lines.join(' ')}`,
  );
}

function foldFileLines(all: readonly string[]): string[] {
  const lines: string[] = [];
  let folded = 0;
  for (const line of [...all, '']) {
    if (FILE_LINE.test(line)) {
      folded++;
      continue;
    }
    if (folded > 0) lines.push(`(${folded} lines about files)`);
    folded = 0;
    if (line !== '') lines.push(line);
  }
  return lines;
}
