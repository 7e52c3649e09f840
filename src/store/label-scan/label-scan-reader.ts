import { readU32 } from '../../base/byte-reader.ts';
import { TreeCursor } from '../tree/read/tree-cursor.ts';
import { type OpenTree, openTreeForReading, requireClean } from '../tree/read/tree-file.ts';
import { createLabelKey, type LabelRange, readLabelKey } from './label-range.ts';
import { labelScanLayout } from './label-scan-layout.ts';

/** User header of the label scan store (spec trees-and-indexes 9). */
export const HEADER_USABLE = 0;

export interface LabelScanReaderOptions {
  /** Accepts a store that was not closed, and reads it as of its last check point. */
  allowNotClosed?: boolean;
}

/** Reads the label scan store in order of label and range. The fields hold the entry that {@link next} moved to. */
export class LabelScanReader implements LabelRange {
  label = 0;
  range = 0;
  high = 0;
  low = 0;
  private readonly tree: OpenTree;
  private readonly cursor: TreeCursor;

  constructor(path: string, options: LabelScanReaderOptions = {}) {
    this.tree = openTreeForReading(path, labelScanLayout);
    try {
      if (!options.allowNotClosed) requireClean(this.tree);
      this.cursor = new TreeCursor(this.tree);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** False if the server was rebuilding the store: its content means nothing. */
  get isUsable(): boolean {
    return this.tree.header[0] === HEADER_USABLE;
  }

  /** Moves before the first range of `label`. */
  seek(label: number): void {
    const key = createLabelKey(label, 0);
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

  close(): void {
    this.tree.file.close();
  }
}
