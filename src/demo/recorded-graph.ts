import { throwIfCancelled } from '../base/cancellation.ts';
import type { EmbeddedDatabase } from '../embedded/embedded-database.ts';
import type { GraphNode, GraphRelationship, Properties } from '../embedded/graph/graph.ts';
import type { Transaction } from '../embedded/transaction.ts';
import type { PropertyValue } from '../store/values/property-value.ts';

/** A graph as maps by id: what writers asked for, or what was read from a store. */
export class GraphContent {
  readonly nodes = new Map<number, GraphNode>();
  readonly relationships = new Map<number, GraphRelationship>();

  /** Everything in a live database. It is a state between two transactions, since nothing is awaited. */
  static ofDatabase(database: EmbeddedDatabase): GraphContent {
    const content = new GraphContent();
    for (const node of database.nodes()) content.nodes.set(node.id, node);
    for (const relationship of database.relationships()) content.relationships.set(relationship.id, relationship);
    return content;
  }

  /** Number of nodes and relationships. */
  get size(): number {
    return this.nodes.size + this.relationships.size;
  }
}

type Change = (content: GraphContent) => void;

/** Executes a writer's calls on a transaction and records them. */
export class RecordedTransaction {
  readonly changes: Change[] = [];
  private readonly transaction: Transaction;

  constructor(transaction: Transaction) {
    this.transaction = transaction;
  }

  node(id: number): GraphNode | undefined {
    return this.transaction.node(id);
  }

  createNode(labels: readonly string[], properties: Properties): number {
    const id = this.transaction.createNode(labels, properties);
    this.changes.push(({ nodes }) => nodes.set(id, { id, labels: [...labels], properties: { ...properties } }));
    return id;
  }

  deleteNode(id: number): void {
    this.transaction.deleteNode(id);
    this.changes.push(({ nodes }) => nodes.delete(id));
  }

  addLabel(id: number, label: string): void {
    this.transaction.addLabel(id, label);
    this.changes.push(({ nodes }) => {
      const { labels } = nodes.get(id)!;
      if (!labels.includes(label)) labels.push(label);
    });
  }

  removeLabel(id: number, label: string): void {
    this.transaction.removeLabel(id, label);
    this.changes.push(({ nodes }) => {
      const node = nodes.get(id)!;
      node.labels = node.labels.filter((other) => other !== label);
    });
  }

  setNodeProperty(id: number, key: string, value: PropertyValue | undefined): void {
    this.transaction.setNodeProperty(id, key, value);
    this.changes.push(({ nodes }) => setProperty(nodes.get(id)!.properties, key, value));
  }

  createRelationship(start: number, type: string, end: number, properties: Properties): number {
    const id = this.transaction.createRelationship(start, type, end, properties);
    this.changes.push(({ relationships }) =>
      relationships.set(id, { id, type, start, end, properties: { ...properties } }),
    );
    return id;
  }

  deleteRelationship(id: number): void {
    this.transaction.deleteRelationship(id);
    this.changes.push(({ relationships }) => relationships.delete(id));
  }
}

function setProperty(properties: Properties, key: string, value: PropertyValue | undefined): void {
  if (value === undefined) delete properties[key];
  else properties[key] = value;
}

/**
 * Records what the writers of a database asked for, transaction by transaction. So the expected graph after each of them is known without
 * looking into any store. Memory grows with the transactions.
 */
export class RecordedHistory {
  /** Transactions that had to be repeated because another one was faster. */
  conflicts = 0;
  /** The newest acknowledged transaction; 0 = none. */
  newest = 0;
  private readonly database: EmbeddedDatabase;
  private readonly transactions = new Map<number, readonly Change[]>();
  private readonly watchers: (() => void)[] = [];

  constructor(database: EmbeddedDatabase) {
    this.database = database;
  }

  /** Number of acknowledged transactions. */
  get size(): number {
    return this.transactions.size;
  }

  /** Resolves once `count` more transactions are acknowledged; `onStep` receives the number so far. */
  async more(count: number, signal: AbortSignal, onStep: (done: number) => void = () => {}): Promise<void> {
    const before = this.size;
    const wake = () => this.wake();
    signal.addEventListener('abort', wake);
    try {
      while (this.size < before + count) {
        throwIfCancelled(signal);
        await new Promise<void>((resolve) => this.watchers.push(resolve));
        onStep(this.size - before);
      }
    } finally {
      signal.removeEventListener('abort', wake);
    }
  }

  /** Runs `work` in a transaction, again after a conflict, and records it once it is acknowledged. */
  async transact<T>(work: (transaction: RecordedTransaction) => T | Promise<T>): Promise<T> {
    let changes: readonly Change[] = [];
    let attempts = 0;
    const { value, transactionId } = await this.database.transact(async (transaction) => {
      attempts++;
      const recorded = new RecordedTransaction(transaction);
      const result = await work(recorded);
      changes = recorded.changes;
      return result;
    });
    this.conflicts += attempts - 1;
    if (transactionId !== undefined) this.note(transactionId, changes);
    return value;
  }

  private note(transactionId: number, changes: readonly Change[]): void {
    this.transactions.set(transactionId, changes);
    this.newest = Math.max(this.newest, transactionId);
    this.wake();
  }

  private wake(): void {
    for (const resolve of this.watchers.splice(0)) resolve();
  }

  /** The graph after the given transaction. */
  contentAt(transaction: number): GraphContent {
    const content = new GraphContent();
    const ids = [...this.transactions.keys()].filter((id) => id <= transaction).sort((a, b) => a - b);
    for (const id of ids) for (const change of this.transactions.get(id)!) change(content);
    return content;
  }
}
