import { closeSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { GraphkeepError } from '../../base/errors.ts';
import { fileError } from '../../base/file-errors.ts';
import type { BulkLoadOptions, BulkLoadResult } from '../tree/bulk-load.ts';
import { bitOf, type LabelRange, rangeOf } from './label-range.ts';
import { buildLabelScanStore } from './label-scan-build.ts';

export interface LabelScanBuilderOptions extends BulkLoadOptions {
  /** Entries (20 bytes each) kept in memory before they go to the file of runs. */
  maxEntriesInMemory?: number;
}

const DEFAULT_MAX_ENTRIES = 1 << 20;
/** f64 range, u32 high, u32 low. */
const RUN_ENTRY_BYTES = 16;
const ENTRIES_PER_READ = 4096;

/** The range that is being filled for a label. */
interface OpenRange {
  range: number;
  high: number;
  low: number;
}

/** A piece of the file of runs: entries of one label. */
interface Run {
  offset: number;
  entries: number;
}

/**
 * Builds a label scan store from the nodes of a store, in bounded memory. Nodes come by id, the tree wants them by label: the ranges
 * of each label come in order, so entries are collected, grouped by label whenever the memory is full, and written to a file
 * of runs; at the end the runs of each label are read one behind the other.
 */
export class LabelScanBuilder {
  private readonly path: string;
  private readonly options: LabelScanBuilderOptions;
  private readonly open = new Map<number, OpenRange>();
  private readonly labels: Int32Array;
  private readonly ranges: Float64Array;
  private readonly highs: Uint32Array;
  private readonly lows: Uint32Array;
  private count = 0;
  private runFile: number | undefined;
  private runFileBytes = 0;
  private readonly runs = new Map<number, Run[]>();

  /** @param path where {@link finish} writes the store: a temporary name; `<path>.runs` is used as well */
  constructor(path: string, options: LabelScanBuilderOptions = {}) {
    const capacity = options.maxEntriesInMemory ?? DEFAULT_MAX_ENTRIES;
    this.path = path;
    this.options = options;
    this.labels = new Int32Array(capacity);
    this.ranges = new Float64Array(capacity);
    this.highs = new Uint32Array(capacity);
    this.lows = new Uint32Array(capacity);
  }

  /** Adds a node with its labels. Ids have to ascend. */
  add(node: number, labels: ArrayLike<number>): void {
    const range = rangeOf(node);
    const bit = bitOf(node);
    for (let i = 0; i < labels.length; i++) {
      const label = labels[i]!;
      let current = this.open.get(label);
      if (current === undefined) {
        current = { range, high: 0, low: 0 };
        this.open.set(label, current);
      } else if (current.range !== range) {
        if (range < current.range) throw this.misuse(node);
        this.push(label, current);
        current.range = range;
        current.high = 0;
        current.low = 0;
      }
      if (bit < 32) current.low = (current.low | (1 << bit)) >>> 0;
      else current.high = (current.high | (1 << (bit - 32))) >>> 0;
    }
  }

  /** Writes the store to the path and flushes it. */
  async finish(): Promise<BulkLoadResult> {
    try {
      for (const [label, current] of this.open) this.push(label, current);
      this.open.clear();
      if (this.runFile !== undefined) this.spill();
      return await buildLabelScanStore(
        this.path,
        this.runFile === undefined ? this.inMemory() : this.fromRuns(),
        this.options,
      );
    } finally {
      this.abort();
    }
  }

  /** Gives up: removes the file of runs. */
  abort(): void {
    if (this.runFile === undefined) return;
    closeSync(this.runFile);
    this.runFile = undefined;
    rmSync(this.runPath, { force: true });
  }

  private get runPath(): string {
    return `${this.path}.runs`;
  }

  private push(label: number, { range, high, low }: OpenRange): void {
    if (this.count === this.labels.length) this.spill();
    const at = this.count++;
    this.labels[at] = label;
    this.ranges[at] = range;
    this.highs[at] = high;
    this.lows[at] = low;
  }

  /** Entry numbers grouped by ascending label, within a label in order of arrival. */
  private groupByLabel(): Map<number, number[]> {
    const groups = new Map<number, number[]>();
    for (let i = 0; i < this.count; i++) {
      const group = groups.get(this.labels[i]!);
      if (group === undefined) groups.set(this.labels[i]!, [i]);
      else group.push(i);
    }
    return new Map([...groups].sort(([a], [b]) => a - b));
  }

  private spill(): void {
    const buffer = Buffer.allocUnsafe(this.count * RUN_ENTRY_BYTES);
    let at = 0;
    for (const [label, entries] of this.groupByLabel()) {
      const run = { offset: this.runFileBytes + at, entries: entries.length };
      const runs = this.runs.get(label);
      if (runs === undefined) this.runs.set(label, [run]);
      else runs.push(run);
      for (const entry of entries) {
        buffer.writeDoubleLE(this.ranges[entry]!, at);
        buffer.writeUInt32LE(this.highs[entry]!, at + 8);
        buffer.writeUInt32LE(this.lows[entry]!, at + 12);
        at += RUN_ENTRY_BYTES;
      }
    }
    this.writeRuns(buffer);
    this.count = 0;
  }

  private writeRuns(buffer: Buffer): void {
    try {
      this.runFile ??= openSync(this.runPath, 'w+');
      for (let done = 0; done < buffer.length; ) {
        done += writeSync(this.runFile, buffer, done, buffer.length - done, this.runFileBytes + done);
      }
      this.runFileBytes += buffer.length;
    } catch (error) {
      throw fileError(error, 'write the file', this.runPath);
    }
  }

  private *inMemory(): Generator<LabelRange> {
    for (const [label, entries] of this.groupByLabel()) {
      for (const i of entries) {
        yield { label, range: this.ranges[i]!, high: this.highs[i]!, low: this.lows[i]! };
      }
    }
  }

  private *fromRuns(): Generator<LabelRange> {
    const buffer = Buffer.allocUnsafe(ENTRIES_PER_READ * RUN_ENTRY_BYTES);
    const current: LabelRange = { label: 0, range: 0, high: 0, low: 0 };
    for (const label of [...this.runs.keys()].sort((a, b) => a - b)) {
      current.label = label;
      for (const run of this.runs.get(label)!) {
        for (let first = 0; first < run.entries; first += ENTRIES_PER_READ) {
          const count = Math.min(ENTRIES_PER_READ, run.entries - first);
          this.readRuns(buffer.subarray(0, count * RUN_ENTRY_BYTES), run.offset + first * RUN_ENTRY_BYTES);
          for (let at = 0; at < count * RUN_ENTRY_BYTES; at += RUN_ENTRY_BYTES) {
            current.range = buffer.readDoubleLE(at);
            current.high = buffer.readUInt32LE(at + 8);
            current.low = buffer.readUInt32LE(at + 12);
            yield current;
          }
        }
      }
    }
  }

  private readRuns(target: Buffer, position: number): void {
    try {
      for (let done = 0; done < target.length; ) {
        const count = readSync(this.runFile!, target, done, target.length - done, position + done);
        if (count === 0) throw new Error('the file is shorter than what was written to it');
        done += count;
      }
    } catch (error) {
      throw fileError(error, 'read the file', this.runPath);
    }
  }

  private misuse(node: number): GraphkeepError {
    return new GraphkeepError('internal', 'the nodes of a new label scan store do not ascend', { observed: node });
  }
}
