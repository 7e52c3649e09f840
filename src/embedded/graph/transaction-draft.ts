import type { PropertyValue } from '../../store/values/property-value.ts';
import type { GraphNode, GraphRelationship, Properties } from './graph.ts';
import { setOwn } from './live-graph.ts';

/** New values by key; undefined removes the property. */
export type PropertyChanges = Map<string, PropertyValue | undefined>;

/** Changes of a transaction to one node. */
export interface NodeDraft {
  readonly id: number;
  readonly isNew: boolean;
  isDeleted: boolean;
  /** True = has the label in the end, false = does not have it. */
  readonly labels: Map<string, boolean>;
  readonly properties: PropertyChanges;
}

/** Changes of a transaction to one relationship. `created` describes a new one. */
export interface RelationshipDraft {
  readonly id: number;
  readonly created: { readonly type: string; readonly start: number; readonly end: number } | undefined;
  isDeleted: boolean;
  readonly properties: PropertyChanges;
}

/** The uncommitted changes of a transaction, and what it has read. */
export class TransactionDraft {
  readonly timeStarted = Date.now();
  /** The last committed transaction when this one began. */
  readonly begin: number;
  readonly nodes = new Map<number, NodeDraft>();
  readonly relationships = new Map<number, RelationshipDraft>();
  readonly graph: PropertyChanges = new Map();
  /** Entities read or changed; no other transaction may have changed them meanwhile. */
  readonly seenNodes = new Set<number>();
  readonly seenRelationships = new Set<number>();
  /** Nodes that got relationships; they must not have been removed meanwhile. */
  readonly endNodes = new Set<number>();

  constructor(begin: number) {
    this.begin = begin;
  }

  node(id: number, isNew = false): NodeDraft {
    let draft = this.nodes.get(id);
    if (draft === undefined) {
      draft = { id, isNew, isDeleted: false, labels: new Map(), properties: new Map() };
      this.nodes.set(id, draft);
    }
    return draft;
  }

  relationship(id: number, created?: RelationshipDraft['created']): RelationshipDraft {
    let draft = this.relationships.get(id);
    if (draft === undefined) {
      draft = { id, created, isDeleted: false, properties: new Map() };
      this.relationships.set(id, draft);
    }
    return draft;
  }
}

/** A node with the changes of a draft; `committed` is the node without them. */
export function overlayNode(committed: GraphNode | undefined, draft: NodeDraft): GraphNode | undefined {
  if (draft.isDeleted) return undefined;
  const base = committed ?? { id: draft.id, labels: [], properties: {} };
  const labels = base.labels.filter((label) => draft.labels.get(label) !== false);
  for (const [label, isWanted] of draft.labels) if (isWanted && !labels.includes(label)) labels.push(label);
  return { id: draft.id, labels, properties: overlayProperties(base.properties, draft.properties) };
}

export function overlayRelationship(
  committed: GraphRelationship | undefined,
  draft: RelationshipDraft,
): GraphRelationship | undefined {
  if (draft.isDeleted) return undefined;
  const base = draft.created ?? committed;
  if (base === undefined) return undefined;
  const { type, start, end } = base;
  const properties = overlayProperties(committed?.properties ?? {}, draft.properties);
  return { id: draft.id, type, start, end, properties };
}

function overlayProperties(base: Properties, changes: PropertyChanges): Properties {
  const properties: Properties = {};
  for (const key of Object.keys(base)) if (!changes.has(key)) setOwn(properties, key, base[key]!);
  for (const [key, value] of changes) if (value !== undefined) setOwn(properties, key, value);
  return properties;
}
