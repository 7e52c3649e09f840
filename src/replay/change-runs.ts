import { closeSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { type ChangeTable, NO_IMAGE } from './change-table.ts';

/** Numbers of a spilled entry: id, first before-image, last after-image. */
const FIELDS = 3;
const BUFFER_ENTRIES = 8192;

/** One net change: the record and where its images are in the log. */
export interface NetChange {
  id: number;
  firstBefore: number;
  lastAfter: number;
}

/**
 * A sorted run of net changes on disk, written when the tables outgrow the memory budget. Entries of one space lie together,
 * sorted by id, as three native float64 each; the file lives only as long as the process needs it.
 */
export class ChangeRun {
  private readonly path: string;
  private readonly fd: number;
  /** Entry ranges [start, end) of each space. */
  private readonly ranges: { start: number; end: number }[] = [];

  constructor(folder: string, index: number, tables: readonly ChangeTable[]) {
    this.path = join(folder, `net-changes.${index}.run`);
    this.fd = openSync(this.path, 'w+');
    let entries = 0;
    for (const table of tables) {
      const start = entries;
      entries += this.append(table);
      this.ranges.push({ start, end: entries });
    }
  }

  private append(table: ChangeTable): number {
    const ids = table.sortedIds();
    const chunk = new Float64Array(BUFFER_ENTRIES * FIELDS);
    let n = 0;
    for (const id of ids) {
      chunk[n++] = id;
      chunk[n++] = table.firstBefore(id);
      chunk[n++] = table.lastAfter(id);
      if (n === chunk.length) {
        writeSync(this.fd, chunk);
        n = 0;
      }
    }
    if (n > 0) writeSync(this.fd, chunk.subarray(0, n));
    return ids.length;
  }

  cursor(space: number): RunCursor {
    const { start, end } = this.ranges[space]!;
    return new RunCursor(this.fd, start, end);
  }

  dispose(): void {
    closeSync(this.fd);
    rmSync(this.path, { force: true });
  }
}

/** A sorted source of net changes with one entry of look-ahead. */
export interface ChangeCursor {
  /** False at the end. */
  readonly done: boolean;
  readonly id: number;
  readonly firstBefore: number;
  readonly lastAfter: number;
  advance(): void;
}

class RunCursor implements ChangeCursor {
  private readonly fd: number;
  private next: number;
  private readonly end: number;
  private readonly chunk = new Float64Array(BUFFER_ENTRIES * FIELDS);
  private at = 0;
  private filled = 0;
  done = false;

  constructor(fd: number, start: number, end: number) {
    this.fd = fd;
    this.next = start;
    this.end = end;
    this.fill();
  }

  get id(): number {
    return this.chunk[this.at]!;
  }

  get firstBefore(): number {
    return this.chunk[this.at + 1]!;
  }

  get lastAfter(): number {
    return this.chunk[this.at + 2]!;
  }

  advance(): void {
    this.at += FIELDS;
    if (this.at >= this.filled) this.fill();
  }

  private fill(): void {
    const entries = Math.min(BUFFER_ENTRIES, this.end - this.next);
    if (entries <= 0) {
      this.done = true;
      return;
    }
    const bytes = new Uint8Array(this.chunk.buffer, 0, entries * FIELDS * 8);
    let got = 0;
    while (got < bytes.length) {
      const n = readSync(this.fd, bytes, got, bytes.length - got, this.next * FIELDS * 8 + got);
      if (n === 0) throw new Error('a net-change run ended too early');
      got += n;
    }
    this.next += entries;
    this.at = 0;
    this.filled = entries * FIELDS;
  }
}

export class TableCursor implements ChangeCursor {
  private readonly table: ChangeTable;
  private readonly ids: Float64Array;
  private at = 0;

  constructor(table: ChangeTable) {
    this.table = table;
    this.ids = table.sortedIds();
  }

  get done(): boolean {
    return this.at >= this.ids.length;
  }

  get id(): number {
    return this.ids[this.at]!;
  }

  get firstBefore(): number {
    return this.table.firstBefore(this.id);
  }

  get lastAfter(): number {
    return this.table.lastAfter(this.id);
  }

  advance(): void {
    this.at++;
  }
}

/** Merges cursors given oldest first: the first before-image of the oldest, the last after-image of the newest. */
export function* mergeChanges(cursors: ChangeCursor[], change: NetChange): Generator<NetChange> {
  for (;;) {
    let lowest = Number.POSITIVE_INFINITY;
    for (const cursor of cursors) if (!cursor.done && cursor.id < lowest) lowest = cursor.id;
    if (lowest === Number.POSITIVE_INFINITY) return;
    change.id = lowest;
    change.firstBefore = NO_IMAGE;
    change.lastAfter = NO_IMAGE;
    for (const cursor of cursors) {
      if (cursor.done || cursor.id !== lowest) continue;
      if (change.firstBefore === NO_IMAGE && change.lastAfter === NO_IMAGE) change.firstBefore = cursor.firstBefore;
      if (cursor.lastAfter !== NO_IMAGE) change.lastAfter = cursor.lastAfter;
      cursor.advance();
    }
    yield change;
  }
}
