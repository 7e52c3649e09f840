import { readU32 } from '../../../src/base/byte-reader.ts';
import { createLabelKey, type LabelRange, readLabelKey } from '../../../src/store/label-scan/label-range.ts';
import { HEADER_USABLE, labelScanLayout } from '../../../src/store/label-scan/label-scan-layout.ts';
import { TreeCursor } from '../../../src/store/tree/read/tree-cursor.ts';
import { type OpenTree, openTreeForReading } from '../../../src/store/tree/read/tree-file.ts';

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
      if (!options.allowNotClosed && !this.tree.state.clean) throw new Error(`${path} was not closed`);
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
