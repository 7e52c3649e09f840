import { LabelEntries } from '../../../src/check/label-scan/label-entries.ts';
import { HEADER_USABLE, labelScanLayout } from '../../../src/store/label-scan/label-scan-layout.ts';
import { type OpenTree, openTreeForReading } from '../../../src/store/tree/read/tree-file.ts';

export interface LabelScanReaderOptions {
  /** Accepts a store that was not closed, and reads it as of its last check point. */
  allowNotClosed?: boolean;
}

/** Opens a label scan store and reads it in order of label and range. */
export class LabelScanReader extends LabelEntries {
  private readonly tree: OpenTree;

  constructor(path: string, options: LabelScanReaderOptions = {}) {
    const tree = openLabelScan(path, options);
    super(tree);
    this.tree = tree;
  }

  /** False if the server was rebuilding the store: its content is then meaningless. */
  get isUsable(): boolean {
    return this.tree.header[0] === HEADER_USABLE;
  }

  close(): void {
    this.tree.file.close();
  }
}

function openLabelScan(path: string, { allowNotClosed }: LabelScanReaderOptions): OpenTree {
  const tree = openTreeForReading(path, labelScanLayout);
  if (allowNotClosed || tree.state.clean) return tree;
  tree.file.close();
  throw new Error(`${path} was not closed`);
}
