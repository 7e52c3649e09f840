import { GraphkeepError } from '../base/errors.ts';
import type { IndexProvider, IndexRule, RuleSchema } from '../store/schema-rule.ts';
import type { Committer } from './committer.ts';
import { requireNoDuplicates } from './constraints.ts';
import { NodeLookup } from './node-lookup.ts';

/** Commits the rule of an index and returns its id. Its files come with the next check point. */
export function commitIndex(
  committer: Committer,
  provider: IndexProvider,
  label: string,
  keys: readonly string[],
): number {
  const schema = schemaOf(committer, label, keys);
  requireNew(committer, schema, `:${label}(${keys.join(', ')})`);
  let rule: IndexRule | undefined;
  committer.write((records, takeId) => {
    rule = { kind: 'index', id: takeId('schema'), provider, unique: false, owningConstraint: -1, schema };
    records.createRule(rule);
  });
  committer.schema.add(rule!);
  return rule!.id;
}

/** Commits the rules of a uniqueness constraint and of its index, and returns the id of the constraint, which holds from then on. */
export function commitUniquenessConstraint(
  committer: Committer,
  provider: IndexProvider,
  label: string,
  key: string,
): number {
  const schema = schemaOf(committer, label, [key]);
  requireNew(committer, schema, `:${label}(${key})`);
  requireNoDuplicates(new NodeLookup(label, [key]), committer.graph.nodes());
  let id = -1;
  committer.write((records, takeId) => {
    const indexId = takeId('schema');
    id = takeId('schema');
    const index = { kind: 'index', id: indexId, provider, unique: true, owningConstraint: id, schema } as const;
    const constraint = { kind: 'constraint', id, type: 'unique', ownedIndex: indexId, schema } as const;
    records.createRule(index);
    records.createRule(constraint);
    committer.schema.add(index);
    committer.schema.add(constraint);
  });
  return id;
}

/** Commits that the index is no more. An index that a constraint owns goes with that only. */
export function commitIndexDrop(committer: Committer, id: number): void {
  const rule = committer.schema.get(id);
  if (rule?.kind !== 'index') throw new GraphkeepError('embedded.missing', `there is no index ${id}`);
  const owner = committer.schema.constraints.find((constraint) => constraint.ownedIndex === id);
  if (owner !== undefined) {
    throw new GraphkeepError('embedded.constraint', `index ${id} belongs to constraint ${owner.id}: drop that`);
  }
  dropRules(committer, [id]);
}

/** Commits that the constraint is no more, nor the index it owns. */
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
