import type { ObjectStore } from '../../objects/object-store.ts';
import type { MarkName } from '../../repository/catalogue/mark-name.ts';
import { type MarkContent, type MarkedBase, tryToMark, type UnwrittenMark } from '../../repository/marks/mark-store.ts';
import { describeUnwritten } from '../wording/mark-text.ts';
import { noteOfEvent } from './event-data.ts';
import type { Reporter } from './reporter.ts';

/** Tells that a result is not recorded in the repository. */
export function tellUnwritten(mark: UnwrittenMark, reporter: Reporter): void {
  reporter.note(noteOfEvent({ kind: 'result-not-recorded', ...mark }, describeUnwritten(mark)));
}

/** Records results about several bases. Where one cannot be written, the others are not tried: each would take its time to fail. */
export class ResultRecorder {
  private readonly store: ObjectStore;
  private readonly signal: AbortSignal;
  private readonly reporter: Reporter;
  private hasFailed = false;

  constructor(store: ObjectStore, signal: AbortSignal, reporter: Reporter) {
    this.store = store;
    this.signal = signal;
    this.reporter = reporter;
  }

  /** `known`: the marks of the timeline of the base. */
  async record(base: MarkedBase, content: MarkContent, known: readonly MarkName[]): Promise<void> {
    if (this.hasFailed) return;
    const unwritten = await tryToMark(this.store, base, content, known, this.signal);
    if (unwritten === undefined) return;
    this.hasFailed = true;
    tellUnwritten(unwritten, this.reporter);
  }
}
