import type { BackupOptions, BackupReport } from '../../backup/backup-options.ts';
import { printableLine } from '../../base/printable-text.ts';
import { formatBytes } from '../../config/sizes.ts';
import { requestBackup } from '../commands/backup-request.ts';
import { createBackupView } from './backup-view.ts';
import type { Invocation } from './program.ts';
import type { Reporter } from './reporter.ts';

export async function backupBody({ values, context }: Invocation, reporter: Reporter): Promise<void> {
  const options = await requestBackup(values, context);
  const runBackup = context.runBackup ?? (await import('../../backup/backup-job.ts')).runBackup;
  const { notes: _, ...report } = await runBackup(options, createBackupView(context, reporter), context.signal);
  reporter.report(describe(options, report), { command: 'backup', ...report });
}

function describe(options: BackupOptions, report: Omit<BackupReport, 'notes'>): string {
  const name = printableLine(options.name);
  const { kind, firstTransaction, lastTransaction, files, bytes, durationMs } = report;
  const seconds = (durationMs / 1000).toFixed(1);
  if (kind === 'unchanged') return `${name} is up to date at transaction ${lastTransaction} (${seconds} s).`;
  const range =
    kind === 'full' ? `up to transaction ${lastTransaction}` : `transactions ${firstTransaction} to ${lastTransaction}`;
  return `${name}: ${kind} backup, ${range}, ${files} files, ${formatBytes(bytes)} in ${seconds} s.`;
}
