import type { ErrorCode } from '../../base/error-codes.ts';
import { GraphkeepError } from '../../base/errors.ts';
import { isWithin } from '../../base/inner-links.ts';
import { BackupFailed, type BackupOptions, isLiveFiles } from '../backup-options.ts';

/** What is wrong on this side stays wrong until somebody mends it. */
const OURS: readonly ErrorCode[] = [
  'usage',
  'config',
  'config.unreadable',
  'directory.missing',
  'directory.forbidden',
  'directory.foreign',
  'check.inconsistent',
  'check.failed',
  'store.format',
  'repository.missing',
  'repository.foreign',
  'repository.newer-version',
  'internal',
];

/** The histories do not fit any more: only a full backup helps. */
const HISTORY: readonly ErrorCode[] = ['peer.history-pruned', 'peer.other-store', 'peer.behind', 'peer.diverged'];

/**
 * True if a later attempt may succeed without anybody's help: the server is restarted, the network is down, the database is being
 * replaced, somebody reads the backup.
 */
export function mayPass(
  error: GraphkeepError,
  { from, fallbackToFull }: Pick<BackupOptions, 'from' | 'fallbackToFull'>,
): boolean {
  const { code, place } = causeOf(error);
  if (OURS.includes(code)) return false;
  if (HISTORY.includes(code)) return fallbackToFull;
  if (code !== 'file.io') return true;
  const file = place?.file;
  if (!isLiveFiles(from) || file === undefined) return false;
  return isWithin(file, from.directory) || isWithin(file, from.logDirectory);
}

/** What has stopped the last attempt of a backup. */
export function causeOf(error: GraphkeepError): GraphkeepError {
  const last = error instanceof BackupFailed ? error.attempts.at(-1)?.error : undefined;
  return last instanceof GraphkeepError ? last : error;
}
