import { hasCode } from '../../base/errors.ts';
import { LabelEntries } from '../../check/label-scan/label-entries.ts';
import { readDynamicImage } from '../../log/v3/commands/dynamic-record-image.ts';
import { readNodeImage } from '../../log/v3/commands/node-command.ts';
import { type DynamicOwner, IdleVisitor } from '../../log/v3/fields/transaction-visitor.ts';
import { walkTransaction } from '../../log/v3/transaction-walker.ts';
import { rangeOf } from '../../store/label-scan/label-range.ts';
import { labelScanLayout } from '../../store/label-scan/label-scan-layout.ts';
import { ensureLabelRanges } from '../../store/label-scan/label-scan-update.ts';
import { createDynamicRecord, type DynamicRecord } from '../../store/records/dynamic-record.ts';
import { createNodeRecord } from '../../store/records/node-record.ts';
import { openTreeForReading } from '../../store/tree/read/tree-file.ts';
import { hasDynamicLabels, readLabels } from '../../store/values/labels.ts';

/**
 * Collects which ranges of the label scan store transactions remove labels from, and gives each an entry in a copy of the store.
 *
 * The copy may be newer than the check point from which the client replays. 3.5 removes an entry when its last node has gone, and 3.4, like
 * early 3.5, adds the label when it removes it from a range without an entry (spec transaction-logs 7.3). So a label that was removed
 * between the check point and the copy would come back.
 */
export class LabelRemovals extends IdleVisitor {
  private readonly rangesOf = new Map<number, Set<number>>();
  /** Ranges with a node whose former labels the log does not name. */
  private readonly unknown = new Set<number>();
  private readonly record = createNodeRecord();
  private buffer: Buffer = Buffer.alloc(0);
  private current: RelabelledNode | undefined;

  /** True if no label was removed. */
  get isEmpty(): boolean {
    return this.rangesOf.size === 0 && this.unknown.size === 0;
  }

  take(buffer: Buffer, start: number, end: number): void {
    this.buffer = buffer;
    walkTransaction(buffer, start, end, this);
    this.endNode();
  }

  override node(id: number, before: number, after: number): void {
    this.endNode();
    const { labelField } = readNodeImage(this.buffer, before, this.record);
    const now = readNodeImage(this.buffer, after, this.record).labelField;
    // A dynamic list may change while the field stays.
    if (labelField === 0 || (labelField === now && !hasDynamicLabels(labelField))) return;
    this.current = { id, labelField, changesList: labelField !== now, records: new Map() };
  }

  override dynamic(owner: DynamicOwner, id: number, isBefore: boolean, offset: number): void {
    if (owner !== 'labels' || this.current === undefined) return;
    this.current.changesList = true;
    if (isBefore) this.current.records.set(id, readDynamicImage(this.buffer, offset, createDynamicRecord()));
  }

  /** Adds the entries that are missing to a copy of the label scan store that is not newer than the last transaction taken. */
  async prepare(path: string, signal: AbortSignal): Promise<void> {
    if (this.unknown.size > 0) for (const label of readAllLabels(path)) this.note(label, this.unknown);
    await ensureLabelRanges(path, this.rangesOf, { signal });
  }

  private endNode(): void {
    const { current } = this;
    this.current = undefined;
    if (current === undefined || !current.changesList) return;
    const { id, labelField, records } = current;
    const range = rangeOf(id);
    try {
      for (const label of readLabels(id, labelField, (record) => records.get(record))) this.note(label, [range]);
    } catch (error) {
      if (!hasCode(error, 'store.corrupt')) throw error;
      this.unknown.add(range);
    }
  }

  private note(label: number, ranges: Iterable<number>): void {
    const known = this.rangesOf.get(label) ?? new Set();
    this.rangesOf.set(label, known);
    for (const range of ranges) known.add(range);
  }
}

/** A node of the current transaction that may lose labels. */
interface RelabelledNode {
  id: number;
  /** Before the transaction. */
  labelField: number;
  changesList: boolean;
  /** Of the list before the transaction, by id. */
  records: Map<number, DynamicRecord>;
}

function readAllLabels(path: string): number[] {
  const tree = openTreeForReading(path, labelScanLayout);
  try {
    return new LabelEntries(tree).labels();
  } finally {
    tree.file.close();
  }
}
