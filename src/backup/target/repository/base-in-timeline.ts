import { type ErrorDetails, GraphkeepError } from '../../../base/errors.ts';
import { timelineFolder, timelineKey } from '../../../repository/catalogue/object-keys.ts';
import { formatTimeline } from '../../../repository/catalogue/timeline.ts';
import { createSmall } from '../../../repository/opening/repository.ts';
import { headOf, type TimelineHistory } from '../../../repository/reading/database-history.ts';
import { type BaseLog, BaseWriter, makeId } from '../../../repository/writing/base-writer.ts';
import { findInterruptedBase } from '../../../repository/writing/interrupted-base.ts';
import { journalPath } from '../../../repository/writing/part-journal.ts';
import type { SegmentPlace } from '../../../repository/writing/stored-segment.ts';
import { relateStores, type StoreId, type StoreIdentity } from '../../../store/files/store-id.ts';
import { keptIdentity, type RepositoryRun } from './repository-run.ts';

/** A base that is being written, and the timeline that it belongs to or begins. */
export class BaseInTimeline<Log extends BaseLog> {
  readonly writer: BaseWriter<Log>;
  private readonly run: RepositoryRun;
  private readonly parent: TimelineHistory | undefined;
  private readonly timeline: string;
  private readonly began: Date;

  private constructor(
    run: RepositoryRun,
    parent: TimelineHistory | undefined,
    timeline: { id: string; began: Date },
    writer: BaseWriter<Log>,
  ) {
    this.run = run;
    this.parent = parent;
    this.timeline = timeline.id;
    this.began = timeline.began;
    this.writer = writer;
  }

  /** `newest`: the newest timeline with a base, if there is one. `goesOn`: the base belongs to it; otherwise it begins another one. */
  static async begin<Log extends BaseLog>(
    run: RepositoryRun,
    newest: TimelineHistory | undefined,
    goesOn: boolean,
    makeLog: (place: SegmentPlace) => Log,
  ): Promise<BaseInTimeline<Log>> {
    const { repository, database, signal } = run;
    const { store, settings } = repository;
    const pool = await run.pool();
    const began = await store.now(signal);
    const same = goesOn ? newest?.timeline : undefined;
    const path = await journalPath(run.stateDirectory, settings.id, database);
    const query = { store, database, newest, goesOn: same !== undefined, signal };
    const interrupted = path === undefined ? undefined : await findInterruptedBase({ ...query, path });
    const timeline = same ?? { id: interrupted?.head.timeline ?? makeId(began, newest?.timeline.id), began };
    const journal =
      path === undefined ? undefined : { path, parent: same === undefined ? newest?.timeline.id : undefined };
    const shared = { repository, pool, database, signal, journal, interrupted };
    const previous = newest?.bases.at(-1)?.id;
    const writer = await BaseWriter.begin({ ...shared, timeline: timeline.id, previous }, makeLog);
    if (interrupted !== undefined) {
      const { parts, storedBytes } = interrupted;
      run.onEvent({ kind: 'full-continued', objects: parts.length, bytes: storedBytes });
    }
    return new BaseInTimeline(run, newest, timeline, writer);
  }

  /**
   * A base that belongs to a timeline is of its store.
   * @throws GraphkeepError `peer.other-store` with these details
   */
  requireSameStore(id: StoreIdentity, details: ErrorDetails): void {
    const { continued } = this;
    if (continued === undefined || relateStores(id, continued.timeline.store) === 'same') return;
    throw new GraphkeepError('peer.other-store', 'the server has another database than a moment ago', details);
  }

  /** The timeline that the base belongs to, if it does not begin one. */
  private get continued(): TimelineHistory | undefined {
    return this.parent?.timeline.id === this.timeline ? this.parent : undefined;
  }

  /**
   * The base exists when this resolves.
   * @returns where the history is that it does not continue, if there is one
   */
  async publish(identity: StoreId): Promise<string | undefined> {
    const { repository, database, signal } = this.run;
    const { parent, writer } = this;
    if (this.continued !== undefined) {
      await writer.publish();
      return undefined;
    }
    const head = parent === undefined ? undefined : headOf(parent);
    const timeline = formatTimeline({
      format: 'graphkeep-timeline',
      version: 1,
      id: this.timeline,
      database,
      store: keptIdentity(identity),
      began: this.began,
      ...(head === undefined ? {} : { parent: { timeline: parent!.timeline.id, transaction: head.id } }),
    });
    await createSmall(repository.store, timelineKey(database, this.timeline), timeline, signal);
    await writer.publish();
    return parent && `${repository.store.address}/${timelineFolder(database, parent.timeline.id)}`;
  }
}
