import type { PropertyValue } from '../../../src/store/values/property-value.ts';
import { noteValue } from '../corpus/golden-store.ts';

export type ModelProperties = Record<string, PropertyValue>;

export interface ModelGraphNode {
  id: number;
  labels: string[];
  properties: ModelProperties;
}

export interface ModelGraphRelationship {
  id: number;
  type: string;
  start: number;
  end: number;
  properties: ModelProperties;
}

/** The content of a graph, in any order; models, live databases and closed stores can all be described this way. */
export interface GraphContent {
  nodes: Iterable<ModelGraphNode>;
  relationships: Iterable<ModelGraphRelationship>;
  graphProperties: ModelProperties;
}

/** One change of a graph with all ids known, so that repeating it gives the same graph. */
export type GraphOperation =
  | ({ kind: 'createNode' } & Readonly<ModelGraphNode>)
  | ({ kind: 'createRelationship' } & Readonly<ModelGraphRelationship>)
  | { kind: 'deleteNode' | 'deleteRelationship'; id: number }
  | { kind: 'addLabel' | 'removeLabel'; id: number; label: string }
  | { kind: 'setNode' | 'setRelationship'; id: number; key: string; value: PropertyValue | undefined }
  | { kind: 'setGraph'; key: string; value: PropertyValue | undefined };

/** The naive graph that a database is compared with. Throws on an operation that no database should have accepted. */
export class ModelGraph {
  readonly nodes = new Map<number, ModelGraphNode>();
  readonly relationships = new Map<number, ModelGraphRelationship>();
  readonly graphProperties: ModelProperties = {};

  content(): GraphContent {
    return {
      nodes: this.nodes.values(),
      relationships: this.relationships.values(),
      graphProperties: this.graphProperties,
    };
  }

  apply(operation: GraphOperation): void {
    switch (operation.kind) {
      case 'createNode': {
        const { id, labels, properties } = operation;
        if (this.nodes.has(id)) throw new Error(`node ${id} was created twice`);
        this.nodes.set(id, { id, labels: [...new Set(labels)], properties: { ...properties } });
        return;
      }
      case 'createRelationship': {
        const { id, type, start, end, properties } = operation;
        if (this.relationships.has(id)) throw new Error(`relationship ${id} was created twice`);
        this.node(start);
        this.node(end);
        this.relationships.set(id, { id, type, start, end, properties: { ...properties } });
        return;
      }
      case 'deleteNode':
        this.node(operation.id);
        this.nodes.delete(operation.id);
        return;
      case 'deleteRelationship':
        this.relationship(operation.id);
        this.relationships.delete(operation.id);
        return;
      case 'addLabel': {
        const { labels } = this.node(operation.id);
        if (!labels.includes(operation.label)) labels.push(operation.label);
        return;
      }
      case 'removeLabel': {
        const node = this.node(operation.id);
        node.labels = node.labels.filter((label) => label !== operation.label);
        return;
      }
      case 'setNode':
        setProperty(this.node(operation.id).properties, operation);
        return;
      case 'setRelationship':
        setProperty(this.relationship(operation.id).properties, operation);
        return;
      case 'setGraph':
        setProperty(this.graphProperties, operation);
    }
  }

  /** Throws if a relationship lost one of its nodes. */
  expectWhole(): void {
    for (const { start, end } of this.relationships.values()) {
      this.node(start);
      this.node(end);
    }
  }

  private node(id: number): ModelGraphNode {
    const node = this.nodes.get(id);
    if (node === undefined) throw new Error(`there is no node ${id}`);
    return node;
  }

  private relationship(id: number): ModelGraphRelationship {
    const relationship = this.relationships.get(id);
    if (relationship === undefined) throw new Error(`there is no relationship ${id}`);
    return relationship;
  }
}

function setProperty(properties: ModelProperties, change: { key: string; value: PropertyValue | undefined }): void {
  if (change.value === undefined) delete properties[change.key];
  else properties[change.key] = change.value;
}

/** The operations of every committed transaction by its id; knows the graph after each of them. */
export class GraphLedger {
  private readonly entries = new Map<number, readonly GraphOperation[]>();
  private last = 0;

  /** A ledger that begins with an existing graph as of `transactionId`. */
  static of(content: GraphContent, transactionId: number): GraphLedger {
    const ledger = new GraphLedger();
    ledger.record(transactionId, [
      ...Array.from(content.nodes, (node) => ({ kind: 'createNode' as const, ...node })),
      ...Array.from(content.relationships, (relationship) => ({
        kind: 'createRelationship' as const,
        ...relationship,
      })),
      ...Object.entries(content.graphProperties).map(([key, value]) => ({ kind: 'setGraph' as const, key, value })),
    ]);
    return ledger;
  }

  get size(): number {
    return this.entries.size;
  }

  /** The newest recorded transaction. */
  get lastTransaction(): number {
    return this.last;
  }

  record(transactionId: number, operations: readonly GraphOperation[]): void {
    if (this.entries.has(transactionId)) throw new Error(`two transactions have the id ${transactionId}`);
    this.entries.set(transactionId, operations);
    this.last = Math.max(this.last, transactionId);
  }

  /** The graph after the transaction with this id; without an id, after all. */
  graphAt(transactionId = this.last): ModelGraph {
    const graph = new ModelGraph();
    const ids = [...this.entries.keys()].filter((id) => id <= transactionId).sort((a, b) => a - b);
    for (const id of ids) {
      for (const operation of this.entries.get(id)!) {
        try {
          graph.apply(operation);
        } catch (error) {
          throw new Error(`transaction ${id}: ${(error as Error).message}`);
        }
      }
    }
    graph.expectWhole();
    return graph;
  }
}

/** The differences between two graphs, one line each, at most `limit`; empty means equal, including the types of values. */
export function findContentDifferences(expected: GraphContent, actual: GraphContent, limit = 20): string[] {
  const there = describeContent(actual);
  const lines: string[] = [];
  for (const [key, text] of describeContent(expected)) {
    const other = there.get(key);
    if (other === undefined) lines.push(`missing: ${text}`);
    else if (other !== text) lines.push(`differs: expected ${text}, found ${other}`);
    there.delete(key);
  }
  for (const text of there.values()) lines.push(`too many: ${text}`);
  return lines.length > limit ? [...lines.slice(0, limit), `... and ${lines.length - limit} more`] : lines;
}

function describeContent({ nodes, relationships, graphProperties }: GraphContent): Map<string, string> {
  const texts = new Map<string, string>();
  for (const { id, labels, properties } of nodes)
    texts.set(`node ${id}`, `node ${id} ${[...labels].sort().join(':')} ${describeProperties(properties)}`);
  for (const { id, type, start, end, properties } of relationships)
    texts.set(
      `relationship ${id}`,
      `relationship ${id} (${start})-[${type}]->(${end}) ${describeProperties(properties)}`,
    );
  texts.set('graph', `graph ${describeProperties(graphProperties)}`);
  return texts;
}

function describeProperties(properties: ModelProperties): string {
  const entries = Object.entries(properties).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify(entries.map(([key, value]) => [key, noteValue(value)]));
}
