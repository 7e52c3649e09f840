import { headOf, type TimelineHistory } from '../../../repository/reading/database-history.ts';
import { SegmentLog } from '../../../repository/writing/segment-log.ts';
import type { StoreIdentity } from '../../../store/files/store-id.ts';
import type { ContinuedBackup, KnownTransaction } from '../backup-target.ts';
import { placeOfLog, type RepositoryRun } from './repository-run.ts';

/**
 * A timeline to which segments are added. Full segments are sent while transactions come, the last one by {@link append}. What was sent
 * before a failure stays: it is part of the history, and only its end is missing.
 */
export class ContinuedTimeline implements ContinuedBackup {
  readonly storeId: StoreIdentity;
  readonly last: KnownTransaction;
  private readonly run: RepositoryRun;
  private readonly timeline: string;
  private log: SegmentLog | undefined;
  /** The last transaction that is stored. */
  private reached: number;

  /** `history` has a complete base. `from`: where to go on, if not at its head. */
  constructor(run: RepositoryRun, history: TimelineHistory, from?: KnownTransaction) {
    const { id, checksum } = from ?? headOf(history)!;
    this.run = run;
    this.storeId = history.timeline.store;
    this.last = { id, checksum };
    this.reached = id;
    this.timeline = history.timeline.id;
  }

  async beginLog(): Promise<SegmentLog> {
    await this.abandon();
    this.log = new SegmentLog({ ...(await placeOfLog(this.run, this.timeline)), after: this.reached });
    return this.log;
  }

  async append(): Promise<void> {
    await this.log!.finish();
  }

  async leave(): Promise<void> {}

  async abandon(): Promise<void> {
    this.reached = Math.max(this.reached, this.log?.reached ?? 0);
    this.log?.abandon();
  }
}
