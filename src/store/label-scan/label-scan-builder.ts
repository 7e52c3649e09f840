import { GraphkeepError } from '../../base/errors.ts';
import type { BulkLoadOptions, BulkLoadResult } from '../tree/load/bulk-load.ts';
import { RunFile } from '../tree/load/run-file.ts';
import { bitOf, type LabelRange, rangeOf } from './label-range.ts';
import { buildLabelScanStore } from './label-scan-build.ts';

export interface LabelScanBuilderOptions extends BulkLoadOptions {
  /** Entries (20 bytes each) kept in memory before they go to the run file. */
  maxEntriesInMemory?: number;
}

const DEFAULT_MAX_ENTRIES = 1 << 20;
const FIRST_ENTRIES = 1024;
/** f64 range, u32 high, u32 low. */
const RUN_ENTRY_BYTES = 16;
const ENTRIES_PER_READ = 4096;

/** The range being filled for a label. */
interface OpenRange {
  range: number;
  high: number;
  low: number;
}

/** A section of the run file: entries of one label. */
interface Run {
  offset: number;
  entries: number;
}

/**
 * Builds a label scan store from the nodes of a store in bounded memory. Nodes arrive by id, but the tree needs them by label. So entries
 * are collected, grouped by label whenever memory is full, and written to a run file. Within a label, ranges arrive in order, so at the end
 * its runs are simply concatenated.
 */
export class LabelScanBuilder {
  private readonly path: string;
  private readonly options: LabelScanBuilderOptions;
  private readonly open = new Map<number, OpenRange>();
  private readonly mostEntries: number;
  private labels = new Int32Array();
  private ranges = new Float64Array();
  private highs = new Uint32Array();
  private lows = new Uint32Array();
  private count = 0;
  private readonly runFile: RunFile;
  private readonly runs = new Map<number, Run[]>();

  /** @param path where {@link finish} writes the store: a temporary name; `<path>.runs` is used as well */
  constructor(path: string, options: LabelScanBuilderOptions = {}) {
    this.path = path;
    this.runFile = new RunFile(`${path}.runs`);
    this.options = options;
    this.mostEntries = options.maxEntriesInMemory ?? DEFAULT_MAX_ENTRIES;
  }

  /** Adds a node with its labels. Ids must ascend. */
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
      if (!this.runFile.isEmpty) this.spill();
      return await buildLabelScanStore(
        this.path,
        this.runFile.isEmpty ? this.inMemory() : this.fromRuns(),
        this.options,
      );
    } finally {
      this.abort();
    }
  }

  /** Gives up: removes the run file. */
  abort(): void {
    this.runFile.remove();
  }

  private push(label: number, { range, high, low }: OpenRange): void {
    if (this.count === this.mostEntries) this.spill();
    if (this.count === this.labels.length) this.grow();
    const at = this.count++;
    this.labels[at] = label;
    this.ranges[at] = range;
    this.highs[at] = high;
    this.lows[at] = low;
  }

  private grow(): void {
    const capacity = Math.min(this.mostEntries, Math.max(FIRST_ENTRIES, 2 * this.labels.length));
    const { labels, ranges, highs, lows } = this;
    this.labels = new Int32Array(capacity);
    this.labels.set(labels);
    this.ranges = new Float64Array(capacity);
    this.ranges.set(ranges);
    this.highs = new Uint32Array(capacity);
    this.highs.set(highs);
    this.lows = new Uint32Array(capacity);
    this.lows.set(lows);
  }

  /** Entry numbers grouped by ascending label, in order of arrival within a label. */
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
    const placed: { label: number; run: Run }[] = [];
    let at = 0;
    for (const [label, entries] of this.groupByLabel()) {
      placed.push({ label, run: { offset: at, entries: entries.length } });
      for (const entry of entries) {
        buffer.writeDoubleLE(this.ranges[entry]!, at);
        buffer.writeUInt32LE(this.highs[entry]!, at + 8);
        buffer.writeUInt32LE(this.lows[entry]!, at + 12);
        at += RUN_ENTRY_BYTES;
      }
    }
    const start = this.runFile.append(buffer);
    for (const { label, run } of placed) {
      run.offset += start;
      const runs = this.runs.get(label);
      if (runs === undefined) this.runs.set(label, [run]);
      else runs.push(run);
    }
    this.count = 0;
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
          this.runFile.read(buffer.subarray(0, count * RUN_ENTRY_BYTES), run.offset + first * RUN_ENTRY_BYTES);
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

  private misuse(node: number): GraphkeepError {
    return new GraphkeepError('internal', 'the nodes of a new label scan store do not ascend', { observed: node });
  }
}
