import { GraphkeepError } from '../../base/errors.ts';
import type { TokenKind } from '../../store/records/token-record.ts';
import type { KeyedValue } from '../../store/values/property-chain.ts';
import type { LiveGraph } from '../graph/live-graph.ts';
import type { LiveTokens } from '../graph/live-tokens.ts';
import {
  type NodeDraft,
  overlayNode,
  type PropertyChanges,
  type TransactionDraft,
} from '../graph/transaction-draft.ts';
import type { RecordTransaction } from '../records/record-transaction.ts';
import type { Owner } from '../records/record-view.ts';

/** Turns the changes of a draft into changes of records. Every name in it must have an id. */
export function writeDraft(
  records: RecordTransaction,
  draft: TransactionDraft,
  graph: LiveGraph,
  tokens: LiveTokens,
): void {
  new DraftWriter(records, draft, graph, tokens).write();
}

class DraftWriter {
  private readonly records: RecordTransaction;
  private readonly draft: TransactionDraft;
  private readonly graph: LiveGraph;
  private readonly tokens: LiveTokens;

  constructor(records: RecordTransaction, draft: TransactionDraft, graph: LiveGraph, tokens: LiveTokens) {
    this.records = records;
    this.draft = draft;
    this.graph = graph;
    this.tokens = tokens;
  }

  /** Creates relationships after the nodes they need, and deletes them before the nodes that must lose them. */
  write(): void {
    const { records, draft } = this;
    for (const node of draft.nodes.values()) {
      if (node.isNew && !node.isDeleted) records.createNode(node.id, this.labelIds(node), this.keyed(node.properties));
    }
    for (const { id, created, isDeleted } of draft.relationships.values()) {
      if (created === undefined && isDeleted) records.deleteRelationship(id);
    }
    this.createRelationships();
    for (const node of draft.nodes.values()) {
      if (node.isNew || node.isDeleted) continue;
      if (node.labels.size > 0) records.setLabels(node.id, this.labelIds(node));
      this.setProperties({ kind: 'node', id: node.id }, node.properties);
    }
    for (const { id, created, isDeleted, properties } of draft.relationships.values()) {
      if (created === undefined && !isDeleted) this.setProperties({ kind: 'relationship', id }, properties);
    }
    this.setProperties({ kind: 'graph' }, draft.graph);
    for (const node of draft.nodes.values()) if (!node.isNew && node.isDeleted) records.deleteNode(node.id);
  }

  private createRelationships(): void {
    for (const { id, created, isDeleted, properties } of this.draft.relationships.values()) {
      if (created === undefined || isDeleted) continue;
      const { type, start, end } = created;
      for (const node of [start, end]) this.requireKept(node, id);
      this.records.createRelationship(id, this.tokenId('relationshipType', type), start, end, this.keyed(properties));
    }
  }

  /** A node that the transaction deletes (perhaps after creating it) cannot get a new relationship. */
  private requireKept(node: number, relationship: number): void {
    if (this.draft.nodes.get(node)?.isDeleted !== true) return;
    throw new GraphkeepError(
      'embedded.constraint',
      `node ${node} cannot be deleted: it still has relationships, ${relationship} is one`,
    );
  }

  /** Ascending. */
  private labelIds(node: NodeDraft): number[] {
    const committed = node.isNew ? undefined : this.graph.node(node.id);
    const labels = overlayNode(committed, node)?.labels ?? [];
    return labels.map((label) => this.tokenId('label', label)).sort((a, b) => a - b);
  }

  private keyed(properties: PropertyChanges): KeyedValue[] {
    const values: KeyedValue[] = [];
    for (const [key, value] of properties) {
      if (value !== undefined) values.push({ key: this.tokenId('propertyKey', key), value });
    }
    return values;
  }

  private setProperties(owner: Owner, properties: PropertyChanges): void {
    for (const [name, value] of properties) {
      const key = this.tokens.id('propertyKey', name);
      // Nothing uses this name yet, so there is nothing to remove.
      if (key !== undefined) this.records.setProperty(owner, key, value);
    }
  }

  private tokenId(kind: TokenKind, name: string): number {
    const id = this.tokens.id(kind, name);
    if (id === undefined) throw new GraphkeepError('internal', `the ${kind} ${name} has no id`);
    return id;
  }
}
