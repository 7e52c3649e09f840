import type { SchemaRule } from '../../store/graph/schema-rule.ts';
import type { StoreReader } from '../../store/graph/store-reader.ts';
import { isDamage } from '../findings/damage.ts';

/** A rule of the schema store that cannot be read. */
export interface MalformedRule {
  id: number;
  problem: string;
}

/** All schema rules, by id; what cannot be read as one is told apart. */
export function readStoredRules(reader: StoreReader): { rules: SchemaRule[]; malformed: MalformedRule[] } {
  const malformed: MalformedRule[] = [];
  const rules = reader.schemaRules((id, error) => {
    if (!isDamage(error)) throw error;
    malformed.push({ id, problem: error.message });
  });
  return { rules, malformed };
}
