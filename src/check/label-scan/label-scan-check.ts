import { LABEL_SCAN_FILE } from '../../store/files/store-files.ts';
import { bitOf, rangeOf } from '../../store/label-scan/label-range.ts';
import { HEADER_USABLE, labelScanLayout, NODES_PER_RANGE } from '../../store/label-scan/label-scan-layout.ts';
import type { OpenTree } from '../../store/tree/read/tree-file.ts';
import type { CheckContext } from '../findings/check-context.ts';
import type { CheckKind } from '../findings/check-kinds.ts';
import { describeNode } from '../findings/entity-texts.ts';
import { createFinding } from '../findings/finding.ts';
import { inspectTree } from '../indexes/tree-condition.ts';
import { forEachBit, type LabelBits } from './label-bits.ts';
import { LabelEntries } from './label-entries.ts';
import { LabelWindow, planWindowRanges } from './label-window.ts';

/**
 * Checks that the label scan store is sound and holds exactly the labels of the nodes (spec consistency-check 3.10), in both directions.
 * Reads node records and store once, window by window, in bounded memory.
 */
export async function checkLabelScan(context: CheckContext): Promise<void> {
  const condition = await inspectTree(context, LABEL_SCAN_FILE, labelScanLayout);
  if (condition.kind === 'missing') return reportFile(context, 'labelScan.missing');
  if (condition.kind !== 'open') return reportFile(context, 'labelScan.unreadable', condition.problem);
  const { tree, sound } = condition;
  try {
    const { derivedEntries } = context.parts;
    if (!tree.state.clean && derivedEntries) reportFile(context, 'labelScan.dirtyIndex');
    if (tree.header[0] !== HEADER_USABLE) reportFile(context, 'labelScan.needsRebuild', `header ${tree.header[0]}`);
    else if (sound && derivedEntries) await new LabelComparison(context, tree).run();
  } finally {
    tree.file.close();
  }
}

function reportFile({ report }: CheckContext, kind: CheckKind, found?: string): void {
  report(createFinding(kind, { file: LABEL_SCAN_FILE, text: '', ...(found === undefined ? {} : { found }) }));
}

class LabelComparison {
  private readonly context: CheckContext;
  private readonly tree: OpenTree;
  private readonly entries: LabelEntries;
  private readonly labels: number[];
  private describedRange = -1;
  private description = '';

  constructor(context: CheckContext, tree: OpenTree) {
    this.context = context;
    this.tree = tree;
    this.entries = new LabelEntries(tree);
    this.labels = this.entries.labels();
  }

  async run(): Promise<void> {
    const { reader, tokens, budgetBytes, signal } = this.context;
    const { endId } = reader.file('node');
    const ranges = planWindowRanges(Math.max(tokens.label.size, this.labels.length), endId, budgetBytes);
    const end = Math.max(1, Math.ceil(endId / NODES_PER_RANGE));
    for (let first = 0; first < end; first += ranges) {
      const window = await LabelWindow.read(reader, first, ranges, signal);
      // Entries beyond the last node belong to the last window.
      this.compare(window, first + ranges >= end ? Number.POSITIVE_INFINITY : first + ranges);
      const { size } = reader.format.node;
      this.context.progress(
        'label scan store',
        Math.min(endId, (first + ranges) * NODES_PER_RANGE) * size,
        endId * size,
      );
    }
  }

  private compare(window: LabelWindow, endRange: number): void {
    const { entries } = this;
    for (const label of this.labels) {
      const expected = window.expected.get(label);
      entries.seek(label, window.firstRange);
      while (entries.next() && entries.label === label && entries.range < endRange) {
        this.compareEntry(window, expected);
        expected?.clear(entries.range - window.firstRange);
      }
    }
    if (!this.context.parts.graph) return;
    for (const [label, bits] of window.expected) {
      const first = window.firstRange * NODES_PER_RANGE;
      bits.forEach((index) => {
        this.reportNode('labelScan.nodeLabelNotInIndex', label, first + index);
      });
    }
  }

  private compareEntry({ firstRange, unknown, inUse }: LabelWindow, expected: LabelBits | undefined): void {
    const { label, range, high, low } = this.entries;
    const index = range - firstRange;
    const expectedHigh = expected?.high(index) ?? 0;
    const expectedLow = expected?.low(index) ?? 0;
    if (high === expectedHigh && low === expectedLow) return;
    const first = range * NODES_PER_RANGE;
    const { offset } = this.entries;
    forEachBit(high & ~expectedHigh & ~unknown.high(index), low & ~expectedLow & ~unknown.low(index), (bit) => {
      const isUsed = (((bit < 32 ? inUse.low(index) : inUse.high(index)) >>> (bit % 32)) & 1) === 1;
      const kind = isUsed ? 'labelScan.nodeDoesNotHaveExpectedLabel' : 'labelScan.nodeNotInUse';
      this.reportNode(kind, label, first + bit, offset);
    });
    if (!this.context.parts.graph) return;
    forEachBit(expectedHigh & ~high, expectedLow & ~low, (bit) =>
      this.reportNode('labelScan.nodeLabelNotInIndex', label, first + bit, offset),
    );
  }

  private reportNode(kind: CheckKind, label: number, node: number, offset?: number): void {
    const isMissing = kind === 'labelScan.nodeLabelNotInIndex';
    const labels = kind === 'labelScan.nodeNotInUse' ? [] : [String(label)];
    this.context.report(
      createFinding(kind, {
        file: LABEL_SCAN_FILE,
        record: rangeOf(node),
        offset,
        text: this.describeRange(rangeOf(node)),
        inconsistentWith: [describeNode(this.context.reader, node), ...labels],
        expected: `node ${node} ${isMissing ? 'with' : 'without'} label ${label}`,
        found: `node ${node} ${isMissing ? 'without' : 'with'} label ${label}`,
      }),
    );
  }

  /** The store's content for a range, as the report shows it. */
  private describeRange(range: number): string {
    if (this.describedRange === range) return this.description;
    const labelsOf = new Map<number, number[]>();
    const entries = new LabelEntries(this.tree);
    for (const label of this.labels) {
      entries.seek(label, range);
      if (!entries.next() || entries.label !== label || entries.range !== range) continue;
      forEachBit(entries.high, entries.low, (bit) => labelsOf.set(bit, [...(labelsOf.get(bit) ?? []), label]));
    }
    const first = range * NODES_PER_RANGE;
    const nodes = [...labelsOf].sort(([a], [b]) => a - b);
    const list = nodes.map(([bit, labels]) => `Node[${first + bitOf(bit)}]: Labels[${labels.join(', ')}]`);
    this.describedRange = range;
    this.description = `NodeLabelRange[idRange=${first}-${first + NODES_PER_RANGE}; {${list.join(', ')}}]`;
    return this.description;
  }
}
