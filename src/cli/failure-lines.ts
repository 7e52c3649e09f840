import { BackupFailed, type FailedAttempt } from '../backup/backup-options.ts';
import type { ErrorCode } from '../base/error-codes.ts';
import { errorCodes } from '../base/error-codes.ts';
import { describeError, GraphkeepError, hasCode } from '../base/errors.ts';
import { printableMessage } from '../base/printable-text.ts';

/**
 * What a user should know besides an error's message: the cause of each strategy, place and observed value, what to do next. One line each;
 * empty for errors whose message says it all.
 */
export function explainFailure(error: GraphkeepError): string[] {
  if (error instanceof BackupFailed) {
    const causes = error.attempts.map(
      ({ strategy, error: cause }) => `${describeStrategy(strategy)}: ${describeError(cause)}`,
    );
    const hints = new Set(
      error.attempts.flatMap(({ error: cause }) => (cause instanceof GraphkeepError ? [cause.hint] : [])),
    );
    return [...causes, ...hints];
  }
  const details = describeDetails(error);
  if (details !== '') return [details, error.hint];
  return error.code === 'internal' ? [error.hint] : [];
}

function describeStrategy(strategy: FailedAttempt['strategy']): string {
  return strategy === 'files' ? 'from the files of the database' : `${strategy} protocol`;
}

/** The same for the native front: always includes what to do next, if known. */
export function explainFully(error: GraphkeepError): string[] {
  const lines = explainFailure(error);
  return lines.length > 0 || error.hint === errorCodes.usage ? lines : [error.hint];
}

/** Place and observed value, without brackets. */
function describeDetails(error: GraphkeepError): string {
  const description = describeError(error);
  return description.slice(error.message.length).replace(/^ \((.*)\)$/s, '$1');
}

/** The stack of an error and of its causes. */
export function describeStack(error: unknown): string {
  if (!(error instanceof Error)) return printableMessage(String(error));
  const cause = error.cause === undefined ? '' : `\nCaused by: ${describeStack(error.cause)}`;
  return describeOwnStack(error) + cause;
}

/** The stack begins with the message; only our own errors have multi-line messages. */
function describeOwnStack(error: Error): string {
  const { stack = '', message, name } = error;
  const shown = error instanceof GraphkeepError ? message : printableMessage(message);
  const calls = stack.includes(message) ? stack.slice(stack.indexOf(message) + message.length) : '';
  return `${name}: ${shown}${calls}`;
}

/** The exit codes after the signals that stop a command. */
export const stopCodes = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;

export function isStop(name: unknown): name is keyof typeof stopCodes {
  return typeof name === 'string' && name in stopCodes;
}

/** Something in a repository is missing or damaged. */
export const DAMAGED_REPOSITORY = 14;

/** The key that opens a repository is missing or wrong. */
export const WRONG_KEY = 12;

/** A restored or backed up database is inconsistent. */
export const INCONSISTENT = 3;

/** What a script may want to know of a failure of a repository (docs/repository.md). */
const repositoryExitCodes: Partial<Record<ErrorCode, number>> = {
  'repository.missing': 10,
  'object.no-store': 10,
  'repository.in-use': 11,
  'repository.key-missing': WRONG_KEY,
  'repository.key-wrong': WRONG_KEY,
  'repository.passphrase-missing': WRONG_KEY,
  'repository.passphrase-wrong': WRONG_KEY,
  'repository.object-damaged': DAMAGED_REPOSITORY,
  'repository.object-truncated': DAMAGED_REPOSITORY,
  'repository.object-overlong': DAMAGED_REPOSITORY,
  'object.missing': DAMAGED_REPOSITORY,
};

/**
 * The exit code of a failed command: 129, 130 and 143 after SIGHUP, SIGINT and SIGTERM; 2 and 3 if the result could not be checked or is
 * inconsistent; 10 to 14 for repositories; otherwise 1.
 */
export function exitCodeOf(signal: AbortSignal, error: unknown): number {
  if (signal.aborted) return isStop(signal.reason) ? stopCodes[signal.reason] : stopCodes.SIGINT;
  if (hasCode(error, 'check.inconsistent', 'server.refuses-database')) return INCONSISTENT;
  if (hasCode(error, 'check.failed')) return 2;
  return error instanceof GraphkeepError ? (repositoryExitCodes[error.code] ?? 1) : 1;
}
