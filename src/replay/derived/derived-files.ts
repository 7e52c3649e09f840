import { NodeStateReader } from '../../store/graph/node-state.ts';
import type { IndexRule } from '../../store/graph/schema-rule.ts';
import { StoreReader } from '../../store/graph/store-reader.ts';
import { storedRecords } from '../../store/graph/stored-records.ts';
import type { ChangeCollector } from '../collect/change-collector.ts';
import type { ReplayContext } from '../collect/replay-context.ts';
import { runFileStep } from '../events/file-step.ts';
import type { ReplayProgress } from '../events/replay-events.ts';
import { DerivedChangeCollector, type DerivedChanges, rebuildAll } from './derived-changes.ts';
import type { IndexBuilding } from './index-rebuild.ts';
import { readIndexRules } from './index-rules.ts';
import { bringLabelScanUpToDate, storedLabels } from './label-scan-file.ts';
import { locateAfter, locateBefore, UnknownPast, viewGraph } from './logged-graph.ts';
import { bringIndexesUpToDate, type IndexesReport } from './schema-index-files.ts';
import { collectStateHistory } from './state-history.ts';

export interface DerivedFilesReport extends IndexesReport {
  labelScan: 'updated' | 'rebuilt';
}

export interface DerivedFilesPlan {
  /** Call when the records are in their final state. */
  apply(): Promise<DerivedFilesReport>;
}

export interface DerivedFilesOptions {
  storeIsExact: boolean;
  scratch: string;
  indexes?: IndexBuilding;
  signal?: AbortSignal;
  onEvent?: (event: ReplayProgress) => void;
}

/** Determines what the log changes in the label scan store and the indexes. Runs after the log was read and before records are written. */
export function planDerivedFiles(
  context: ReplayContext,
  collector: ChangeCollector,
  options: DerivedFilesOptions,
): DerivedFilesPlan {
  const { folder } = context;
  const derived = compare(context, collector, options);
  const { scratch, signal, indexes: building = {}, onEvent } = options;
  const { recreated } = collector.schema;
  return {
    async apply() {
      // The label scan store comes first: a server that finds an index missing populates it through the labels.
      const labels = storedLabels(folder, signal);
      const labelScan = await runFileStep('label-scan', onEvent, () =>
        bringLabelScanUpToDate(folder, derived.labelScan, labels, scratch, signal),
      );
      const wanted = { folder, changes: derived.indexes, recreated, building, scratch, signal, onEvent };
      return { labelScan, ...(await bringIndexesUpToDate(wanted)) };
    },
  };
}

function compare(context: ReplayContext, collector: ChangeCollector, options: DerivedFilesOptions): DerivedChanges {
  const { changes } = context;
  const reader = new StoreReader(context.folder);
  try {
    const { touched, recreated } = collector.schema;
    const rules = readIndexRules(reader, touched).filter((rule) => !recreated.has(rule.id));
    if (changes.spilled) return rebuildAll(rules);
    const onNodes = rules.filter((rule) => rule.schema.entity === 'node');
    const derived = new DerivedChangeCollector(onNodes);
    const states = new NodeStateReader(onNodes);
    const stored = storedRecords(reader);
    if (options.storeIsExact) {
      const before = viewGraph(context, stored, locateBefore(changes));
      const after = viewGraph(context, stored, locateAfter(changes));
      for (const node of collector.touchedNodes.ids.sortedIds()) {
        derived.add(node, [states.read(node, before), states.read(node, after)]);
      }
    } else {
      collectStateHistory(context, stored, states, (node, history) => derived.add(node, history));
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
