import { type ChangeCursor, ChangeRun, mergeChanges, type NetChange, TableCursor } from './change-runs.ts';
import { ChangeTable } from './change-table.ts';
import { type ImageLocation, NO_IMAGE } from './image-location.ts';
import { type RecordSpace, recordSpaces } from './record-space.ts';

/** More runs than this are merged into one: each takes a file descriptor and, while it is read, a buffer. */
const MOST_RUNS = 32;

/**
 * The net change of a stretch of log: per record, the first before-image and the last after-image, whatever happened in between. Kept in
 * memory up to a budget; beyond it, sorted runs go to disk and are merged when read. See "Net-change replay" in docs/architecture.md.
 */
export class NetChanges {
  private readonly tables = recordSpaces.map(() => new ChangeTable());
  private readonly runs: ChangeRun[] = [];
  private runsWritten = 0;
  private readonly budgetBytes: number;
  private readonly spillFolder: string;

  /** `spillFolder` must exist; {@link dispose} removes the runs in it. */
  constructor(budgetBytes: number, spillFolder: string) {
    this.budgetBytes = budgetBytes;
    this.spillFolder = spillFolder;
  }

  noteBefore(space: RecordSpace, id: number, image: ImageLocation): void {
    this.tables[space]!.noteBefore(id, image);
  }

  noteAfter(space: RecordSpace, id: number, image: ImageLocation): void {
    this.tables[space]!.noteAfter(id, image);
  }

  /** Call between transactions: writes a run if the tables have outgrown the budget. */
  spillIfLarge(): void {
    let bytes = 0;
    for (const table of this.tables) bytes += table.sizeBytes;
    if (bytes <= this.budgetBytes) return;
    this.runs.push(this.writeRun((space) => mergeChanges([new TableCursor(this.tables[space]!)], noChange())));
    for (const table of this.tables) table.clear();
    if (this.runs.length >= MOST_RUNS) this.mergeRuns();
  }

  private mergeRuns(): void {
    const { runs } = this;
    const cursorsOf = (space: RecordSpace): ChangeCursor[] => runs.map((run) => run.cursor(space));
    this.runs.push(this.writeRun((space) => mergeChanges(cursorsOf(space), noChange())));
    for (const run of runs.splice(0, runs.length - 1)) run.dispose();
  }

  private writeRun(changesOf: (space: RecordSpace) => Iterable<NetChange>): ChangeRun {
    function* spaces(): Generator<Iterable<NetChange>> {
      for (const space of recordSpaces) yield changesOf(space);
    }
    return new ChangeRun(this.spillFolder, this.runsWritten++, spaces());
  }

  /** True if some changes are on disk, so that {@link table} is incomplete. */
  get spilled(): boolean {
    return this.runs.length > 0;
  }

  has(space: RecordSpace): boolean {
    return this.tables[space]!.size > 0 || this.runs.some((run) => run.has(space));
  }

  /** Changed records of a space, from memory only. */
  table(space: RecordSpace): ChangeTable {
    return this.tables[space]!;
  }

  /** Net changes of one space in ascending id order. The yielded object is reused. */
  inOrder(space: RecordSpace): Generator<NetChange> {
    const cursors: ChangeCursor[] = this.runs.map((run) => run.cursor(space));
    cursors.push(new TableCursor(this.tables[space]!));
    return mergeChanges(cursors, noChange());
  }

  dispose(): void {
    for (const run of this.runs) run.dispose();
    this.runs.length = 0;
    for (const table of this.tables) table.clear();
  }
}

/** An entry to be refilled again and again. */
function noChange(): NetChange {
  return { id: -1, firstBefore: NO_IMAGE, lastAfter: NO_IMAGE };
}
