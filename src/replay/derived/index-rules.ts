import { decodeSchemaRule, type IndexRule } from '../../store/graph/schema-rule.ts';
import type { StoreReader } from '../../store/graph/store-reader.ts';
import { readDynamicChain } from '../../store/records/dynamic-chain.ts';

/**
 * The index rules in the schema store. Rules of `unsettled` may be in any state, because the log still changes them: those that cannot be
 * read are left out. Any other unreadable rule is an error.
 */
export function readIndexRules(reader: StoreReader, unsettled: ReadonlySet<number> = new Set()): IndexRule[] {
  const file = reader.file('schema');
  const record = file.codec.create();
  const ids: number[] = [];
  file.scan(({ id, first }) => {
    if (first) ids.push(id);
  });
  const rules: IndexRule[] = [];
  for (const id of ids) {
    try {
      const rule = decodeSchemaRule(
        id,
        readDynamicChain(id, (at) => file.readRecord(at, record)),
      );
      if (rule.kind === 'index') rules.push(rule);
    } catch (error) {
      if (!unsettled.has(id)) throw error;
    }
  }
  return rules;
}

/** For messages: the name that the user knows, or the id of the rule. */
export function nameIndex(rule: IndexRule): string {
  return rule.name === undefined || rule.name === '' ? `index_${rule.id}` : rule.name;
}
