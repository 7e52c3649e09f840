import type { IndexRule } from '../../store/graph/schema-rule.ts';
import type { StoreReader } from '../../store/graph/store-reader.ts';

/**
 * The index rules in the schema store. The log may still change the rules in `unsettled`, so unreadable ones among them are left out. Any
 * other unreadable rule is an error.
 */
export function readIndexRules(reader: StoreReader, unsettled: ReadonlySet<number> = new Set()): IndexRule[] {
  const rules = reader.schemaRules((id, error) => {
    if (!unsettled.has(id)) throw error;
  });
  return rules.filter((rule) => rule.kind === 'index');
}

/** For messages: the name that the user knows, or the id of the rule. */
export function nameIndex(rule: IndexRule): string {
  return rule.name === undefined || rule.name === '' ? `index_${rule.id}` : rule.name;
}
