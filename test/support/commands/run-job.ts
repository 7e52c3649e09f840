import { runBackup } from '../../../src/backup/backup-job.ts';
import type { BackupOptions, BackupReport } from '../../../src/backup/backup-options.ts';
import { jobOptions } from './job-options.ts';
import { ToldEvents } from './told-events.ts';

/** Output and result of a job. */
export interface JobResult {
  report: BackupReport;
  /** stdout. */
  lines: string[];
  /** stderr. */
  notes: string[];
}

/** Runs one backup in this process, with the defaults of the command line and no consistency check. */
export async function runJob(
  from: string,
  backupDir: string,
  name: string,
  options: Partial<BackupOptions> = {},
  signal: AbortSignal = new AbortController().signal,
): Promise<JobResult> {
  const [host, port] = from.split(':');
  const told = new ToldEvents();
  const report = await runBackup(
    jobOptions(
      backupDir,
      { host: host!, port: Number(port) },
      { name, timeoutMs: 60_000, memoryBudgetBytes: 128 * 1024 * 1024, ...options },
    ),
    told.take,
    signal,
  );
  return { report, lines: told.lines, notes: told.notes };
}
