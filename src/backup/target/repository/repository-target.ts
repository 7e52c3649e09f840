import type { ErrorPlace } from '../../../base/errors.ts';
import type { ObjectStore } from '../../../objects/object-store.ts';
import { databaseAddress } from '../../../repository/catalogue/object-keys.ts';
import { RunLock } from '../../../repository/lease/run-lock.ts';
import { openRepository } from '../../../repository/opening/repository.ts';
import { headOf, readHistory, type TimelineHistory } from '../../../repository/reading/database-history.ts';
import type { SealPool } from '../../../repository/seal/pool/seal-pool.ts';
import { COMPRESSION, startPool } from '../../../repository/writing/repository-pool.ts';
import type { BackupTarget, ContinuedBackup, FullBackup, KnownTransaction } from '../backup-target.ts';
import type { TargetEvent } from '../target-events.ts';
import { ContinuedTimeline } from './continued-timeline.ts';
import { FullBase } from './full-base.ts';
import type { RepositoryRun } from './repository-run.ts';

export interface RepositoryTargetOptions {
  /** Where to keep note of what an interrupted full backup has stored. Default: nowhere, and it begins anew. */
  stateDirectory?: string | undefined;
  onEvent?: (event: TargetEvent) => void;
}

/**
 * A database in a repository: bases, and every transaction after them. Files and transactions go there as they come, sealed in this
 * process; replay happens at a restore.
 */
export class RepositoryTarget implements BackupTarget {
  readonly location: string;
  readonly run: RepositoryRun;
  private readonly lock: RunLock | undefined;
  private isClosed = false;
  private renews = false;
  /** Where the log of the timeline ended before a base was added to it. */
  private head: KnownTransaction | undefined;

  private pool: Promise<SealPool> | undefined;

  private constructor(run: Omit<RepositoryRun, 'pool' | 'compression'>, lock: RunLock | undefined) {
    const { repository, database, signal } = run;
    const pool = () => {
      this.pool ??= startPool(repository, signal);
      return this.pool;
    };
    this.run = { ...run, pool, compression: COMPRESSION };
    this.lock = lock;
    this.location = databaseAddress(repository.store.address, database);
  }

  /**
   * @param database its key in the repository
   * @throws GraphkeepError `repository.missing`, `repository.in-use`, and those of {@link openRepository}
   */
  static async open(
    store: ObjectStore,
    database: string,
    signal: AbortSignal,
    { stateDirectory, onEvent = () => {} }: RepositoryTargetOptions = {},
  ): Promise<RepositoryTarget> {
    const repository = await openRepository(store, signal);
    const lock = await RunLock.take(store, database, signal);
    return new RepositoryTarget({ repository, database, signal, stateDirectory, onEvent }, lock);
  }

  async holdsBackup(): Promise<boolean> {
    return (await this.newest()) !== undefined;
  }

  async beginFullBackup(from: ErrorPlace): Promise<FullBackup> {
    const newest = await this.newest();
    // What comes while the copy is made follows this one, so that the log has no gap.
    if (this.renews && newest !== undefined) this.head = headOf(newest);
    return await FullBase.begin(this.run, from, newest, this.renews);
  }

  async continueBackup(): Promise<ContinuedBackup> {
    const history = await this.newest();
    if (history === undefined) throw new Error('there is no backup to continue');
    return new ContinuedTimeline(this.run, history, this.head);
  }

  renew(): void {
    this.renews = true;
  }

  async close(): Promise<void> {
    if (this.isClosed) return;
    this.isClosed = true;
    await this.pool?.then(
      (pool) => pool.close(),
      () => {},
    );
    await this.lock?.release();
  }

  /** The newest timeline with a complete base. */
  async newest(): Promise<TimelineHistory | undefined> {
    const { repository, database, signal } = this.run;
    const histories = await readHistory(repository.store, database, signal);
    return histories.findLast(({ bases }) => bases.length > 0);
  }
}
