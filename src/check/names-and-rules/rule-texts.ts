import { storeFile } from '../../store/files/store-files.ts';
import type { IndexRule, RuleSchema, SchemaRule } from '../../store/graph/schema-rule.ts';
import type { StoreReader } from '../../store/graph/store-reader.ts';
import type { TokenKind } from '../../store/records/token-record.ts';
import type { CheckContext } from '../findings/check-context.ts';
import type { CheckKind } from '../findings/check-kinds.ts';
import { describeDynamic } from '../findings/entity-texts.ts';
import { createFinding, type FindingDetails } from '../findings/finding.ts';
import { readTokenNameIfWhole } from './token-names.ts';

/** An index rule as the report shows it (spec consistency-check 2). */
export function describeIndexRule(reader: StoreReader, { id, provider, unique, schema }: IndexRule): string {
  const type = unique ? 'UNIQUE' : 'GENERAL';
  const of = `Index( ${type}, ${describeSchema(reader, schema)} )`;
  return `IndexRule[id=${id}, descriptor=${of}, provider={key=${provider.key}, version=${provider.version}}]`;
}

export function describeRule(reader: StoreReader, rule: SchemaRule): string {
  if (rule.kind === 'index') return describeIndexRule(reader, rule);
  const descriptor = `Constraint( ${rule.type.toUpperCase()}, ${describeSchema(reader, rule.schema)} )`;
  return `ConstraintRule[id=${rule.id}, descriptor=${descriptor}, ownedIndex=${rule.ownedIndex}]`;
}

function describeSchema(reader: StoreReader, { entity, entityTokens, propertyKeys }: RuleSchema): string {
  const entities = entityTokens.map((id) => nameToken(reader, entity === 'node' ? 'label' : 'relationshipType', id));
  const keys = propertyKeys.map((id) => nameToken(reader, 'propertyKey', id));
  const tokens = `:${entities.join(', ')}(${keys.join(', ')})`;
  return entity === 'node' ? tokens : `-[${tokens}]-`;
}

function nameToken(reader: StoreReader, kind: TokenKind, id: number): string {
  return `${readTokenNameIfWhole(reader, kind, id) ?? ''}[${id}]`;
}

/** Reports a finding about a rule. Its record is the first one of the rule's chain in the schema store. */
export function reportRule(
  { reader, report }: CheckContext,
  kind: CheckKind,
  { id }: { id: number },
  details: Partial<FindingDetails> = {},
): void {
  const file = reader.file('schema');
  report(
    createFinding(kind, {
      file: storeFile('schema').fileName,
      record: id,
      offset: id * file.codec.size,
      text: describeDynamic(reader, 'schema', id),
      ...details,
    }),
  );
}
