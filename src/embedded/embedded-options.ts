import type { RetentionPolicy } from '../config/retention-policy.ts';
import type { LogPosition } from '../log/log-position.ts';
import type { IndexLeftToServer } from '../replay/events/replay-events.ts';
import type { IndexProvider } from '../store/graph/schema-rule.ts';

/** Events in a database besides its transactions. */
export type EmbeddedEvent =
  /** The store was not shut down cleanly and was brought up to date. */
  | { kind: 'recovered'; transactions: number; lastTransaction: number }
  | { kind: 'check-point'; lastTransaction: number; position: LogPosition; records: number; durationMs: number }
  /** The database continues; the next check point does the work of this one too. */
  | { kind: 'check-point-failed'; error: unknown }
  /** The log continues in this file. */
  | { kind: 'rotated'; version: number }
  /** These log files were removed. */
  | { kind: 'pruned'; versions: readonly number[] }
  /** Only a server can write this index; it was removed, and a server populates it at its next start. */
  | ({ kind: 'index-left-to-server' } & IndexLeftToServer)
  /** A write or its flush failed: every commit from now on is refused. */
  | { kind: 'failed'; error: unknown };

export interface EmbeddedOptions {
  /** Provider of new indexes: `native-btree` 1.0 (default), or `lucene+native` 2.0 for servers and clients of 3.4. */
  indexProvider?: IndexProvider;
  /** A log file is closed at this size, `dbms.tx_log.rotation.size`. Default 250 MiB. */
  rotationBytes?: number;
  /** Which log files stay after a check point, `dbms.tx_log.rotation.retention_policy`. Default 7 days. */
  retention?: RetentionPolicy;
  /** Longest time between check points while there is something to write, `dbms.checkpoint.interval.time`. Default 15 min. */
  checkPointIntervalMs?: number;
  /** Maximum number of transactions between check points, `dbms.checkpoint.interval.tx`. Default 100,000. */
  checkPointTransactions?: number;
  /**
   * A check point that has waited this long for holders takes precedence over new holders, so that consecutive backups cannot delay it for
   * ever. Default 5 min.
   */
  checkPointPatienceMs?: number;
  /** Memory for check points; if the changed records need more, a check point is made early. Default 256 MiB. */
  budgetBytes?: number;
  /** Creation time of a new store. */
  creationTimeMs?: number;
  /** Random part of a new store's id. */
  randomId?: bigint;
  onEvent?: (event: EmbeddedEvent) => void;
}

/** The options with all defaults filled in. */
export type EmbeddedSettings = Required<Omit<EmbeddedOptions, 'creationTimeMs' | 'randomId'>> &
  Pick<EmbeddedOptions, 'creationTimeMs' | 'randomId'>;

const MEGABYTE = 1024 * 1024;
const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

export function withDefaults(options: EmbeddedOptions): EmbeddedSettings {
  return {
    indexProvider: { key: 'native-btree', version: '1.0' },
    rotationBytes: 250 * MEGABYTE,
    retention: { keep: 'time', ms: 7 * DAY_MS },
    checkPointIntervalMs: 15 * MINUTE_MS,
    checkPointTransactions: 100_000,
    checkPointPatienceMs: 5 * MINUTE_MS,
    budgetBytes: 256 * MEGABYTE,
    onEvent: () => {},
    ...options,
  };
}
