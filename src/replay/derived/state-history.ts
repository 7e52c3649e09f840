import type { LogTransaction } from '../../log/v3/log-transaction.ts';
import { walkTransaction } from '../../log/v3/transaction-walker.ts';
import type { GraphView } from '../../store/graph/graph-view.ts';
import type { NodeState, NodeStateReader } from '../../store/graph/node-state.ts';
import { ChangeCollector } from '../collect/change-collector.ts';
import { NO_IMAGE } from '../collect/image-location.ts';
import { StretchReader } from '../collect/log-stretch.ts';
import { NetChanges } from '../collect/net-changes.ts';
import type { ReplayContext } from '../collect/replay-context.ts';
import { TouchedNodes } from '../collect/touched-nodes.ts';
import { locateFirst, viewGraph } from './logged-graph.ts';

const IGNORED_COUNTS = { nodes: () => {}, relationships: () => {} };

/** Receives the states of one node, oldest first. */
export type StateReceiver = (node: number, states: readonly NodeState[]) => void;

/**
 * Collects every state that each touched node went through, transaction by transaction. Needed where the label scan store and the indexes
 * may hold any of these states (a copy of a running server, a crash). Walks the same stretch of log a second time.
 */
export function collectStateHistory(
  context: ReplayContext,
  stored: GraphView,
  states: NodeStateReader,
  receive: StateReceiver,
): void {
  const history = new StateHistory(context, stored, states);
  const reader = new StretchReader(context.log, context.images);
  for (let item = reader.next(); item !== undefined; item = reader.next()) {
    history.take(item, context.images.baseOf(item.version));
  }
  history.emit(receive);
}

class StateHistory {
  /** The changes up to the current transaction. */
  private readonly progress = new NetChanges(Number.POSITIVE_INFINITY, '');
  private readonly collector = new ChangeCollector(this.progress, IGNORED_COUNTS, false);
  private readonly touched = new TouchedNodes();
  private readonly histories = new Map<number, NodeState[]>();
  private readonly states: NodeStateReader;
  private readonly now: GraphView;

  constructor(context: ReplayContext, stored: GraphView, states: NodeStateReader) {
    this.states = states;
    const first = locateFirst(context.changes);
    this.now = viewGraph(context, stored, (space, id) => {
      const image = this.progress.table(space).lastAfter(id);
      return image === NO_IMAGE ? first(space, id) : image;
    });
  }

  take(transaction: LogTransaction, base: number): void {
    const { buffer, start, end, transactionId } = transaction;
    this.touched.ids.clear();
    this.touched.begin(buffer);
    walkTransaction(buffer, start, end, this.touched);
    const nodes = this.touched.ids.sortedIds();
    for (const node of nodes) {
      if (!this.histories.has(node)) this.histories.set(node, [this.states.read(node, this.now)]);
    }
    this.collector.beginTransaction(transactionId, buffer, transaction.shift + base, false);
    walkTransaction(buffer, start, end, this.collector);
    for (const node of nodes) this.histories.get(node)!.push(this.states.read(node, this.now));
  }

  emit(receive: StateReceiver): void {
    for (const [node, states] of this.histories) receive(node, states);
  }
}
