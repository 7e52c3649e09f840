import type { BackupEvent } from '../../backup/backup-events.ts';
import type { BackupReport } from '../../backup/backup-options.ts';
import { printableLine } from '../../base/printable-text.ts';
import { formatBytes } from '../../config/sizes.ts';
import { describeSeconds, describeSpeed } from '../progress/progress-text.ts';

/** How long the parts of a backup took, in milliseconds. */
export class BackupTimes {
  /** Receiving files and transactions, of the attempt that succeeded. */
  copyMs = 0;
  checkMs = 0;
  private readonly clock: () => number;
  private attemptAt = 0;
  private checkAt = 0;

  constructor(clock: () => number) {
    this.clock = clock;
  }

  after({ kind }: BackupEvent): void {
    if (kind === 'attempt-began') this.attemptAt = this.clock();
    if (kind === 'copy-ended' || kind === 'transactions-ended') this.copyMs = this.clock() - this.attemptAt;
    if (kind === 'check-began') this.checkAt = this.clock();
    if (kind === 'check-ended') this.checkMs = this.clock() - this.checkAt;
  }
}

/**
 * The end of a backup for people: what it is, what came in which time, the verdict of the check, and where it is. `checked`: how it is
 * checked instead, if it is not one in a directory.
 */
export function describeBackup(report: Omit<BackupReport, 'notes'>, times: BackupTimes, checked?: string): string {
  const { durationMs, directory } = report;
  const received = describeReceived(report);
  const rows = [
    ...(received === undefined ? [] : [['received', received + describeRate(report, times)]]),
    ['check', checked ?? describeCheck(report, times)],
    ['took', describeSeconds(durationMs)],
    ['backup', directory],
  ];
  return [describeKind(report), ...rows.map(([name, text]) => `  ${name!.padEnd(10)}${printableLine(text!)}`)].join(
    '\n',
  );
}

function describeKind({ kind, firstTransaction: first, lastTransaction: last }: Omit<BackupReport, 'notes'>): string {
  switch (kind) {
    case 'full':
      return `Full backup, up to transaction ${last}`;
    case 'incremental':
      return first === last
        ? `Incremental backup, transaction ${last}`
        : `Incremental backup, transactions ${first} to ${last}`;
    case 'unchanged':
      return `Nothing new: the backup is up to date at transaction ${last}`;
    default:
      return kind satisfies never;
  }
}

function describeReceived({
  kind,
  files,
  bytes,
  firstTransaction,
  lastTransaction,
}: Omit<BackupReport, 'notes'>): string | undefined {
  if (kind === 'unchanged') return undefined;
  const count = lastTransaction - firstTransaction + 1;
  const what = kind === 'full' ? `${files} files` : `${count} transaction${count === 1 ? '' : 's'}`;
  return `${what}, ${formatBytes(bytes)}`;
}

function describeRate({ bytes }: Omit<BackupReport, 'notes'>, { copyMs }: BackupTimes): string {
  return ` in ${describeSeconds(copyMs)}${describeSpeed(bytes, copyMs)}`;
}

function describeCheck({ check }: Omit<BackupReport, 'notes'>, { checkMs }: BackupTimes): string {
  if (check === undefined) return 'not asked for';
  const verdict = check.warnings === 0 ? 'consistent' : `consistent, with ${check.warnings} warnings`;
  return `${verdict} (${describeSeconds(checkMs)})`;
}

/** What programs are told of each further backup of a command. */
export function dataOfOther(
  database: string,
  {
    kind,
    firstTransaction,
    lastTransaction,
    files,
    bytes,
    directory,
  }: Pick<BackupReport, 'firstTransaction' | 'lastTransaction' | 'files' | 'bytes' | 'directory'> & { kind: string },
): object {
  return { database, kind, firstTransaction, lastTransaction, files, bytes, directory };
}
