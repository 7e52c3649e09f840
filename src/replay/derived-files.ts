import type { IndexRule } from '../store/schema-rule.ts';
import type { StoreFormat } from '../store/store-format.ts';
import { StoreReader } from '../store/store-reader.ts';
import type { ChangeCollector } from './change-collector.ts';
import { type DerivedChanges, findDerivedChanges, rebuildAll } from './derived-changes.ts';
import { viewGraph } from './graph-view.ts';
import { readIndexRules } from './index-rules.ts';
import { bringLabelScanUpToDate } from './label-scan-file.ts';
import type { LogImages } from './log-images.ts';
import type { NetChanges } from './net-changes.ts';
import { bringIndexesUpToDate, type IndexLeftToServer } from './schema-index-files.ts';
import { storedRecords } from './stored-records.ts';

export interface DerivedFilesReport {
  labelScan: 'updated' | 'rebuilt';
  leftToServer: IndexLeftToServer[];
}

export interface DerivedFilesPlan {
  /** To be called when the records are in their final state. */
  apply(): Promise<DerivedFilesReport>;
}

export interface DerivedFilesOptions {
  storeIsExact: boolean;
  scratch: string;
  signal?: AbortSignal;
}

/**
 * Finds out, before records are written, what the log changes in the label scan store and in the indexes.
 */
export function planDerivedFiles(
  folder: string,
  format: StoreFormat,
  changes: NetChanges,
  images: LogImages,
  collector: ChangeCollector,
  options: DerivedFilesOptions,
): DerivedFilesPlan {
  const derived = compare(folder, format, changes, images, collector, options.storeIsExact);
  const { scratch, signal } = options;
  const { recreated } = collector.schema;
  return {
    async apply() {
      // The label scan store first: a server that finds an index missing populates it through the labels.
      const labelScan = await bringLabelScanUpToDate(folder, derived.labelScan, scratch, signal);
      const context = { folder, changes: derived.indexes, recreated, scratch, signal };
      return { labelScan, leftToServer: await bringIndexesUpToDate(context) };
    },
  };
}

function compare(
  folder: string,
  format: StoreFormat,
  changes: NetChanges,
  images: LogImages,
  collector: ChangeCollector,
  storeIsExact: boolean,
): DerivedChanges {
  const reader = new StoreReader(folder);
  try {
    const { touched, recreated } = collector.schema;
    const rules = readIndexRules(reader, touched).filter((rule) => !recreated.has(rule.id));
    const onNodes = rules.filter((rule) => rule.schema.entity === 'node');
    if (changes.spilled) return rebuildAll(rules);
    const stored = storedRecords(reader);
    const view = (side: 'before' | 'after') => {
      const records = { node: format.node.create(), property: format.property.create() };
      return viewGraph(side, changes, images, stored, records, storeIsExact);
    };
    const derived = findDerivedChanges(collector.touchedNodes.sortedIds(), view('before'), view('after'), onNodes);
    if (collector.relationshipsChanged) rebuildOnRelationships(derived, rules);
    return derived;
  } finally {
    reader.close();
  }
}

/** Only fulltext indexes can be on relationships. */
function rebuildOnRelationships(derived: DerivedChanges, rules: readonly IndexRule[]): void {
  for (const rule of rules) if (rule.schema.entity === 'relationship') derived.indexes.set(rule.id, 'rebuild');
}
