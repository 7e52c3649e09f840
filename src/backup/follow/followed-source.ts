import { runBackup } from '../backup-job.ts';
import { type BackupOptions, isLiveFiles } from '../backup-options.ts';
import { lastingStrategiesFor } from '../strategies.ts';
import { mayPass } from './follow-errors.ts';
import { type Followed, OBJECT_BYTES, REPOSITORY_INTERVAL_MS } from './followed.ts';

/** Files are read without asking anybody; a server has to answer each time. Milliseconds. */
const DIRECTORY_INTERVAL_MS = { files: 1000, server: 10_000 };

export function defaultFollowIntervalMs({ from, repositories }: BackupOptions): number {
  if (repositories !== undefined) return REPOSITORY_INTERVAL_MS;
  return DIRECTORY_INTERVAL_MS[isLiveFiles(from) ? 'files' : 'server'];
}

/** A database of 3.4 or 3.5: a server, or files. */
export function followSource(options: BackupOptions): Followed {
  const { strategies, tail, close } = lastingStrategiesFor(options);
  const round = { strategies, checksOnlyFull: true };
  const later = withoutRenewal(options);
  return {
    tail,
    enoughBytes: options.repositories === undefined ? undefined : OBJECT_BYTES,
    backUp: (isFirst, onEvent, signal) => runBackup(isFirst ? options : later, onEvent, signal, round),
    mayPass: (error) => mayPass(error, options),
    close,
  };
}

/** A full backup was asked for once. */
function withoutRenewal(options: BackupOptions): BackupOptions {
  const { repositories, ...others } = options;
  if (repositories === undefined) return options;
  return { ...others, repositories: repositories.map((place) => ({ ...place, renew: false })) };
}
