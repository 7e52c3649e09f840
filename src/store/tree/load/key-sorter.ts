import type { KeyOrder } from '../page/layout.ts';
import { RunFile } from './run-file.ts';

export interface KeySorterOptions {
  /** Memory for keys before a run goes to disk. */
  maxBytesInMemory?: number;
}

const DEFAULT_MAX_BYTES = 64 << 20;
const READ_BYTES = 256 << 10;
/** Each key of a run follows its u16 length. */
const LENGTH_BYTES = 2;

/** Sorts any number of keys in bounded memory: full arenas are sorted and written to one file as runs, which are merged at the end. */
export class KeySorter {
  private readonly file: RunFile;
  private readonly compare: KeyOrder;
  private readonly maxBytes: number;
  private arena: Buffer;
  private used = 0;
  private starts: number[] = [];
  private readonly runs: { start: number; end: number }[] = [];

  /** @param path of the run file, created on demand and removed by {@link close} */
  constructor(path: string, compare: KeyOrder, options: KeySorterOptions = {}) {
    this.file = new RunFile(path);
    this.compare = compare;
    this.maxBytes = options.maxBytesInMemory ?? DEFAULT_MAX_BYTES;
    this.arena = Buffer.allocUnsafe(Math.min(this.maxBytes, 1 << 16));
  }

  add(key: Uint8Array): void {
    const end = this.used + LENGTH_BYTES + key.length;
    if (end > this.maxBytes && this.used > 0) {
      this.spill();
      this.add(key);
      return;
    }
    if (end > this.arena.length) {
      const grown = Buffer.allocUnsafe(Math.max(end, Math.min(2 * this.arena.length, this.maxBytes)));
      this.arena.copy(grown, 0, 0, this.used);
      this.arena = grown;
    }
    this.starts.push(this.used);
    this.arena.writeUInt16LE(key.length, this.used);
    this.arena.set(key, this.used + LENGTH_BYTES);
    this.used = end;
  }

  /** All keys in order. Yielded bytes are valid until the next one is requested. */
  *sorted(): Generator<Uint8Array> {
    if (this.runs.length === 0) {
      this.sortArena();
      for (const start of this.starts) yield this.keyAt(start);
      return;
    }
    if (this.used > 0) this.spill();
    this.arena = Buffer.alloc(0);
    yield* this.merge();
  }

  /** Removes the run file. */
  close(): void {
    this.file.remove();
  }

  private keyAt(start: number): Uint8Array {
    const from = start + LENGTH_BYTES;
    return this.arena.subarray(from, from + this.arena.readUInt16LE(start));
  }

  private sortArena(): void {
    const { arena, compare } = this;
    this.starts.sort((a, b) => {
      const aLength = arena.readUInt16LE(a);
      const bLength = arena.readUInt16LE(b);
      return compare(arena, a + LENGTH_BYTES, aLength, arena, b + LENGTH_BYTES, bLength);
    });
  }

  private spill(): void {
    this.sortArena();
    const run = Buffer.allocUnsafe(this.used);
    let at = 0;
    for (const start of this.starts) {
      const end = start + LENGTH_BYTES + this.arena.readUInt16LE(start);
      at += this.arena.copy(run, at, start, end);
    }
    const start = this.file.append(run);
    this.runs.push({ start, end: start + run.length });
    this.used = 0;
    this.starts = [];
  }

  private *merge(): Generator<Uint8Array> {
    const heads = this.runs.map(({ start, end }) => new RunReader(this.file, start, end));
    const heap = new RunHeap(heads, this.compare);
    for (let head = heap.first; head !== undefined; head = heap.first) {
      yield head.key;
      head.next();
      heap.sink();
    }
  }
}

/** Reads the keys of one run. */
class RunReader {
  key: Uint8Array = new Uint8Array(0);
  isDone = false;
  private readonly file: RunFile;
  private position: number;
  private readonly end: number;
  private readonly buffer: Buffer;
  private at = 0;
  private filled = 0;

  constructor(file: RunFile, start: number, end: number) {
    this.file = file;
    this.position = start;
    this.end = end;
    this.buffer = Buffer.allocUnsafe(Math.min(READ_BYTES, end - start));
    this.next();
  }

  next(): void {
    if (!this.has(LENGTH_BYTES)) {
      this.isDone = true;
      return;
    }
    const length = this.buffer.readUInt16LE(this.at);
    this.has(LENGTH_BYTES + length);
    const from = this.at + LENGTH_BYTES;
    this.key = this.buffer.subarray(from, from + length);
    this.at = from + length;
  }

  /** Makes `count` bytes available; returns false if there are fewer. */
  private has(count: number): boolean {
    if (this.at + count <= this.filled) return true;
    this.buffer.copyWithin(0, this.at, this.filled);
    this.filled -= this.at;
    this.at = 0;
    const wanted = Math.min(this.buffer.length - this.filled, this.end - this.position);
    this.file.read(this.buffer.subarray(this.filled, this.filled + wanted), this.position);
    this.position += wanted;
    this.filled += wanted;
    return count <= this.filled;
  }
}

/** A heap of the runs, ordered by their current key. */
class RunHeap {
  private readonly runs: RunReader[];
  private readonly compare: KeyOrder;

  constructor(runs: RunReader[], compare: KeyOrder) {
    this.runs = runs.filter((run) => !run.isDone);
    this.compare = compare;
    for (let i = this.runs.length >> 1; i >= 0; i--) this.sink(i);
  }

  get first(): RunReader | undefined {
    return this.runs[0];
  }

  /** Restores the heap order after the key of run `i` has changed; a finished run leaves the heap. */
  sink(i = 0): void {
    const { runs } = this;
    if (runs[i]?.isDone) {
      const last = runs.pop()!;
      if (i < runs.length) runs[i] = last;
    }
    for (let parent = i; ; ) {
      const left = 2 * parent + 1;
      let least = parent;
      if (left < runs.length && this.isBefore(left, least)) least = left;
      if (left + 1 < runs.length && this.isBefore(left + 1, least)) least = left + 1;
      if (least === parent) return;
      [runs[parent], runs[least]] = [runs[least]!, runs[parent]!];
      parent = least;
    }
  }

  private isBefore(a: number, b: number): boolean {
    const x = this.runs[a]!.key;
    const y = this.runs[b]!.key;
    return this.compare(x, 0, x.length, y, 0, y.length) < 0;
  }
}
