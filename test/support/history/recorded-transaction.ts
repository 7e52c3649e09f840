import type { PropertyValue } from '../../../src/store/values/property-value.ts';
import type { GraphLedger, GraphOperation, ModelProperties } from './model-graph.ts';

/** The part of a transaction of the embedded database that a load needs. */
export interface WritableTransaction {
  createNode(labels?: readonly string[], properties?: ModelProperties): number;
  deleteNode(id: number): void;
  addLabel(id: number, label: string): void;
  removeLabel(id: number, label: string): void;
  setNodeProperty(id: number, key: string, value: PropertyValue | undefined): void;
  setRelationshipProperty(id: number, key: string, value: PropertyValue | undefined): void;
  setGraphProperty(key: string, value: PropertyValue | undefined): void;
  createRelationship(start: number, type: string, end: number, properties?: ModelProperties): number;
  deleteRelationship(id: number): void;
  node(id: number): { labels: string[] } | undefined;
  relationship(id: number): { start: number; end: number } | undefined;
  commit(): Promise<number | undefined>;
  rollback(): void;
}

/** A transaction that records what it does, and adds it to a ledger under its id once it is durable. */
export class RecordedTransaction {
  readonly operations: GraphOperation[] = [];
  readonly createdNodes: number[] = [];
  readonly createdRelationships: { id: number; start: number; end: number }[] = [];
  private readonly transaction: WritableTransaction;

  constructor(transaction: WritableTransaction) {
    this.transaction = transaction;
  }

  hasNode(id: number): boolean {
    return this.transaction.node(id) !== undefined;
  }

  hasRelationship(id: number): boolean {
    return this.transaction.relationship(id) !== undefined;
  }

  createNode(labels: readonly string[], properties: ModelProperties): number {
    const id = this.transaction.createNode(labels, properties);
    this.operations.push({ kind: 'createNode', id, labels: [...labels], properties });
    this.createdNodes.push(id);
    return id;
  }

  createRelationship(start: number, type: string, end: number, properties: ModelProperties): number {
    const id = this.transaction.createRelationship(start, type, end, properties);
    this.operations.push({ kind: 'createRelationship', id, type, start, end, properties });
    this.createdRelationships.push({ id, start, end });
    return id;
  }

  deleteNode(id: number): void {
    this.transaction.deleteNode(id);
    this.operations.push({ kind: 'deleteNode', id });
  }

  deleteRelationship(id: number): void {
    this.transaction.deleteRelationship(id);
    this.operations.push({ kind: 'deleteRelationship', id });
  }

  addLabel(id: number, label: string): void {
    this.transaction.addLabel(id, label);
    this.operations.push({ kind: 'addLabel', id, label });
  }

  removeLabel(id: number, label: string): void {
    this.transaction.removeLabel(id, label);
    this.operations.push({ kind: 'removeLabel', id, label });
  }

  setNodeProperty(id: number, key: string, value: PropertyValue | undefined): void {
    this.transaction.setNodeProperty(id, key, value);
    this.operations.push({ kind: 'setNode', id, key, value });
  }

  setRelationshipProperty(id: number, key: string, value: PropertyValue | undefined): void {
    this.transaction.setRelationshipProperty(id, key, value);
    this.operations.push({ kind: 'setRelationship', id, key, value });
  }

  setGraphProperty(key: string, value: PropertyValue | undefined): void {
    this.transaction.setGraphProperty(key, value);
    this.operations.push({ kind: 'setGraph', key, value });
  }

  /** Resolves with the id of the transaction once it is durable and in the ledger; undefined if it changed nothing. */
  async commit(ledger: GraphLedger): Promise<number | undefined> {
    const transactionId = await this.transaction.commit();
    if (transactionId !== undefined) ledger.record(transactionId, this.operations);
    return transactionId;
  }

  rollback(): void {
    this.transaction.rollback();
  }
}
