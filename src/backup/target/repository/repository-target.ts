import type { ErrorPlace } from '../../../base/errors.ts';
import type { ObjectStore } from '../../../objects/object-store.ts';
import { RunLock } from '../../../repository/lease/run-lock.ts';
import { openRepository, type Repository } from '../../../repository/opening/repository.ts';
import { headOf, readHistory, type TimelineHistory } from '../../../repository/reading/database-history.ts';
import { SealPool } from '../../../repository/seal/pool/seal-pool.ts';
import type { BackupTarget, ContinuedBackup, FullBackup, KnownTransaction } from '../backup-target.ts';
import { ContinuedTimeline } from './continued-timeline.ts';
import { FullBase } from './full-base.ts';
import type { RepositoryRun } from './repository-run.ts';

const LEVEL = 1;

/**
 * A database in a repository: bases, and every transaction after them. Files and transactions go there as they come, sealed in this
 * process; replay happens at a restore.
 */
export class RepositoryTarget implements BackupTarget {
  readonly location: string;
  private readonly run: RepositoryRun;
  private readonly lock: RunLock | undefined;
  private isClosed = false;
  private renews = false;
  /** Where the log of the timeline ended before a base was added to it. */
  private head: KnownTransaction | undefined;

  private pool: Promise<SealPool> | undefined;

  private constructor(repository: Repository, database: string, signal: AbortSignal, lock: RunLock | undefined) {
    const pool = () => {
      this.pool ??= startPool(repository, signal);
      return this.pool;
    };
    this.run = { repository, pool, database, signal, compression: { method: 'zstd', level: LEVEL } };
    this.lock = lock;
    this.location = `${repository.store.address}/db/${database}`;
  }

  /**
   * @param database its key in the repository
   * @throws GraphkeepError `repository.missing`, `repository.in-use`, and those of {@link openRepository}
   */
  static async open(store: ObjectStore, database: string, signal: AbortSignal): Promise<RepositoryTarget> {
    const repository = await openRepository(store, signal);
    const lock = await RunLock.take(store, database, signal);
    return new RepositoryTarget(repository, database, signal, lock);
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
  private async newest(): Promise<TimelineHistory | undefined> {
    const { repository, database, signal } = this.run;
    const histories = await readHistory(repository.store, database, signal);
    return histories.findLast(({ bases }) => bases.length > 0);
  }
}

function startPool({ settings }: Repository, signal: AbortSignal): Promise<SealPool> {
  const { encryption } = settings;
  const recipients = encryption.method === 'none' ? ('none' as const) : encryption.recipients;
  return SealPool.start({ recipients, level: LEVEL, signal });
}
