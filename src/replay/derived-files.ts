import type { LogPosition } from '../log/log-position.ts';
import type { IndexRule } from '../store/schema-rule.ts';
import type { StoreFormat } from '../store/store-format.ts';
import { StoreReader } from '../store/store-reader.ts';
import type { ChangeCollector } from './change-collector.ts';
import { DerivedChangeCollector, type DerivedChanges, rebuildAll } from './derived-changes.ts';
import { locateAfter, locateBefore, UnknownPast, viewGraph } from './graph-view.ts';
import type { IndexBuilding } from './index-rebuild.ts';
import { readIndexRules } from './index-rules.ts';
import { bringLabelScanUpToDate } from './label-scan-file.ts';
import type { LogImages } from './log-images.ts';
import type { NetChanges } from './net-changes.ts';
import { NodeStateReader } from './node-state.ts';
import { bringIndexesUpToDate, type IndexesReport } from './schema-index-files.ts';
import { collectStateHistory } from './state-history.ts';
import { storedRecords } from './stored-records.ts';

export interface DerivedFilesReport extends IndexesReport {
  labelScan: 'updated' | 'rebuilt';
}

export interface DerivedFilesPlan {
  /** To be called when the records are in their final state. */
  apply(): Promise<DerivedFilesReport>;
}

export interface DerivedFilesOptions {
  start: LogPosition;
  storeIsExact: boolean;
  scratch: string;
  indexes?: IndexBuilding;
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
  const derived = compare(folder, format, changes, images, collector, options);
  const { scratch, signal, indexes: building = {} } = options;
  const { recreated } = collector.schema;
  return {
    async apply() {
      // The label scan store first: a server that finds an index missing populates it through the labels.
      const labelScan = await bringLabelScanUpToDate(folder, derived.labelScan, scratch, signal);
      const context = { folder, changes: derived.indexes, recreated, building, scratch, signal };
      return { labelScan, ...(await bringIndexesUpToDate(context)) };
    },
  };
}

function compare(
  folder: string,
  format: StoreFormat,
  changes: NetChanges,
  images: LogImages,
  collector: ChangeCollector,
  options: DerivedFilesOptions,
): DerivedChanges {
  const reader = new StoreReader(folder);
  try {
    const { touched, recreated } = collector.schema;
    const rules = readIndexRules(reader, touched).filter((rule) => !recreated.has(rule.id));
    if (changes.spilled) return rebuildAll(rules);
    const onNodes = rules.filter((rule) => rule.schema.entity === 'node');
    const derived = new DerivedChangeCollector(onNodes);
    const states = new NodeStateReader(onNodes);
    const stored = storedRecords(reader);
    if (options.storeIsExact) {
      const before = viewGraph(changes, images, stored, format, locateBefore(changes));
      const after = viewGraph(changes, images, stored, format, locateAfter(changes));
      for (const node of collector.touchedNodes.ids.sortedIds()) {
        derived.add(node, [states.read(node, before), states.read(node, after)]);
      }
    } else {
      collectStateHistory(folder, options.start, changes, images, stored, format, states, derived);
    }
    const result = derived.result();
    if (collector.relationshipsChanged) rebuildOnRelationships(result, rules);
    return result;
  } catch (error) {
    if (error instanceof UnknownPast) return rebuildAll(readIndexRules(reader, collector.schema.touched));
    throw error;
  } finally {
    reader.close();
  }
}

/** Only fulltext indexes can be on relationships. */
function rebuildOnRelationships(derived: DerivedChanges, rules: readonly IndexRule[]): void {
  for (const rule of rules) if (rule.schema.entity === 'relationship') derived.indexes.set(rule.id, 'rebuild');
}
