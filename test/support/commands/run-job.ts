import type { BackupEvent } from '../../../src/backup/backup-events.ts';
import { runBackup } from '../../../src/backup/backup-job.ts';
import type { BackupOptions, BackupReport } from '../../../src/backup/backup-options.ts';
import type { LiveFilesOptions } from '../../../src/source/live-files/live-files-source.ts';
import { jobOptions } from './job-options.ts';
import { ToldEvents } from './told-events.ts';

/** Output and result of a job. */
export interface JobResult {
  report: BackupReport;
  /** stdout. */
  lines: string[];
  /** stderr. */
  notes: string[];
  events: BackupEvent[];
}

/** A real server may be silent for a minute: it makes a check point on a busy machine. */
const PATIENCE_MS = 300_000;

/** Runs one backup of a server in this process, with the defaults of the command line and no consistency check. */
export async function runJob(
  from: string,
  backupDir: string,
  name: string,
  options: Partial<BackupOptions> = {},
  signal?: AbortSignal,
): Promise<JobResult> {
  const [host, port] = from.split(':');
  return await run(backupDir, { host: host!, port: Number(port) }, { name, ...options }, signal);
}

/** The same from the files of a database. */
export async function runLiveJob(
  from: LiveFilesOptions,
  backupDir: string,
  name: string,
  options: Partial<BackupOptions> = {},
  signal?: AbortSignal,
): Promise<JobResult> {
  return await run(backupDir, from, { name, ...options }, signal);
}

async function run(
  backupDir: string,
  from: BackupOptions['from'],
  options: Partial<BackupOptions>,
  signal = new AbortController().signal,
): Promise<JobResult> {
  const told = new ToldEvents();
  const changed = { timeoutMs: PATIENCE_MS, memoryBudgetBytes: 128 * 1024 * 1024, ...options };
  const report = await runBackup(jobOptions(backupDir, from, changed), told.take, signal);
  return { report, lines: told.lines, notes: told.notes, events: told.events };
}
