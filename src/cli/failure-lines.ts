import { BackupFailed } from '../backup/backup-options.ts';
import { describeError, GraphkeepError } from '../base/errors.ts';

/**
 * What a user should know beside the message of an error: the cause of each strategy, place and observed value, what to do next.
 * One line each; empty for errors whose message says it all.
 */
export function explainFailure(error: unknown): string[] {
  if (error instanceof BackupFailed) {
    const causes = error.attempts.map(({ strategy, error: cause }) => `${strategy} protocol: ${describeError(cause)}`);
    const hints = new Set(
      error.attempts.flatMap(({ error: cause }) => (cause instanceof GraphkeepError ? [cause.hint] : [])),
    );
    return [...causes, ...hints];
  }
  if (!(error instanceof GraphkeepError)) return [];
  const description = describeError(error);
  const details = description.slice(error.message.length).replace(/^ \((.*)\)$/s, '$1');
  return details === '' ? [] : [details, error.hint];
}

/** The exit code of a failed command: 130 and 143 after SIGINT and SIGTERM, else 1. */
export function exitCodeOf(signal: AbortSignal): number {
  if (!signal.aborted) return 1;
  return signal.reason === 'SIGTERM' ? 143 : 130;
}
