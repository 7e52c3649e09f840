import { GraphkeepError } from '../base/errors.ts';
import type { CheckedParts } from '../config/check-settings.ts';
import type { ClientConfig } from '../config/neo4j-conf.ts';
import type { SslPolicy } from '../config/ssl-policy/ssl-policy.ts';
import type { ServerAddress } from '../net/server-address.ts';
import type { ObjectStore } from '../objects/object-store.ts';
import type { LiveFilesOptions } from '../source/live-files/live-files-source.ts';
import type { BackupEvent, BackupNote, BackupProtocol } from './backup-events.ts';

/** A server that is asked for the backup, or the files of a database, which are read while its server runs. */
export type BackupOrigin = ServerAddress | LiveFilesOptions;

export function isLiveFiles(from: BackupOrigin): from is LiveFilesOptions {
  return 'directory' in from;
}

/** A database in a repository, where a backup may go instead of a directory. */
export interface RepositoryPlace {
  /** Opens the store of the repository. */
  open(signal: AbortSignal): Promise<ObjectStore>;
  /** For messages: the repository as it was named, without anything secret. */
  location: string;
  /** The key of the database. */
  database: string;
  /** Of this user on this machine: where to note what an interrupted full backup has stored. */
  stateDirectory?: string | undefined;
  /** Make a full backup even if there is one, without a gap in the history. */
  renew: boolean;
}

/** The task of a backup job, with all settings resolved and defaults filled in. */
export interface BackupOptions {
  /** Existing directory, canonical path. */
  backupDir: string;
  /** As typed; stays below {@link backupDir}. The target is `join(backupDir, name)`. */
  name: string;
  /**
   * The targets instead of a directory, at least one. What the source delivers goes into all of them. Nothing is checked then: files are
   * exact only after a restore.
   */
  repositories?: readonly RepositoryPlace[];
  from: BackupOrigin;
  protocol: 'any' | 'catchup' | 'common';
  fallbackToFull: boolean;
  /** The policy named by dbms.backup.ssl_policy, for the catchup protocol. */
  sslPolicy?: SslPolicy | undefined;
  /** Longest silence of the server in the common protocol. */
  timeoutMs: number;
  /** Memory for changes and page buffers, from --pagecache and HEAP_SIZE. */
  memoryBudgetBytes: number;
  checkConsistency: boolean;
  /** Existing directory, canonical path. */
  reportDir: string;
  checks: CheckedParts;
  config: ClientConfig;
}

export interface BackupReport {
  kind: 'full' | 'incremental' | 'unchanged';
  /** First and last transaction added by this run; if it added none, both are the last one of the backup. */
  firstTransaction: number;
  lastTransaction: number;
  bytes: number;
  files: number;
  durationMs: number;
  /** The backup: its directory, or the address of the database in a repository; of several repositories, all of them. */
  directory: string;
  /** `host:port` of the server. */
  server: string;
  /** The protocol that the server understood. */
  protocol: BackupProtocol;
  /** The verdict of the check; absent if none was requested. An inconsistent backup ends the job with an error. */
  check?: { warnings: number };
  /** Set if a full backup replaced an older backup. */
  fallback?: { reason: string; movedTo: string };
  /** What else the user should know, in the order in which it was reported. */
  notes: readonly BackupNote[];
}

/** Runs one backup and reports its events. Throws GraphkeepError, or {@link BackupFailed} once protocols were tried. */
export type RunBackup = (
  options: BackupOptions,
  onEvent: (event: BackupEvent) => void,
  signal: AbortSignal,
) => Promise<BackupReport>;

/** One strategy that did not succeed. */
export interface FailedAttempt {
  strategy: BackupProtocol;
  error: unknown;
}

/** The two ways in which all strategies fail (spec backup-command 3.1), with the message that users know. */
const OUTCOMES = {
  /** No strategy could work with this server. */
  'no-strategy': 'Failed to run a backup using the available strategies.',
  /** The right protocol was found, but the job failed. */
  execution: 'Execution of backup failed',
} as const;

/** No strategy made a backup. {@link attempts} has the cause of each, in order. */
export class BackupFailed extends GraphkeepError {
  readonly outcome: keyof typeof OUTCOMES;
  readonly attempts: readonly FailedAttempt[];

  constructor(outcome: keyof typeof OUTCOMES, attempts: readonly FailedAttempt[]) {
    const cause = attempts.at(-1)?.error;
    super(
      cause instanceof GraphkeepError ? cause.code : 'peer.failure',
      OUTCOMES[outcome],
      cause === undefined ? {} : { cause },
    );
    this.outcome = outcome;
    this.attempts = attempts;
  }
}
