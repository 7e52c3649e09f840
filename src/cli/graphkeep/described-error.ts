import { BackupFailed } from '../../backup/backup-options.ts';
import { asGraphkeepError } from '../../base/file-errors.ts';

/** The `code`, `message` and so on of an error. */
export function describeForPrograms(error: unknown): object {
  const { code, message, place, observed, hint } = asGraphkeepError(error);
  const base = {
    code,
    message,
    ...(place === undefined ? {} : { place }),
    ...(observed === undefined ? {} : { observed: String(observed) }),
    hint,
  };
  if (!(error instanceof BackupFailed)) return base;
  const attempts = error.attempts.map(({ strategy: protocol, error: cause }) => ({
    protocol,
    ...describeForPrograms(cause),
  }));
  return { ...base, attempts };
}
