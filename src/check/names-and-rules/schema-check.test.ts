import { describe, expect, it } from 'vitest';
import { makeTemporaryDirectory, removeDirectory } from '../../../test/support/corpus/unpack-corpus.ts';
import { StoreWriter } from '../../store/build/store-writer.ts';
import type { ConstraintRule, IndexRule, RuleSchema, SchemaRule } from '../../store/graph/schema-rule.ts';
import { StoreReader } from '../../store/graph/store-reader.ts';
import type { CheckContext } from '../findings/check-context.ts';
import type { Finding } from '../findings/finding.ts';
import { readTokenIds } from '../findings/token-ids.ts';
import { checkSchema } from './schema-check.ts';

const LABEL = 0;
const TYPE = 0;
const KEY = 0;

const schemaOf = (changes: Partial<RuleSchema> = {}): RuleSchema => ({
  entity: 'node',
  entityTokens: [LABEL],
  propertyKeys: [KEY],
  multi: false,
  ...changes,
});

const index = (id: number, changes: Partial<IndexRule> = {}): IndexRule => ({
  kind: 'index',
  id,
  provider: { key: 'native-btree', version: '1.0' },
  unique: false,
  owningConstraint: -1,
  schema: schemaOf(),
  ...changes,
});

const constraint = (id: number, changes: Partial<ConstraintRule> = {}): ConstraintRule => ({
  kind: 'constraint',
  id,
  type: 'unique',
  ownedIndex: -1,
  schema: schemaOf(),
  ...changes,
});

/** Findings about rules in a store with one label, type and key; the rules need not be stored in it. */
async function check(rules: SchemaRule[]): Promise<string[]> {
  const directory = await makeTemporaryDirectory();
  const writer = new StoreWriter(directory);
  writer.label('L');
  writer.relationshipType('T');
  writer.propertyKey('k');
  await writer.finish();
  const reader = new StoreReader(directory);
  const findings: Finding[] = [];
  try {
    const context: CheckContext = {
      reader,
      tokens: readTokenIds(reader),
      parts: { graph: true, indexes: true, labelScan: true, propertyOwners: true, derivedEntries: true },
      report: (finding) => findings.push(finding),
      budgetBytes: 1,
      signal: undefined,
      progress: () => {},
    };
    checkSchema(context, { rules, malformed: [] });
  } finally {
    reader.close();
    await removeDirectory(directory);
  }
  return findings.map(({ kind, record }) => `${kind} ${record}`);
}

describe('schema rules', () => {
  const owned = index(1, { unique: true, owningConstraint: 2 });

  it('schema rules that fit together have no findings', async () => {
    const other = schemaOf({ propertyKeys: [KEY, KEY] });
    const existence = constraint(3, { type: 'existence' });
    expect(await check([owned, constraint(2, { ownedIndex: 1 }), existence, index(4, { schema: other })])).toEqual([]);
  });

  it('schema rules must name existing tokens', async () => {
    const ofType = schemaOf({ entity: 'relationship', entityTokens: [TYPE] });
    expect(await check([constraint(1, { type: 'existence', schema: ofType })])).toEqual([]);
    const missing = [
      index(1, { schema: schemaOf({ entityTokens: [9] }) }),
      index(2, { schema: schemaOf({ propertyKeys: [KEY, 9] }) }),
      index(3, { schema: schemaOf({ entity: 'relationship', entityTokens: [TYPE, 9], multi: true }) }),
    ];
    expect(await check(missing)).toEqual([
      'schema.labelNotInUse 1',
      'schema.propertyKeyNotInUse 2',
      'schema.relationshipTypeNotInUse 3',
    ]);
  });

  it('schema rules must occur only once', async () => {
    expect(await check([index(1), index(2), index(3, { schema: schemaOf({ propertyKeys: [KEY, KEY] }) })])).toEqual([
      'schema.duplicateRuleContent 2',
    ]);
  });

  it('schema rules of a constraint and its index must name each other', async () => {
    expect(await check([owned])).toEqual(['schema.missingObligation 1']);
    expect(await check([constraint(2, { ownedIndex: 1 })])).toEqual(['schema.missingObligation 2']);
    expect(await check([index(1, { unique: true }), constraint(2, { ownedIndex: 1 })])).toEqual([
      'schema.schemaRuleNotOnline 1',
      'schema.missingObligation 2',
    ]);
    const elsewhere = schemaOf({ propertyKeys: [KEY, KEY] });
    const second = index(5, { unique: true, owningConstraint: 2, schema: elsewhere });
    expect(await check([owned, constraint(2, { ownedIndex: 1 }), second])).toEqual([
      'schema.duplicateObligation 5',
      'schema.missingObligation 5',
    ]);
  });
});
