import { GraphkeepError } from '../base/errors.ts';
import type { ConstraintRule, IndexProvider, IndexRule, RuleSchema } from '../store/graph/schema-rule.ts';
import type { Committer } from './commits/committer.ts';
import { NodeLookup } from './graph/node-lookup.ts';
import { type NodeChange, requireIndexable, requireNoDuplicates } from './schema/constraints.ts';

/** Commits an index rule and returns its id. The next check point creates the index files. */
export function commitIndex(
  committer: Committer,
  provider: IndexProvider,
  label: string,
  keys: readonly string[],
): number {
  const schema = schemaOf(committer, label, keys);
  requireNew(committer, schema, `:${label}(${keys.join(', ')})`);
  const rule: IndexRule = { kind: 'index', id: -1, provider, unique: false, owningConstraint: -1, schema };
  requireIndexable(rule, { entity: label, keys: [...keys] }, allNodes(committer));
  committer.write((records, takeId) => {
    rule.id = takeId('schema');
    records.createRule(rule);
  });
  committer.schema.add(rule);
  return rule.id;
}

/** Commits the rules of a uniqueness constraint and its index. Returns the id of the constraint, which holds from then on. */
export function commitUniquenessConstraint(
  committer: Committer,
  provider: IndexProvider,
  label: string,
  key: string,
): number {
  const schema = schemaOf(committer, label, [key]);
  requireNew(committer, schema, `:${label}(${key})`);
  requireNoDuplicates(new NodeLookup(label, [key]), committer.graph.nodes());
  const index: IndexRule = { kind: 'index', id: -1, provider, unique: true, owningConstraint: -1, schema };
  const constraint: ConstraintRule = { kind: 'constraint', id: -1, type: 'unique', ownedIndex: -1, schema };
  requireIndexable(index, { entity: label, keys: [key] }, allNodes(committer));
  committer.write((records, takeId) => {
    index.id = takeId('schema');
    constraint.id = takeId('schema');
    index.owningConstraint = constraint.id;
    constraint.ownedIndex = index.id;
    records.createRule(index);
    records.createRule(constraint);
  });
  committer.schema.add(index);
  committer.schema.add(constraint);
  return constraint.id;
}

function* allNodes({ graph }: Committer): Generator<Pick<NodeChange, 'id' | 'after'>> {
  for (const node of graph.nodes()) yield { id: node.id, after: node };
}

/** Commits the removal of an index. An index that a constraint owns can only be dropped with the constraint. */
export function commitIndexDrop(committer: Committer, id: number): void {
  const rule = committer.schema.get(id);
  if (rule?.kind !== 'index') throw new GraphkeepError('embedded.missing', `there is no index ${id}`);
  const owner = committer.schema.constraints.find((constraint) => constraint.ownedIndex === id);
  if (owner !== undefined) {
    throw new GraphkeepError('embedded.constraint', `index ${id} belongs to constraint ${owner.id}: drop that`);
  }
  dropRules(committer, [id]);
}

/** Commits the removal of a constraint and the index it owns. */
export function commitConstraintDrop(committer: Committer, id: number): void {
  const rule = committer.schema.get(id);
  if (rule?.kind !== 'constraint') throw new GraphkeepError('embedded.missing', `there is no constraint ${id}`);
  dropRules(committer, rule.ownedIndex < 0 ? [id] : [id, rule.ownedIndex]);
}

function dropRules(committer: Committer, ids: readonly number[]): void {
  committer.write((records) => {
    for (const id of ids) records.dropRule(id);
  });
  for (const id of ids) committer.schema.remove(id);
}

function schemaOf(committer: Committer, label: string, keys: readonly string[]): RuleSchema {
  if (label === '' || keys.length === 0 || keys.includes('')) {
    throw new GraphkeepError('embedded.constraint', 'an index needs a label and at least one property key');
  }
  return {
    entity: 'node',
    entityTokens: [committer.tokenId('label', label)],
    propertyKeys: keys.map((key) => committer.tokenId('propertyKey', key)),
    multi: false,
  };
}

/** A server has at most one index for a label and its keys. */
function requireNew(committer: Committer, schema: RuleSchema, name: string): void {
  const signature = JSON.stringify([schema.entityTokens, schema.propertyKeys]);
  const other = committer.schema.indexes.find(
    (rule) =>
      !rule.schema.multi &&
      rule.schema.entity === 'node' &&
      JSON.stringify([rule.schema.entityTokens, rule.schema.propertyKeys]) === signature,
  );
  if (other === undefined) return;
  throw new GraphkeepError('embedded.constraint', `there is an index for ${name} already: ${other.id}`);
}
