import type { LogCommand } from '../../../src/log/v3/commands/command-table.ts';
import { CREATED, IN_USE } from '../../../src/log/v3/commands/record-flags.ts';
import { decodeStartEntry, transactionChecksum } from '../../../src/log/v3/entries/start-entry.ts';
import { encodeTransaction } from '../../../src/log/v3/transaction-codec.ts';
import { StoreWriter } from '../../../src/store/build/store-writer.ts';
import { readLiveCounts } from '../../../src/store/counts/counts-store.ts';
import { storeIdOf } from '../../../src/store/files/neostore-metadata.ts';
import type { StoreFormat } from '../../../src/store/files/store-format.ts';
import { StoreReader } from '../../../src/store/graph/store-reader.ts';
import { encodeInlineLabels } from '../../../src/store/values/labels.ts';
import { encodeValue } from '../../../src/store/values/property-blocks.ts';
import type { ServedHistory, ServedTransaction } from './served-history.ts';

/** Nodes by id: whether each has the one label, and the value of its one property. */
export type SimpleGraph = Map<number, { labelled: boolean; value: number }>;

/** A history whose graph is known after every transaction. */
export interface GeneratedHistory extends ServedHistory {
  graphAt(transaction: number): SimpleGraph;
}

export interface GeneratedOptions {
  /** Nodes of the store files, default 200. */
  nodes?: number;
  transactions?: number;
  /** Changes in one transaction, default 5. */
  changes?: number;
  /** The transaction with this id has a hundred times as many changes. */
  largeTransaction?: number;
  seed?: number;
  randomId?: bigint;
  format?: StoreFormat;
}

const CREATION_TIME_MS = 1_540_000_000_000;

/**
 * Writes a store of labelled nodes with one property each to `folder`, and makes transactions that create, change and delete such nodes.
 * The graph after any of them is known without a log reader. Node and property record have the same id.
 */
export async function generateHistory(folder: string, options: GeneratedOptions = {}): Promise<GeneratedHistory> {
  const { nodes = 200, transactions: count = 30, changes = 5, seed = 1, randomId = 42n, format } = options;
  const { largeTransaction } = options;
  const writer = new StoreWriter(folder, {
    creationTimeMs: CREATION_TIME_MS,
    randomId,
    ...(format === undefined ? {} : { format }),
  });
  const label = writer.label('Item');
  const key = writer.propertyKey('n');
  const graph: SimpleGraph = new Map();
  for (let id = 0; id < nodes; id++) {
    writer.addNode({ labels: [label], properties: [{ key, value: { type: 'int', value: id } }] });
    graph.set(id, { labelled: true, value: id });
  }
  const storeId = storeIdOf(await writer.finish());
  const change = new RandomChanges(graph, seed);
  const graphs = [new Map(graph)];
  const transactions: ServedTransaction[] = [];
  for (let id = 2; id < 2 + count; id++) {
    transactions.push(change.transaction(id, id === largeTransaction ? 100 * changes : changes));
    graphs.push(new Map(graph));
  }
  return { folder, storeId, checkPoint: 1, transactions, graphAt: (id) => graphs[id - 1]! };
}

/** Another history: the same up to `transaction`, then different transactions under the same numbers. */
export function forkHistory(history: GeneratedHistory, transaction: number, seed: number): GeneratedHistory {
  const graph: SimpleGraph = new Map(history.graphAt(transaction));
  const change = new RandomChanges(graph, seed);
  const transactions = history.transactions.filter(({ id }) => id <= transaction);
  const graphs = new Map<number, SimpleGraph>();
  for (let id = transaction + 1; id <= history.transactions.at(-1)!.id; id++) {
    transactions.push(change.transaction(id, 5));
    graphs.set(id, new Map(graph));
  }
  return { ...history, transactions, graphAt: (id) => graphs.get(id) ?? history.graphAt(id) };
}

class RandomChanges {
  private readonly graph: SimpleGraph;
  private state: number;

  constructor(graph: SimpleGraph, seed: number) {
    this.graph = graph;
    this.state = seed;
  }

  transaction(id: number, changes: number): ServedTransaction {
    const commands = new Map<string, LogCommand>();
    const touched = new Set<number>();
    let nodes = 0;
    let labelled = 0;
    for (let i = 0; i < changes; i++) {
      const node = this.pickNode(touched);
      touched.add(node);
      const before = this.graph.get(node);
      const after = before !== undefined && this.below(4) === 0 ? undefined : this.newState();
      if (after === undefined) this.graph.delete(node);
      else this.graph.set(node, after);
      commands.set(`n${node}`, nodeCommand(node, before, after));
      commands.set(`p${node}`, propertyCommand(node, before, after));
      nodes += Number(after !== undefined) - Number(before !== undefined);
      labelled += Number(after?.labelled ?? false) - Number(before?.labelled ?? false);
    }
    const list = [...commands.values()];
    if (nodes !== 0) list.push({ kind: 'nodeCounts', label: -1, delta: nodes });
    if (labelled !== 0) list.push({ kind: 'nodeCounts', label: 0, delta: labelled });
    return this.encode(id, list);
  }

  private encode(id: number, commands: LogCommand[]): ServedTransaction {
    const timeMs = CREATION_TIME_MS + id * 1000;
    const header = Uint8Array.from({ length: 8 }, () => this.below(256));
    const start = { masterId: -1, authorId: -1, timeStarted: timeMs, latestCommittedWhenStarted: id - 1, header };
    const commit = { transactionId: id, timeCommitted: timeMs + 1 };
    const bytes = encodeTransaction({ start, commands, commit }).toBuffer();
    return { id, bytes, checksum: transactionChecksum(decodeStartEntry(bytes, 0)) };
  }

  /** Half of the time an existing node, else a missing one. */
  private pickNode(touched: Set<number>): number {
    for (;;) {
      const isNew = this.below(2) === 0 || this.graph.size === 0;
      const highest = Math.max(0, ...this.graph.keys(), ...touched);
      const node = isNew ? highest + 1 : [...this.graph.keys()][this.below(this.graph.size)]!;
      if (!touched.has(node)) return node;
    }
  }

  private newState(): { labelled: boolean; value: number } {
    return { labelled: this.below(3) > 0, value: this.below(1 << 30) };
  }

  /** xorshift: the same transactions on every machine. */
  private below(limit: number): number {
    let x = this.state | 0 || 0x9e3779b9;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.state = x;
    return (x >>> 0) % limit;
  }
}

type State = { labelled: boolean; value: number } | undefined;

function nodeCommand(id: number, before: State, after: State): LogCommand {
  return { kind: 'node', id, before: nodeImage(id, before), after: nodeImage(id, after, before === undefined) };
}

function nodeImage(id: number, state: State, isNew = false) {
  const labelField = state?.labelled === true ? encodeInlineLabels([0])! : 0;
  const flags = state === undefined ? 0 : IN_USE | (isNew ? CREATED : 0);
  const nextProp = state === undefined ? -1 : id;
  return { flags, dense: false, nextRel: -1, nextProp, labelField, secondaryUnit: -1, dynamicLabels: [] };
}

function propertyCommand(id: number, before: State, after: State): LogCommand {
  return { kind: 'property', id, before: propertyImage(id, before), after: propertyImage(id, after) };
}

function propertyImage(id: number, state: State) {
  const blocks =
    state === undefined ? [] : [{ value: encodeValue(0, { type: 'int', value: state.value }).blocks, records: [] }];
  const flags = state === undefined ? 0 : IN_USE;
  return { flags, next: -1, prev: -1, owner: id, secondaryUnit: -1, blocks, deleted: [] };
}

/** The graph of a store begun by {@link generateHistory}, and what its counts say. */
export function readSimpleGraph(folder: string): SimpleGraph {
  const reader = new StoreReader(folder);
  const graph: SimpleGraph = new Map();
  try {
    for (const { id, labels, properties } of reader.nodes()) {
      const [property] = properties;
      if (properties.length !== 1 || property!.value.type !== 'int') throw new Error(`node ${id} has other properties`);
      graph.set(id, { labelled: labels.length === 1 && labels[0] === 0, value: property!.value.value });
    }
  } finally {
    reader.close();
  }
  const counts = readLiveCounts(folder)!.counts;
  const labelled = [...graph.values()].filter((node) => node.labelled).length;
  if (counts.nodeCount(-1) !== graph.size || counts.nodeCount(0) !== labelled) {
    throw new Error(`the counts say ${counts.nodeCount(-1)} nodes, ${counts.nodeCount(0)} with the label`);
  }
  return graph;
}
