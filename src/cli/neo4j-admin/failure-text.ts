import { BackupFailed } from '../../backup/backup-options.ts';
import type { ErrorCode } from '../../base/error-codes.ts';
import type { GraphkeepError } from '../../base/errors.ts';
import { asGraphkeepError, isMissing, systemCodeOf } from '../../base/file-errors.ts';
import { printableText } from '../../base/printable-text.ts';
import type { CommandRow } from '../command-table.ts';
import { explainFailure } from '../failure-lines.ts';
import { UnexpectedValue } from '../unexpected-value.ts';
import { commandUsage } from './usage-text.ts';

/*
 * The Java tool's format for failures (spec backup-command 1.2):
 *
 *   wrong usage       message, empty line, usage of the command
 *   command failed    `command failed: <message>`
 *   anything else     `unexpected error: <message>`
 *
 * The first line is the one that scripts and people know. What the Java tool omits (causes, places, hints) follows on further lines.
 */

/** Errors reported as failures of a command, not as unexpected errors. */
const COMMAND_FAILURES = new Set<ErrorCode>([
  'directory.in-use',
  'directory.foreign',
  'directory.missing',
  'directory.forbidden',
  'config.unreadable',
  'database.missing',
  'database.exists',
  'archive.missing',
  'archive.exists',
  'archive.invalid',
  'store.needs-recovery',
  'check.inconsistent',
  'check.failed',
  'cancelled',
]);

/** Exceptions to that for single commands. */
const UNEXPECTED_OF_COMMAND: Record<string, readonly ErrorCode[]> = { restore: ['database.exists'] };

/** A command's message for a disk error. */
const DISK_FAILURES: Record<string, (error: GraphkeepError) => string> = {
  restore: () => 'Failed to restore database',
  dump: (error) => `unable to dump database: ${nameLikeJava(error)}`,
  load: (error) => `unable to load database: ${nameLikeJava(error)}`,
};

/** Only before the work begins can an error count as wrong usage. */
export type CommandPhase = 'parsing' | 'reading' | 'working';

/** The text for stderr, including its line break. */
export function failureText(command: CommandRow, caught: unknown, phase: CommandPhase): string {
  const error = asGraphkeepError(caught);
  if (isWrongUsage(command, error, phase)) return `${error.original ?? error.message}\n\n${commandUsage(command)}`;
  const { prefix, message } = wordFailure(command, error);
  const explanation = explainFailure(error).map((line) => `    ${line}\n`);
  return `${prefix}: ${message}\n${explanation.join('')}`;
}

function isWrongUsage(command: CommandRow, error: GraphkeepError, phase: CommandPhase): boolean {
  if (error.code !== 'usage' || error instanceof UnexpectedValue) return false;
  return phase === 'parsing' || (phase === 'reading' && command.badValue === 'usage');
}

function wordFailure(command: CommandRow, error: GraphkeepError): { prefix: string; message: string } {
  if (error instanceof BackupFailed) return { prefix: 'command failed', message: error.message };
  const diskFailure = error.code === 'file.io' ? DISK_FAILURES[command.name] : undefined;
  if (diskFailure !== undefined) return { prefix: 'command failed', message: diskFailure(error) };
  const isFailure =
    COMMAND_FAILURES.has(error.code) && UNEXPECTED_OF_COMMAND[command.name]?.includes(error.code) !== true;
  return { prefix: isFailure ? 'command failed' : 'unexpected error', message: error.original ?? error.message };
}

/** `NoSuchFileException: <path>`: a system error as Java shows it. */
function nameLikeJava(error: GraphkeepError): string {
  const path = printableText(error.place?.file ?? '');
  if (isMissing(error)) return `NoSuchFileException: ${path}`;
  const code = systemCodeOf(error);
  if (code === 'EACCES' || code === 'EPERM') return `AccessDeniedException: ${path}`;
  if (code === 'ENOSPC') return 'IOException: No space left on device';
  return `IOException: ${error.message}`;
}
