import { closeSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { GraphkeepError } from '../../base/errors.ts';
import { fileError } from '../../base/file-errors.ts';
import type { ChangeTable } from './change-table.ts';
import { type ImageLocation, NO_IMAGE } from './image-location.ts';

/** Numbers per spilled entry: id, first before-image, last after-image. */
const FIELDS = 3;
const BUFFER_ENTRIES = 2048;

/** One net change: the record and the location of its images in the log. */
export interface NetChange {
  id: number;
  firstBefore: ImageLocation;
  lastAfter: ImageLocation;
}

/**
 * A sorted run of net changes on disk, written when the tables outgrow the memory budget. Entries of one space are adjacent and sorted by
 * id, as three native float64 each. The file is deleted when the process no longer needs it.
 */
export class ChangeRun {
  private readonly path: string;
  private readonly fd: number;
  /** Entry range [start, end) of each space. */
  private readonly ranges: { start: number; end: number }[] = [];

  /** `spaces`: the changes of each space, by its number, with ascending ids. */
  constructor(folder: string, index: number, spaces: Iterable<Iterable<NetChange>>) {
    this.path = join(folder, `net-changes.${index}.run`);
    this.fd = openRun(this.path);
    try {
      const chunk = new Float64Array(BUFFER_ENTRIES * FIELDS);
      let entries = 0;
      for (const changes of spaces) {
        const start = entries;
        entries += this.append(changes, chunk);
        this.ranges.push({ start, end: entries });
      }
    } catch (error) {
      this.dispose();
      throw fileError(error, 'write the sort run', this.path);
    }
  }

  private append(changes: Iterable<NetChange>, chunk: Float64Array): number {
    let entries = 0;
    let n = 0;
    for (const { id, firstBefore, lastAfter } of changes) {
      chunk[n++] = id;
      chunk[n++] = firstBefore;
      chunk[n++] = lastAfter;
      entries++;
      if (n === chunk.length) {
        this.write(chunk);
        n = 0;
      }
    }
    this.write(chunk.subarray(0, n));
    return entries;
  }

  private write(numbers: Float64Array): void {
    const bytes = new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength);
    for (let done = 0; done < bytes.length; ) done += writeSync(this.fd, bytes, done, bytes.length - done);
  }

  has(space: number): boolean {
    const { start, end } = this.ranges[space]!;
    return end > start;
  }

  cursor(space: number): ChangeCursor {
    const { start, end } = this.ranges[space]!;
    return new RunCursor(this.path, this.fd, start, end);
  }

  dispose(): void {
    closeSync(this.fd);
    rmSync(this.path, { force: true });
  }
}

function openRun(path: string): number {
  try {
    return openSync(path, 'w+');
  } catch (error) {
    throw fileError(error, 'create the sort run', path);
  }
}

/** A sorted source of net changes with one entry of look-ahead. */
export interface ChangeCursor {
  /** True at the end. */
  readonly done: boolean;
  readonly id: number;
  readonly firstBefore: ImageLocation;
  readonly lastAfter: ImageLocation;
  advance(): void;
}

class RunCursor implements ChangeCursor {
  private readonly fd: number;
  private next: number;
  private readonly end: number;
  private readonly path: string;
  private readonly chunk: Float64Array;
  private at = 0;
  private filled = 0;
  done = false;

  constructor(path: string, fd: number, start: number, end: number) {
    this.path = path;
    this.fd = fd;
    this.next = start;
    this.end = end;
    this.chunk = new Float64Array(Math.min(BUFFER_ENTRIES, end - start) * FIELDS);
    this.fill();
  }

  get id(): number {
    return this.chunk[this.at]!;
  }

  get firstBefore(): ImageLocation {
    return this.chunk[this.at + 1] as ImageLocation;
  }

  get lastAfter(): ImageLocation {
    return this.chunk[this.at + 2] as ImageLocation;
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
      if (n === 0) {
        throw new GraphkeepError('file.truncated', 'a sort run became shorter while it was read', {
          place: { file: this.path },
        });
      }
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

  get firstBefore(): ImageLocation {
    return this.table.firstBefore(this.id);
  }

  get lastAfter(): ImageLocation {
    return this.table.lastAfter(this.id);
  }

  advance(): void {
    this.at++;
  }
}

/** Merges cursors, given oldest first: keeps the oldest first before-image and the newest last after-image. */
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
