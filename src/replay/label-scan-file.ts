import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { renameDurably } from '../base/durable-files.ts';
import { hasCode } from '../base/errors.ts';
import { LabelScanBuilder } from '../store/label-scan/label-scan-builder.ts';
import { type LabelChange, updateLabelScanStore } from '../store/label-scan/label-scan-update.ts';
import { readLabels } from '../store/labels.ts';
import { LABEL_SCAN_FILE } from '../store/store-files.ts';
import { StoreReader } from '../store/store-reader.ts';

/**
 * Makes the label scan store hold exactly the labels of the nodes, which are in their final state: by the changes, or anew from the
 * records if they are not known or the file cannot be used. A kill leaves the old file or the new one.
 */
export async function bringLabelScanUpToDate(
  folder: string,
  changes: LabelChange[] | 'rebuild',
  scratch: string,
  signal?: AbortSignal,
): Promise<'updated' | 'rebuilt'> {
  const path = join(folder, LABEL_SCAN_FILE);
  if (changes !== 'rebuild' && existsSync(path)) {
    try {
      await updateLabelScanStore(path, changes, signal === undefined ? {} : { signal });
      return 'updated';
    } catch (error) {
      // Half built by the server, from another version, damaged: a derived file is not worth failing for.
      if (!hasCode(error, 'file.corrupt', 'file.truncated')) throw error;
    }
  }
  const built = join(scratch, LABEL_SCAN_FILE);
  await buildLabelScan(folder, built, signal);
  await renameDurably(built, path);
  return 'rebuilt';
}

async function buildLabelScan(folder: string, path: string, signal: AbortSignal | undefined): Promise<void> {
  const options = signal === undefined ? {} : { signal };
  const builder = new LabelScanBuilder(path, options);
  const reader = new StoreReader(folder);
  try {
    await reader.file('node').scanInTurns((node) => {
      if (node.labelField !== 0) builder.add(node.id, readLabels(node.id, node.labelField, reader.readLabelRecord));
    }, options);
    await builder.finish();
  } catch (error) {
    builder.abort();
    throw error;
  } finally {
    reader.close();
  }
}
