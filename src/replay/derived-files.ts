import { join } from 'node:path';
import { removeTree } from '../base/durable-files.ts';
import { LABEL_SCAN_FILE } from '../store/store-files.ts';
import type { StoreFormat } from '../store/store-format.ts';
import type { ChangeCollector } from './change-collector.ts';
import type { LogImages } from './log-images.ts';
import type { NetChanges } from './net-changes.ts';
import type { RecoverOptions } from './recover.ts';

export interface DerivedFilesReport {
  leftToServer: { index: string; reason: string }[];
}

export interface DerivedFilesPlan {
  apply(): Promise<DerivedFilesReport>;
}

export async function planDerivedFiles(
  folder: string,
  _format: StoreFormat,
  _changes: NetChanges,
  _images: LogImages,
  _collector: ChangeCollector,
  _options: RecoverOptions,
): Promise<DerivedFilesPlan> {
  return {
    apply: async () => {
      await removeTree(join(folder, LABEL_SCAN_FILE));
      await removeTree(join(folder, 'schema'));
      return { leftToServer: [] };
    },
  };
}
