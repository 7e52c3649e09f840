import { type BulkLoadOptions, type BulkLoadResult, bulkLoadTree, type TreeEntry } from '../tree/load/bulk-load.ts';
import { createBitset, type LabelRange, writeBitset, writeLabelKey } from './label-range.ts';
import { HEADER_USABLE, LABEL_KEY_BYTES, labelScanLayout } from './label-scan-layout.ts';

/**
 * Writes a label scan store from `ranges`, sorted by label and range, as a new file and flushes it. `path` is a temporary name; the caller
 * renames it. The source may reuse one object.
 */
export function buildLabelScanStore(
  path: string,
  ranges: Iterable<LabelRange>,
  options: BulkLoadOptions = {},
): Promise<BulkLoadResult> {
  return bulkLoadTree(path, labelScanLayout, new Uint8Array([HEADER_USABLE]), toEntries(ranges), options);
}

function* toEntries(ranges: Iterable<LabelRange>): Generator<TreeEntry> {
  const key = new Uint8Array(LABEL_KEY_BYTES);
  const value = createBitset();
  const entry = { key, value };
  for (const { label, range, high, low } of ranges) {
    if (high === 0 && low === 0) continue;
    writeLabelKey(key, label, range);
    writeBitset(value, high, low);
    yield entry;
  }
}
