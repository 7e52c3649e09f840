import { readU32 } from '../../base/byte-reader.ts';
import { createLabelKey, type LabelRange, readLabelKey } from '../../store/label-scan/label-range.ts';
import { TreeCursor } from '../../store/tree/read/tree-cursor.ts';
import type { OpenTree } from '../../store/tree/read/tree-file.ts';

const LARGEST_LABEL = 2 ** 31 - 1;

/** Reads entries of a label scan store by label and range. The fields hold the entry to which {@link next} moved. */
export class LabelEntries implements LabelRange {
  label = 0;
  range = 0;
  high = 0;
  low = 0;
  private readonly cursor: TreeCursor;

  constructor(tree: OpenTree) {
    this.cursor = new TreeCursor(tree);
  }

  /** Moves before the first entry of `label` that is not before `range`. */
  seek(label: number, range = 0): void {
    const key = createLabelKey(label, range);
    this.cursor.seek({ bytes: key, start: 0, length: key.length });
  }

  next(): boolean {
    if (!this.cursor.next()) return false;
    const { page, keyStart, valueStart } = this.cursor;
    readLabelKey(page, keyStart, this);
    this.high = readU32(page, valueStart);
    this.low = readU32(page, valueStart + 4);
    return true;
  }

  /** Byte offset of the current entry in the file. */
  get offset(): number {
    return this.cursor.place.offset;
  }

  /** The labels with entries, ascending. */
  labels(): number[] {
    const labels: number[] = [];
    this.cursor.seek();
    while (this.next()) {
      labels.push(this.label);
      if (this.label === LARGEST_LABEL) break;
      this.seek(this.label + 1);
    }
    return labels;
  }
}
