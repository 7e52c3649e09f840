import { EmbeddedDatabase as LiveDatabase } from '../embedded/embedded-database.ts';
import type { EmbeddedEvent } from '../embedded/embedded-options.ts';
import type { GraphNode, GraphRelationship, Properties } from '../embedded/graph/graph.ts';
import type { PropertyValue } from '../store/values/property-value.ts';

export type { EmbeddedEvent } from '../embedded/embedded-options.ts';
export type { GraphNode, GraphRelationship, Properties } from '../embedded/graph/graph.ts';
export type { ArrayValue, PropertyValue, ScalarType, ScalarValue } from '../store/values/property-value.ts';

/** How an embedded database works. */
export interface EmbeddedOptions {
  /** A log file is closed at this size. Default 250 MiB. */
  rotationBytes?: number;
  /** Longest time between check points while there is something to write. Default 15 minutes. */
  checkPointIntervalMs?: number;
  /** Most transactions between check points. Default 100,000. */
  checkPointTransactions?: number;
  /** Memory for check points, in bytes; one is made early when the changed records need more. Default 256 MiB. */
  budgetBytes?: number;
  /** Called with what happens beside the transactions, in order. It must not throw. */
  onEvent?: (event: EmbeddedEvent) => void;
}

/**
 * A transaction. Others see nothing of its changes before it commits; it reads what is committed at the moment of each read, with its own
 * changes. All but {@link commit} is synchronous. Everything after its end throws `embedded.closed`.
 */
export interface Transaction {
  /** A copy of the node as it is for this transaction. */
  node(id: number): GraphNode | undefined;
  relationship(id: number): GraphRelationship | undefined;
  /** Returns the id of the node. */
  createNode(labels?: readonly string[], properties?: Properties): number;
  /** Its relationships must have been deleted when the transaction commits, else `embedded.constraint`. */
  deleteNode(id: number): void;
  addLabel(id: number, label: string): void;
  removeLabel(id: number, label: string): void;
  /** undefined removes the property. */
  setNodeProperty(id: number, key: string, value: PropertyValue | undefined): void;
  /** Returns the id of the relationship. @throws GraphkeepError `embedded.missing` if a node does not exist */
  createRelationship(start: number, type: string, end: number, properties?: Properties): number;
  deleteRelationship(id: number): void;
  /** undefined removes the property. */
  setRelationshipProperty(id: number, key: string, value: PropertyValue | undefined): void;
  /** undefined removes the property. */
  setGraphProperty(key: string, value: PropertyValue | undefined): void;
  /**
   * Resolves when the changes are durable, with the id of the transaction, undefined if it changed nothing.
   * @throws GraphkeepError `embedded.conflict` if another transaction changed what this one read or changed, `embedded.constraint`,
   *   `embedded.full`; `embedded.failed` if the log could not be written
   */
  commit(): Promise<number | undefined>;
  /** Ends the transaction without any change. Harmless after its end. */
  rollback(): void;
}

/**
 * A live graph database in this process, in the format of Neo4j 3.4 and 3.5: a server can open its directory after {@link close}. Only
 * one process can have it open. Reads give the state of the last commit.
 */
export interface EmbeddedDatabase {
  readonly directory: string;
  /** The last durable transaction. */
  readonly lastTransaction: number;
  begin(): Transaction;
  /**
   * Runs `work` in a transaction and commits it. After a conflict it runs again, so it must have no effects elsewhere. Resolves when the
   * changes are durable, with what `work` returned.
   */
  transact<T>(
    work: (tx: Transaction) => T | Promise<T>,
  ): Promise<{ value: T /** undefined if nothing changed. */; transactionId: number | undefined }>;
  node(id: number): GraphNode | undefined;
  relationship(id: number): GraphRelationship | undefined;
  /** All nodes by id, each as it is when the iterator comes to it. */
  nodes(): IterableIterator<GraphNode>;
  relationships(): IterableIterator<GraphRelationship>;
  /** Each relationship of the node once, loops too. */
  relationshipsOf(node: number): GraphRelationship[];
  graphProperties(): Properties;
  /** The nodes with this label and property value, by id. The first call for a label and key reads all nodes. */
  findNodes(label: string, key: string, value: PropertyValue): GraphNode[];
  /** Resolves with the id of the index when it is built. */
  createIndex(label: string, keys: readonly string[]): Promise<number>;
  /** Resolves with the id of its index. @throws GraphkeepError `embedded.constraint` if two nodes break it */
  createUniquenessConstraint(label: string, key: string): Promise<number>;
  /** Brings the store files up to the present state. */
  checkPoint(): Promise<void>;
  /**
   * Waits for backups under way, makes a check point and gives the locks back. When `signal` aborts it ends without the check point:
   * nothing durable is lost, the next open recovers. Harmless when called again.
   */
  close(signal?: AbortSignal): Promise<void>;
}

export const EmbeddedDatabase: {
  /**
   * Opens the database in `directory`, and creates an empty one if the directory is empty or missing. One that was not closed cleanly is
   * recovered.
   * @throws GraphkeepError `directory.in-use`, `embedded.not-empty`, `store.format`, `embedded.explicit-indexes`
   */
  open(directory: string, options?: EmbeddedOptions): Promise<EmbeddedDatabase>;
} = { open: (directory, options) => LiveDatabase.open(directory, options) };
