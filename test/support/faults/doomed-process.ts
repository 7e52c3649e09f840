import { Doom } from './doom.ts';
import { pretendMounts } from './pretended-mounts.ts';

/*
 * Entry point of a child process that makes one backup and kills itself (SIGKILL) at a given step. A step is a call that changes the file
 * system. If the last step is a write, it is half done first, as a kill may leave it.
 *
 *     node doomed-process.mjs '{"backupDir", "from", "options", "killAt", "mounted"}'
 *
 * killAt 0 = never. The last line of stdout is the result.
 */

interface Job {
  backupDir: string;
  from: { host: string; port: number };
  options: object;
  killAt: number;
  /** A directory that shall look like a mount point. */
  mounted?: string;
}

async function main(): Promise<void> {
  const { backupDir, from, options, killAt, mounted }: Job = JSON.parse(process.argv[2]!);
  if (mounted !== undefined) pretendMounts(mounted);
  const doom = await Doom.arm(killAt);
  // Loaded now, because some modules keep the functions that they find.
  const { runBackup } = await import('../../../src/backup/backup-job.ts');
  const { jobOptions } = await import('../commands/job-options.ts');
  const { describeError, GraphkeepError } = await import('../../../src/base/errors.ts');
  const result: { steps: number; error?: object } = { steps: 0 };
  try {
    await runBackup(jobOptions(backupDir, from, options), () => {}, new AbortController().signal);
  } catch (error) {
    const chain: string[] = [];
    for (let e = error; e instanceof Error; e = e.cause) chain.push(describeError(e));
    result.error = { code: error instanceof GraphkeepError ? error.code : 'none', chain };
  }
  result.steps = doom.steps;
  console.log(JSON.stringify(result));
}

await main();
