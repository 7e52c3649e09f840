import { storeFile } from '../../store/files/store-files.ts';
import type { ConstraintRule, SchemaRule } from '../../store/graph/schema-rule.ts';
import { readLabels } from '../../store/values/labels.ts';
import { PropertyBlockCursor, walkPropertyChain } from '../../store/values/property-chain.ts';
import type { CheckContext } from '../findings/check-context.ts';
import { isDamage } from '../findings/damage.ts';
import { describeNode, describeRelationship } from '../findings/entity-texts.ts';
import { createFinding } from '../findings/finding.ts';

/** Property keys that entities with a label or type must have. */
type MandatoryKeys = ReadonlyMap<number, ReadonlySet<number>>;

/**
 * Checks that nodes and relationships have the properties required by existence constraints and node keys (spec consistency-check 3.1,
 * `primitive.missingMandatoryProperty`), also where an entity has no properties at all. Entities with damaged records are left to the
 * checks of records.
 */
export async function checkMandatoryProperties(context: CheckContext, rules: readonly SchemaRule[]): Promise<void> {
  const constraints = rules.filter(
    (rule): rule is ConstraintRule => rule.kind === 'constraint' && rule.type !== 'unique',
  );
  const ofNodes = collectKeys(constraints, 'node');
  const ofRelationships = collectKeys(constraints, 'relationship');
  if (ofNodes.size > 0) await checkNodes(context, ofNodes);
  if (ofRelationships.size > 0) await checkRelationships(context, ofRelationships);
}

function collectKeys(constraints: readonly ConstraintRule[], entity: 'node' | 'relationship'): MandatoryKeys {
  const keys = new Map<number, Set<number>>();
  for (const { schema } of constraints) {
    if (schema.entity !== entity) continue;
    for (const token of schema.entityTokens) {
      keys.set(token, new Set([...(keys.get(token) ?? []), ...schema.propertyKeys]));
    }
  }
  return keys;
}

async function checkNodes(context: CheckContext, mandatory: MandatoryKeys): Promise<void> {
  const { reader, report } = context;
  const file = reader.file('node');
  await file.scanInTurns(({ id, labelField, nextProp }) => {
    if (labelField === 0) return;
    ignoreDamage(() => {
      const labels = readLabels(id, labelField, reader.readLabelRecord);
      for (const key of findMissing(context, mandatory, labels, nextProp)) {
        const place = { file: storeFile('node').fileName, record: id, offset: id * file.codec.size };
        const text = describeNode(reader, id);
        report(
          createFinding('primitive.missingMandatoryProperty', { ...place, text, inconsistentWith: [String(key)] }),
        );
      }
    });
  }, scanOptions(context));
}

async function checkRelationships(context: CheckContext, mandatory: MandatoryKeys): Promise<void> {
  const { reader, report } = context;
  const file = reader.file('relationship');
  await file.scanInTurns(({ id, type, nextProp }) => {
    ignoreDamage(() => {
      for (const key of findMissing(context, mandatory, [type], nextProp)) {
        const place = { file: storeFile('relationship').fileName, record: id, offset: id * file.codec.size };
        const text = describeRelationship(reader, id);
        report(
          createFinding('primitive.missingMandatoryProperty', { ...place, text, inconsistentWith: [String(key)] }),
        );
      }
    });
  }, scanOptions(context));
}

function findMissing(
  { reader }: CheckContext,
  mandatory: MandatoryKeys,
  tokens: readonly number[],
  firstProperty: number,
): ReadonlySet<number> {
  const missing = new Set<number>();
  for (const token of tokens) for (const key of mandatory.get(token) ?? []) missing.add(key);
  if (missing.size === 0) return missing;
  const cursor = new PropertyBlockCursor();
  for (const record of walkPropertyChain(firstProperty, reader.readProperty)) {
    cursor.open(record);
    while (cursor.next()) missing.delete(cursor.key);
    if (missing.size === 0) break;
  }
  return missing;
}

function scanOptions({ signal }: CheckContext): { signal?: AbortSignal } {
  return signal === undefined ? {} : { signal };
}

function ignoreDamage(work: () => void): void {
  try {
    work();
  } catch (error) {
    if (!isDamage(error)) throw error;
  }
}
