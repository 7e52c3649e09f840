import { decodeSchemaRule, type SchemaRule } from '../../store/graph/schema-rule.ts';
import type { StoreReader } from '../../store/graph/store-reader.ts';
import { readDynamicChain } from '../../store/records/dynamic-chain.ts';
import { isDamage } from '../findings/damage.ts';

/** A rule of the schema store that cannot be read. */
export interface MalformedRule {
  id: number;
  problem: string;
}

/** All schema rules, by id; what cannot be read as one is told apart. */
export function readStoredRules(reader: StoreReader): { rules: SchemaRule[]; malformed: MalformedRule[] } {
  const file = reader.file('schema');
  const record = file.codec.create();
  const rules: SchemaRule[] = [];
  const malformed: MalformedRule[] = [];
  for (let id = file.firstId; id < file.endId; id++) {
    try {
      const first = file.readRecord(id, record);
      if (first === undefined || !first.inUse || !first.first) continue;
      const chain = readDynamicChain(id, (at) => file.readRecord(at, record));
      rules.push(decodeSchemaRule(id, chain));
    } catch (error) {
      if (!isDamage(error)) throw error;
      malformed.push({ id, problem: error.message });
    }
  }
  return { rules, malformed };
}
