import { GraphkeepError } from '../base/errors.ts';
import type { ClientConfig } from '../config/neo4j-conf.ts';
import type { SslPolicy } from '../config/ssl-policy/ssl-policy.ts';
import type { BackupEvent, BackupNote, BackupProtocol } from './backup-events.ts';

/** What a backup job is asked to do; everything is resolved, nothing is a default any more. */
export interface BackupOptions {
  /** Existing directory, canonical. */
  backupDir: string;
  /** As typed; stays below {@link backupDir}. The target is `join(backupDir, name)`. */
  name: string;
  from: { host: string; port: number };
  protocol: 'any' | 'catchup' | 'common';
  fallbackToFull: boolean;
  /** The policy that dbms.backup.ssl_policy names: for the catchup protocol. */
  sslPolicy?: SslPolicy | undefined;
  /** Longest silence of the server on the common protocol. */
  timeoutMs: number;
  /** Memory for changes and page buffers, from --pagecache and HEAP_SIZE. */
  memoryBudgetBytes: number;
  checkConsistency: boolean;
  /** Existing directory, canonical. */
  reportDir: string;
  checks: { graph: boolean; indexes: boolean; labelScanStore: boolean; propertyOwners: boolean };
  config: ClientConfig;
}

export interface BackupReport {
  kind: 'full' | 'incremental' | 'unchanged';
  /** First and last transaction that this run added; equal to the last one of the backup if it added none. */
  firstTransaction: number;
  lastTransaction: number;
  bytes: number;
  files: number;
  durationMs: number;
  /** Set if an older backup was replaced by a full one. */
  fallback?: { reason: string; movedTo: string };
  /** What the user should know beside all that, in the order in which it was told. */
  notes: readonly BackupNote[];
}

/** Runs one backup and tells what it does. Throws GraphkeepError, {@link BackupFailed} once the strategies were tried. */
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

/** The two ways in which the strategies end without a backup (spec backup-command 3.1), with the sentence the user knows. */
const OUTCOMES = {
  /** No strategy could work with this server. */
  'no-strategy': 'Failed to run a backup using the available strategies.',
  /** The right protocol was found, but the job failed. */
  execution: 'Execution of backup failed',
} as const;

/** No strategy made a backup. {@link attempts} has the cause of each, in the order of trying. */
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
