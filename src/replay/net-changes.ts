import { type ChangeCursor, ChangeRun, mergeChanges, type NetChange, TableCursor } from './change-runs.ts';
import { ChangeTable, NO_IMAGE } from './change-table.ts';
import { type RecordSpace, recordSpaces } from './record-space.ts';

/**
 * The net change of a stretch of log: per record the first before-image and the last after-image, whatever happened in between.
 * Kept in memory up to a budget; beyond it, sorted runs go to disk and are merged when read. Design: "net-change replay".
 */
export class NetChanges {
  private readonly tables = recordSpaces.map(() => new ChangeTable());
  private readonly runs: ChangeRun[] = [];
  private readonly budgetBytes: number;
  private readonly spillFolder: string;

  /** `spillFolder` must exist; runs in it are removed by {@link dispose}. */
  constructor(budgetBytes: number, spillFolder: string) {
    this.budgetBytes = budgetBytes;
    this.spillFolder = spillFolder;
  }

  noteBefore(space: RecordSpace, id: number, location: number): void {
    this.tables[space]!.noteBefore(id, location);
  }

  noteAfter(space: RecordSpace, id: number, location: number): void {
    this.tables[space]!.noteAfter(id, location);
  }

  /** To be called between transactions: writes a run when the tables have outgrown the budget. */
  spillIfLarge(): void {
    let bytes = 0;
    for (const table of this.tables) bytes += table.sizeBytes;
    if (bytes <= this.budgetBytes) return;
    this.runs.push(new ChangeRun(this.spillFolder, this.runs.length, this.tables));
    for (const table of this.tables) table.clear();
  }

  /** True if some changes are on disk: then {@link lookUp} is not available. */
  get spilled(): boolean {
    return this.runs.length > 0;
  }

  has(space: RecordSpace): boolean {
    return this.tables[space]!.size > 0 || (this.spilled && !this.runs.every((run) => run.cursor(space).done));
  }

  /** Changed records of a space, in memory only. */
  table(space: RecordSpace): ChangeTable {
    return this.tables[space]!;
  }

  /** Net changes of one space in ascending id order. The yielded object is reused. */
  inOrder(space: RecordSpace): Generator<NetChange> {
    const cursors: ChangeCursor[] = this.runs.map((run) => run.cursor(space));
    cursors.push(new TableCursor(this.tables[space]!));
    return mergeChanges(cursors, { id: -1, firstBefore: NO_IMAGE, lastAfter: NO_IMAGE });
  }

  dispose(): void {
    for (const run of this.runs) run.dispose();
    this.runs.length = 0;
    for (const table of this.tables) table.clear();
  }
}
