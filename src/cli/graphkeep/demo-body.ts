import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { removeTree } from '../../base/durable-files.ts';
import { GraphkeepError } from '../../base/errors.ts';
import { atFile } from '../../base/file-errors.ts';
import { type DemoReport, DemoRun, type DemoWorld, demoFolders } from '../../demo/demo-run.ts';
import { type Audience, formatCount, formatSeconds, Narrator } from '../../demo/narrator.ts';
import type { CommandContext } from '../command-context.ts';
import { runAdminCommand, runNativeCommand } from './demo-commands.ts';
import type { Invocation } from './program.ts';
import type { Reporter } from './reporter.ts';

/** `graphkeep demo`: succeeds only if every comparison held. */
export async function demoBody(
  { values, context }: Invocation,
  reporter: Reporter,
  runCommandLine: (args: readonly string[], context: CommandContext) => Promise<number>,
): Promise<void> {
  const keep = values.flag('keep');
  const parent = tmpdir();
  const root = await atFile('create a directory for temporary files (TMPDIR names its place)', parent, () =>
    mkdtemp(join(parent, 'graphkeep-demo-')),
  );
  const folders = demoFolders(root);
  const seed = context.now().getTime() % 2 ** 31;
  let report: DemoReport;
  try {
    const world: DemoWorld = {
      signal: context.signal,
      runAdminCommand: (args, home, signal) => runAdminCommand(args, { ...context, signal }, home),
      runCommand: (args, signal) => runNativeCommand(args, { ...context, signal, cwd: root }, runCommandLine),
    };
    report = await new DemoRun(folders, world, new Narrator(audienceOf(reporter)), seed, context.demoPlan).run();
  } finally {
    if (keep) reporter.note({ code: 'demo-kept', text: `\nEverything is still in ${root}`, data: { path: root } });
    else await removeTree(root);
  }
  const differences = report.proofs.reduce((sum, proof) => sum + proof.differences.length, 0);
  if (differences > 0) throw differenceError(report, differences);
  const kept = keep ? ['', 'Look around:', ...lookAround(folders)].join('\n') : '';
  reporter.report(`\n${describe(report)}${kept}`, { ...report, ...(keep ? { folders } : {}) });
}

function audienceOf(reporter: Reporter): Audience {
  return {
    line: (text) => reporter.line(text),
    progress: ({ phase, done, total }) => reporter.progress({ phase, transactions: done, totalTransactions: total }),
  };
}

function describe({ proofs, transactions, writers, durationMs }: DemoReport): string {
  const compared = proofs.reduce((sum, proof) => sum + proof.compared, 0);
  return `Everything held: ${proofs.length} claims, ${formatCount(compared)} comparisons, ${formatCount(transactions)} transactions of ${writers} writers, in ${formatSeconds(durationMs)}.`;
}

function differenceError({ proofs }: DemoReport, differences: number): GraphkeepError {
  const broken = proofs.filter((proof) => proof.differences.length > 0);
  return new GraphkeepError(
    'demo.difference',
    `the restored database is not what it must be: ${broken[0]!.differences[0]}`,
    {
      observed: `${differences} differences in ${broken.length} of ${proofs.length} claims`,
    },
  );
}

function lookAround({ backups, home, live, restored, repository }: ReturnType<typeof demoFolders>): string[] {
  return [
    `   bin/graphkeep inspect ${restored}`,
    `   bin/graphkeep serve --database=${live}`,
    `   bin/graphkeep serve --database=${join(backups, 'bank')}`,
    `   bin/graphkeep info --repo=${repository}`,
    `   NEO4J_HOME=${home} bin/neo4j-admin restore --from=${join(backups, 'bank')} --database=bank.db --force`,
  ];
}
