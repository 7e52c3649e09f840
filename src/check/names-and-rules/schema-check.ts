import type { ConstraintRule, IndexRule, SchemaRule } from '../../store/graph/schema-rule.ts';
import type { CheckContext } from '../findings/check-context.ts';
import { describeRule, reportRule } from './rule-texts.ts';
import type { MalformedRule } from './stored-rules.ts';

/** Checks the schema rules against tokens and against each other (spec consistency-check 3.8). */
export function checkSchema(
  context: CheckContext,
  { rules, malformed }: { rules: readonly SchemaRule[]; malformed: readonly MalformedRule[] },
): void {
  for (const { id, problem } of malformed)
    reportRule(context, 'schema.malformedSchemaRule', { id }, { found: problem });
  for (const rule of rules) checkTokensOf(context, rule);
  checkDuplicates(context, rules);
  checkObligations(context, rules);
}

function checkTokensOf(context: CheckContext, rule: SchemaRule): void {
  const { entity, entityTokens, propertyKeys } = rule.schema;
  const { tokens, reader } = context;
  const inconsistentWith = [describeRule(reader, rule)];
  for (const id of entityTokens) {
    if (entity === 'node' && !tokens.label.has(id)) {
      reportRule(context, 'schema.labelNotInUse', rule, { inconsistentWith, found: `label ${id}` });
    } else if (entity === 'relationship' && !tokens.relationshipType.has(id)) {
      reportRule(context, 'schema.relationshipTypeNotInUse', rule, { inconsistentWith, found: `type ${id}` });
    }
  }
  for (const id of propertyKeys) {
    if (tokens.propertyKey.has(id)) continue;
    reportRule(context, 'schema.propertyKeyNotInUse', rule, { inconsistentWith, found: `property key ${id}` });
  }
}

function checkDuplicates(context: CheckContext, rules: readonly SchemaRule[]): void {
  const firstOf = new Map<string, SchemaRule>();
  for (const rule of rules) {
    const content = contentOf(rule);
    const first = firstOf.get(content);
    if (first === undefined) firstOf.set(content, rule);
    else {
      const inconsistentWith = [describeRule(context.reader, first)];
      reportRule(context, 'schema.duplicateRuleContent', rule, { inconsistentWith, found: `rule ${first.id}` });
    }
  }
}

/** What no two rules may have in common. A constraint and its index do not count as equal, nor do two kinds of constraint. */
function contentOf(rule: SchemaRule): string {
  const { entity, entityTokens, propertyKeys, multi } = rule.schema;
  const type = rule.kind === 'index' ? 'index' : rule.type;
  return JSON.stringify([type, entity, multi, entityTokens, propertyKeys]);
}

/** Checks that constraints and the indexes they own name each other. */
function checkObligations(context: CheckContext, rules: readonly SchemaRule[]): void {
  const indexOfConstraint = new Map<number, IndexRule>();
  const constraintOfIndex = new Map<number, ConstraintRule>();
  for (const rule of rules) {
    if (rule.kind === 'index' && rule.unique && rule.owningConstraint >= 0) {
      oblige(context, indexOfConstraint, rule.owningConstraint, rule);
    } else if (rule.kind === 'constraint' && rule.type !== 'existence') {
      oblige(context, constraintOfIndex, rule.ownedIndex, rule);
    }
  }
  for (const rule of rules) {
    if (rule.kind === 'index') checkIndexOwner(context, rule, constraintOfIndex.get(rule.id));
    else if (rule.type !== 'existence') checkOwnedIndex(context, rule, indexOfConstraint.get(rule.id));
  }
}

function oblige<R extends SchemaRule>(context: CheckContext, obligations: Map<number, R>, to: number, rule: R): void {
  const other = obligations.get(to);
  if (other === undefined) obligations.set(to, rule);
  else {
    reportRule(context, 'schema.duplicateObligation', rule, {
      inconsistentWith: [describeRule(context.reader, other)],
    });
  }
}

function checkIndexOwner(context: CheckContext, rule: IndexRule, constraint: ConstraintRule | undefined): void {
  if (!rule.unique) return;
  const expected = `constraint ${rule.owningConstraint}`;
  if (rule.owningConstraint < 0) {
    reportRule(context, 'schema.schemaRuleNotOnline', rule, { found: 'a unique index without owning constraint' });
  } else if (constraint === undefined) {
    reportRule(context, 'schema.missingObligation', rule, { expected });
  } else if (constraint.id !== rule.owningConstraint) {
    const inconsistentWith = [describeRule(context.reader, constraint)];
    reportRule(context, 'schema.constraintIndexRuleNotReferencingBack', rule, { expected, inconsistentWith });
  }
}

function checkOwnedIndex(context: CheckContext, rule: ConstraintRule, index: IndexRule | undefined): void {
  const expected = `index ${rule.ownedIndex}`;
  if (index === undefined) reportRule(context, 'schema.missingObligation', rule, { expected });
  else if (index.id !== rule.ownedIndex) {
    const inconsistentWith = [describeRule(context.reader, index)];
    reportRule(context, 'schema.uniquenessConstraintNotReferencingBack', rule, { expected, inconsistentWith });
  }
}
