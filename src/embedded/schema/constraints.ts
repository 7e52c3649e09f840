import { GraphkeepError } from '../../base/errors.ts';
import type { ConstraintRule, IndexRule, SchemaRule } from '../../store/graph/schema-rule.ts';
import { isTooLongForIndex } from '../../store/index/index-key.ts';
import { findProvider } from '../../store/index/index-provider.ts';
import { PointCurves } from '../../store/index/keys/point-curves.ts';
import type { PropertyValue } from '../../store/values/property-value.ts';
import type { GraphNode, GraphRelationship, Properties } from '../graph/graph.ts';
import type { LiveGraph } from '../graph/live-graph.ts';
import type { LiveTokens } from '../graph/live-tokens.ts';
import type { NodeLookup, NodeLookups } from '../graph/node-lookup.ts';
import { overlayRelationship, type TransactionDraft } from '../graph/transaction-draft.ts';
import type { LiveSchema } from './live-schema.ts';

/** A node before and after a transaction; undefined = missing. */
export interface NodeChange {
  id: number;
  before: GraphNode | undefined;
  after: GraphNode | undefined;
}

/** The graph that a transaction's changes apply to. */
export interface ChangedGraph {
  graph: LiveGraph;
  schema: LiveSchema;
  tokens: LiveTokens;
  lookups: NodeLookups;
}

/** Throws `embedded.constraint` if the changes would violate a constraint, or need an index entry that a server cannot make. */
export function checkConstraints(
  draft: TransactionDraft,
  nodes: readonly NodeChange[],
  { graph, schema, tokens, lookups }: ChangedGraph,
): void {
  for (const rule of schema.indexes) requireIndexable(rule, nameRule(rule, tokens), nodes);
  for (const rule of schema.constraints) {
    const names = nameRule(rule, tokens);
    if (rule.type !== 'unique') requireProperties(rule, names, draft, nodes, graph);
    if (rule.type !== 'existence') requireUnique(lookups.of(names.entity, names.keys), nodes);
  }
}

interface RuleNames {
  /** Label or relationship type. */
  entity: string;
  keys: string[];
}

function nameRule({ schema }: SchemaRule, tokens: LiveTokens): RuleNames {
  const kind = schema.entity === 'node' ? 'label' : 'relationshipType';
  return {
    entity: tokens.name(kind, schema.entityTokens[0]!),
    keys: schema.propertyKeys.map((key) => tokens.name('propertyKey', key)),
  };
}

/** Values with fewer characters than this in total fit into any index. */
const SHORT_TEXT = 500;

/** Throws `embedded.constraint` for a node that a server could not index. */
export function requireIndexable(
  rule: IndexRule,
  { entity, keys }: RuleNames,
  nodes: Iterable<Pick<NodeChange, 'id' | 'after'>>,
): void {
  const folders = findProvider(rule.provider)?.folders(rule.id);
  if (rule.schema.entity !== 'node' || rule.schema.multi || folders === undefined) return;
  for (const { id, after } of nodes) {
    if (after === undefined || !after.labels.includes(entity)) continue;
    const values = keys.map((key) => (Object.hasOwn(after.properties, key) ? after.properties[key] : undefined));
    if (values.includes(undefined) || values.every((value) => sizeOf(value!) < SHORT_TEXT / keys.length)) continue;
    if (!isTooLongForIndex(folders, rule.unique, values as PropertyValue[], new PointCurves())) continue;
    throw new GraphkeepError(
      'embedded.constraint',
      `node ${id} has a value that is too long for the index on :${entity}(${keys.join(', ')})`,
    );
  }
}

/** Characters of a text, elements of an array plus all their characters; at least 1. */
function sizeOf(value: PropertyValue): number {
  if (value.type === 'string') return 1 + value.value.length;
  if (value.type !== 'array') return 1;
  return value.elements.reduce((sum, element) => sum + 20 + sizeOf(element), 1);
}

function requireUnique(lookup: NodeLookup, changes: readonly NodeChange[]): void {
  const added = new Map<string, number>();
  const changed = new Set(changes.map(({ id }) => id));
  for (const { id, before, after } of changes) {
    const text = lookup.textOf(after);
    if (text === undefined) continue;
    const others = text === lookup.textOf(before) ? [] : [...lookup.find(text)];
    const other = added.get(text) ?? others.find((node) => !changed.has(node));
    if (other !== undefined) throw notUnique(lookup, after!.properties, id, other);
    added.set(text, id);
  }
}

/** Throws `embedded.constraint` for the first two nodes that would violate a new constraint. */
export function requireNoDuplicates(lookup: NodeLookup, nodes: Iterable<GraphNode>): void {
  const seen = new Map<string, number>();
  for (const node of nodes) {
    const text = lookup.textOf(node);
    if (text === undefined) continue;
    const other = seen.get(text);
    if (other !== undefined) throw notUnique(lookup, node.properties, node.id, other);
    seen.set(text, node.id);
  }
}

function notUnique({ label, keys }: NodeLookup, properties: Properties, id: number, other: number): GraphkeepError {
  const values = keys.map((key) => `${key} = ${describeValue(properties[key])}`).join(', ');
  return new GraphkeepError(
    'embedded.constraint',
    `node ${id} cannot have label ${label} with ${values}: node ${other} has it already`,
  );
}

const LONGEST_TEXT = 100;

function describeValue(value: Properties[string] | undefined): string {
  const text = JSON.stringify(value, (_key, part) => (typeof part === 'bigint' ? String(part) : part)) ?? 'nothing';
  return text.length <= LONGEST_TEXT ? text : `${text.slice(0, LONGEST_TEXT)}...`;
}

function requireProperties(
  rule: ConstraintRule,
  { entity, keys }: RuleNames,
  draft: TransactionDraft,
  nodes: readonly NodeChange[],
  graph: LiveGraph,
): void {
  if (rule.schema.entity === 'node') {
    for (const { id, after } of nodes) {
      if (after?.labels.includes(entity)) requireKeys(`node ${id} with label ${entity}`, after, keys);
    }
    return;
  }
  for (const relationship of draft.relationships.values()) {
    const committed = relationship.created === undefined ? graph.relationship(relationship.id) : undefined;
    const after = overlayRelationship(committed, relationship);
    if (after?.type === entity) requireKeys(`relationship ${after.id} of type ${entity}`, after, keys);
  }
}

function requireKeys(what: string, { properties }: GraphNode | GraphRelationship, keys: readonly string[]): void {
  const missing = keys.find((key) => !Object.hasOwn(properties, key));
  if (missing === undefined) return;
  throw new GraphkeepError('embedded.constraint', `${what} must have the property ${missing}`);
}
