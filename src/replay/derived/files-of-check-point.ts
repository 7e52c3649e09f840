import { throwIfCancelled } from '../../base/cancellation.ts';
import { GraphkeepError } from '../../base/errors.ts';
import { LABEL_SCAN_FILE } from '../../store/files/store-files.ts';
import { NodeStateReader } from '../../store/graph/node-state.ts';
import { StoreReader } from '../../store/graph/store-reader.ts';
import { storedRecords } from '../../store/graph/stored-records.ts';
import type { LabelChange } from '../../store/label-scan/label-scan-update.ts';
import { readLabels } from '../../store/values/labels.ts';
import type { ChangeCollector } from '../collect/change-collector.ts';
import type { ReplayContext } from '../collect/replay-context.ts';
import { runFileStep } from '../events/file-step.ts';
import { DerivedChangeCollector } from './derived-changes.ts';
import type { DerivedFilesOptions, DerivedFilesPlan } from './derived-files.ts';
import { bringLabelScanUpToDate, type LabelSource } from './label-scan-file.ts';
import { locateFirst, UnknownPast, viewGraph } from './logged-graph.ts';
import { leaveIndexesToServer } from './schema-index-files.ts';
import { collectStateHistory } from './state-history.ts';

/** The event loop gets a turn after this many nodes. */
const NODES_PER_TURN = 100_000;

/**
 * Plans the derived files of a store whose log is left to a server, because it changes explicit indexes. The server takes the records back
 * to the check point and applies every transaction to the derived files again, so these must be as of the check point. A label scan store
 * that is ahead of it would be corrupted: a removal from a range that the tree no longer holds *adds* the label (spec transaction-logs
 * 7.3).
 *
 * An exact store was not changed, and a file sent by a server is as of its check point too. But an earlier recovery of ours, which took the
 * log for complete, may have gone further. So the labels of the nodes that the log touches are put back.
 */
export function planFilesOfCheckPoint(
  context: ReplayContext,
  collector: ChangeCollector,
  { storeIsExact, scratch, signal, onEvent }: DerivedFilesOptions,
): DerivedFilesPlan {
  const { folder, changes } = context;
  const formerly = storeIsExact || changes.spilled ? [] : findFormerLabels(context);
  const { recreated } = collector.schema;
  return {
    async apply() {
      const labels = formerLabels(context, signal);
      const labelScan = await runFileStep('label-scan', onEvent, () =>
        bringLabelScanUpToDate(folder, formerly, labels, scratch, signal),
      );
      return { labelScan, ...(await leaveIndexesToServer(folder, recreated, scratch)) };
    },
  };
}

/** Remove what some state of a node has and its first one lacks; add what some state lacks and its first one has. */
function findFormerLabels(context: ReplayContext): LabelChange[] | 'rebuild' {
  const derived = new DerivedChangeCollector([]);
  const reader = new StoreReader(context.folder);
  try {
    collectStateHistory(context, storedRecords(reader), new NodeStateReader([]), (node, states) =>
      derived.add(node, states.toReversed()),
    );
    return derived.result().labelScan;
  } catch (error) {
    // The file stays as it is.
    if (error instanceof UnknownPast) return [];
    throw error;
  } finally {
    reader.close();
  }
}

/** The labels of the nodes at the check point, whatever the records show by now. */
function formerLabels(context: ReplayContext, signal: AbortSignal | undefined): LabelSource {
  return async (visit) => {
    if (context.changes.spilled) throw unknownLabels(context);
    const reader = new StoreReader(context.folder);
    try {
      const view = viewGraph(context, storedRecords(reader), locateFirst(context.changes));
      const { endId } = reader.file('node');
      for (let id = 0; id < endId; id++) {
        if (id % NODES_PER_TURN === 0) {
          await new Promise(setImmediate);
          throwIfCancelled(signal);
        }
        const node = view.node(id);
        if (node?.inUse && node.labelField !== 0) visit(id, readLabels(id, node.labelField, view.nodeLabels));
      }
    } catch (error) {
      throw error instanceof UnknownPast ? unknownLabels(context) : error;
    } finally {
      reader.close();
    }
  };
}

function unknownLabels({ folder }: ReplayContext): GraphkeepError {
  return new GraphkeepError(
    'file.corrupt',
    `${LABEL_SCAN_FILE} cannot be used, and the labels it should hold are not known`,
    {
      place: { file: folder },
      hint: 'Make a full backup while no transactions change explicit indexes.',
    },
  );
}
