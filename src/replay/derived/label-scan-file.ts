import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { renameDurably } from '../../base/durable-files.ts';
import { hasCode } from '../../base/errors.ts';
import { LABEL_SCAN_FILE } from '../../store/files/store-files.ts';
import { StoreReader } from '../../store/graph/store-reader.ts';
import { LabelScanBuilder } from '../../store/label-scan/label-scan-builder.ts';
import { type LabelChange, updateLabelScanStore } from '../../store/label-scan/label-scan-update.ts';
import { readLabels } from '../../store/values/labels.ts';

/** Calls `visit` for every node with labels, by ascending id. */
export type LabelSource = (visit: (node: number, labels: ArrayLike<number>) => void) => Promise<void>;

/**
 * Makes the label scan store hold exactly the nodes' labels at one moment: by applying the changes, or, if they are unknown or the file is
 * unusable, by rebuilding it from `labels`. A kill leaves the old file or the new one.
 */
export async function bringLabelScanUpToDate(
  folder: string,
  changes: readonly LabelChange[] | 'rebuild',
  labels: LabelSource,
  scratch: string,
  signal?: AbortSignal,
): Promise<'updated' | 'rebuilt'> {
  const path = join(folder, LABEL_SCAN_FILE);
  if (changes !== 'rebuild' && existsSync(path)) {
    try {
      await updateLabelScanStore(path, changes, signal === undefined ? {} : { signal });
      return 'updated';
    } catch (error) {
      // Half built by the server, of another version, or damaged: not worth failing for, since it can be rebuilt.
      if (!hasCode(error, 'file.corrupt', 'file.truncated')) throw error;
    }
  }
  const built = join(scratch, LABEL_SCAN_FILE);
  await buildLabelScan(labels, built, signal);
  await renameDurably(built, path);
  return 'rebuilt';
}

async function buildLabelScan(labels: LabelSource, path: string, signal: AbortSignal | undefined): Promise<void> {
  const builder = new LabelScanBuilder(path, signal === undefined ? {} : { signal });
  try {
    await labels((node, ids) => builder.add(node, ids));
    await builder.finish();
  } catch (error) {
    builder.abort();
    throw error;
  }
}

/** The labels of the nodes as the records are at the time of the call. */
export function storedLabels(folder: string, signal?: AbortSignal): LabelSource {
  return async (visit) => {
    const reader = new StoreReader(folder);
    try {
      await reader.file('node').scanInTurns(
        (node) => {
          if (node.labelField !== 0) visit(node.id, readLabels(node.id, node.labelField, reader.readLabelRecord));
        },
        signal === undefined ? {} : { signal },
      );
    } finally {
      reader.close();
    }
  };
}
