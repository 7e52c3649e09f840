import { hasCode } from '../../base/errors.ts';
import type { StoreReader } from '../../store/graph/store-reader.ts';
import { NODES_PER_RANGE } from '../../store/label-scan/label-scan-layout.ts';
import { hasDynamicLabels, readInlineLabels, readLabels } from '../../store/values/labels.ts';
import { LabelFieldCache } from '../nodes/label-field-cache.ts';
import { LabelBits } from './label-bits.ts';

/** Largest window: four million nodes. */
const MOST_RANGES = 65536;
const BYTES_PER_RANGE = 8;

/** Number of ranges of 64 nodes that fit into a budget, if the nodes have `labels` different labels. */
export function planWindowRanges(labels: number, nodes: number, budgetBytes: number): number {
  const fitting = Math.floor(budgetBytes / (BYTES_PER_RANGE * (labels + 2)));
  return Math.max(1, Math.min(fitting, MOST_RANGES, Math.ceil(nodes / NODES_PER_RANGE)));
}

/** The labels of a range of nodes in the node store: what the label scan store must hold for them. */
export class LabelWindow {
  readonly firstRange: number;
  readonly expected = new Map<number, LabelBits>();
  readonly inUse = new LabelBits();
  /** Nodes with unreadable labels; nothing is expected of them. */
  readonly unknown = new LabelBits();

  private constructor(firstRange: number) {
    this.firstRange = firstRange;
  }

  static async read(reader: StoreReader, firstRange: number, ranges: number, signal?: AbortSignal) {
    const window = new LabelWindow(firstRange);
    const from = firstRange * NODES_PER_RANGE;
    const scan = { from, to: from + ranges * NODES_PER_RANGE, ...(signal === undefined ? {} : { signal }) };
    const bitsOfField = new LabelFieldCache((field) => readInlineLabels(field).map((label) => window.bitsOf(label)));
    await reader.file('node').scanInTurns(({ id, labelField }) => {
      const index = id - from;
      window.inUse.set(index);
      if (labelField === 0) return;
      if (hasDynamicLabels(labelField)) window.add(index, readDynamicLabels(reader, id, labelField));
      else for (const bits of bitsOfField.get(labelField)) bits.set(index);
    }, scan);
    return window;
  }

  private add(index: number, labels: readonly number[] | undefined): void {
    if (labels === undefined) {
      this.unknown.set(index);
      return;
    }
    for (const label of labels) this.bitsOf(label).set(index);
  }

  private bitsOf(label: number): LabelBits {
    let bits = this.expected.get(label);
    if (bits === undefined) {
      bits = new LabelBits();
      this.expected.set(label, bits);
    }
    return bits;
  }
}

function readDynamicLabels(reader: StoreReader, id: number, labelField: number): number[] | undefined {
  try {
    return readLabels(id, labelField, reader.readLabelRecord);
  } catch (error) {
    if (hasCode(error, 'store.corrupt')) return undefined;
    throw error;
  }
}
