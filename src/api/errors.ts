export { BackupFailed, type FailedAttempt } from '../backup/backup-options.ts';
export type { ErrorCode } from '../base/error-codes.ts';
export { describeError, type ErrorPlace, GraphkeepError } from '../base/errors.ts';
