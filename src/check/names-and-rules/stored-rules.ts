import type { SchemaRule } from '../../store/graph/schema-rule.ts';
import type { StoreReader } from '../../store/graph/store-reader.ts';
import { isDamage } from '../findings/damage.ts';

/** An unreadable rule in the schema store. */
export interface MalformedRule {
  id: number;
  problem: string;
}

/** All schema rules by id, and separately the unreadable ones. */
export function readStoredRules(reader: StoreReader): { rules: SchemaRule[]; malformed: MalformedRule[] } {
  const malformed: MalformedRule[] = [];
  const rules = reader.schemaRules((id, error) => {
    if (!isDamage(error)) throw error;
    malformed.push({ id, problem: error.message });
  });
  return { rules, malformed };
}
