import { GraphkeepError } from '../base/errors.ts';
import type { PropertyValue } from '../store/values/property-value.ts';
import type { Committer } from './commits/committer.ts';
import type { GraphNode, GraphRelationship, Properties } from './graph/graph.ts';
import { overlayNode, overlayRelationship, type PropertyChanges, TransactionDraft } from './graph/transaction-draft.ts';

/**
 * A transaction of an embedded database. Others do not see its changes before {@link commit}. Each read returns the committed state at that
 * moment plus the transaction's own changes. Commit fails with `embedded.conflict` if another transaction has changed any entity that this
 * one read or changed since it began. A new relationship does not count as a change of its nodes.
 */
export class Transaction {
  private readonly committer: Committer;
  private readonly draft: TransactionDraft;
  private isOpen = true;

  /** Use `EmbeddedDatabase.begin()`. */
  constructor(committer: Committer) {
    this.committer = committer;
    this.draft = new TransactionDraft(committer.lastCommitted);
    committer.recent.begin(this.draft, this.draft.begin);
  }

  /** The node as this transaction sees it; changing the returned object has no effect. */
  node(id: number): GraphNode | undefined {
    this.requireOpen();
    const draft = this.draft.nodes.get(id);
    if (draft?.isNew !== true) this.draft.seenNodes.add(id);
    const committed = draft?.isNew === true ? undefined : this.committer.graph.node(id);
    return draft === undefined ? committed : overlayNode(committed, draft);
  }

  relationship(id: number): GraphRelationship | undefined {
    this.requireOpen();
    const draft = this.draft.relationships.get(id);
    if (draft?.created === undefined) this.draft.seenRelationships.add(id);
    const committed = draft?.created === undefined ? this.committer.graph.relationship(id) : undefined;
    return draft === undefined ? committed : overlayRelationship(committed, draft);
  }

  /** Returns the id of the node. If the transaction does not commit, the id may go to another node. */
  createNode(labels: readonly string[] = [], properties: Properties = {}): number {
    this.requireOpen();
    const id = this.committer.ids.take('node');
    const draft = this.draft.node(id, true);
    for (const label of labels) draft.labels.set(requireName(label), true);
    setAll(draft.properties, properties);
    return id;
  }

  /** Its relationships must be deleted by the time of the commit, else `embedded.constraint`. */
  deleteNode(id: number): void {
    this.editNode(id).isDeleted = true;
  }

  addLabel(id: number, label: string): void {
    this.editNode(id).labels.set(requireName(label), true);
  }

  removeLabel(id: number, label: string): void {
    this.editNode(id).labels.set(label, false);
  }

  /** Sets a property; undefined removes it. */
  setNodeProperty(id: number, key: string, value: PropertyValue | undefined): void {
    this.editNode(id).properties.set(requireName(key), value);
  }

  /** Returns the id of the relationship. */
  createRelationship(start: number, type: string, end: number, properties: Properties = {}): number {
    this.requireEndNode(start);
    this.requireEndNode(end);
    const id = this.committer.ids.take('relationship');
    const draft = this.draft.relationship(id, { type: requireName(type), start, end });
    setAll(draft.properties, properties);
    return id;
  }

  deleteRelationship(id: number): void {
    this.editRelationship(id).isDeleted = true;
  }

  setRelationshipProperty(id: number, key: string, value: PropertyValue | undefined): void {
    this.editRelationship(id).properties.set(requireName(key), value);
  }

  setGraphProperty(key: string, value: PropertyValue | undefined): void {
    this.requireOpen();
    this.draft.graph.set(requireName(key), value);
  }

  /**
   * Commits in one synchronous step; others see the changes from then on. Resolves when they are durable, with the id of the transaction,
   * or undefined if it changed nothing. Rejects with `embedded.conflict`, `embedded.constraint` or another error, in which case nothing was
   * changed; or with `embedded.failed` if the log could not be written: whether the changes are kept is then unknown until the database is
   * opened again. The transaction has ended in every case.
   */
  async commit(): Promise<number | undefined> {
    const id = this.commitNow();
    if (id !== undefined) await this.committer.whenDurable();
    return id;
  }

  /** The first half of {@link commit}: nothing is guaranteed until the committer's `whenDurable` has resolved. */
  commitNow(): number | undefined {
    this.requireOpen();
    this.isOpen = false;
    try {
      return this.committer.commit(this.draft);
    } catch (error) {
      this.giveBackIds();
      throw error;
    } finally {
      this.committer.recent.end(this.draft);
    }
  }

  /** Ends the transaction without any change. Does nothing if it has already ended. */
  rollback(): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    this.committer.recent.end(this.draft);
    this.giveBackIds();
  }

  private giveBackIds(): void {
    const { nodes, relationships } = this.draft;
    const newNodes = [...nodes.values()].filter((draft) => draft.isNew).map(({ id }) => id);
    const newRelationships = [...relationships.values()].filter((draft) => draft.created).map(({ id }) => id);
    this.committer.ids.free('node', newNodes);
    this.committer.ids.free('relationship', newRelationships);
  }

  private editNode(id: number) {
    this.requireOpen();
    const known = this.draft.nodes.get(id);
    if (known?.isDeleted === true || (known === undefined && !this.committer.graph.hasNode(id))) {
      throw missing(`node ${id}`);
    }
    if (known?.isNew !== true) this.draft.seenNodes.add(id);
    return known ?? this.draft.node(id);
  }

  private editRelationship(id: number) {
    this.requireOpen();
    const known = this.draft.relationships.get(id);
    if (known?.isDeleted === true || (known === undefined && !this.committer.graph.hasRelationship(id))) {
      throw missing(`relationship ${id}`);
    }
    if (known?.created === undefined) this.draft.seenRelationships.add(id);
    return known ?? this.draft.relationship(id);
  }

  private requireEndNode(id: number): void {
    this.requireOpen();
    const draft = this.draft.nodes.get(id);
    if (draft?.isDeleted === true || (draft === undefined && !this.committer.graph.hasNode(id))) {
      throw missing(`node ${id}`);
    }
    if (draft?.isNew !== true) this.draft.endNodes.add(id);
  }

  private requireOpen(): void {
    if (!this.isOpen) throw new GraphkeepError('embedded.closed', 'the transaction has ended');
  }
}

function setAll(changes: PropertyChanges, properties: Properties): void {
  for (const key of Object.keys(properties)) changes.set(requireName(key), properties[key]);
}

/** Servers refuse empty names of labels, types and keys. */
function requireName(name: string): string {
  if (name !== '') return name;
  throw new GraphkeepError('embedded.constraint', 'a label, relationship type or property key has no name');
}

function missing(what: string): GraphkeepError {
  return new GraphkeepError('embedded.missing', `${what} does not exist`);
}
