import { describe, expect, test } from 'vitest';
import { RecordMemory } from '../../../test/support/stores/record-memory.ts';
import { changeRecords } from '../../../test/support/stores/record-run.ts';
import { walkRecords } from '../../../test/support/stores/record-walker.ts';
import type { LogCommand } from '../../log/v3/commands/command-table.ts';
import { HIGH_LIMIT_FORMAT } from '../../store/files/store-format.ts';
import type { SchemaRule } from '../../store/graph/schema-rule.ts';
import type { PropertyValue } from '../../store/values/property-value.ts';
import { RecordTransaction } from './record-transaction.ts';
import { readNodeLabels, readProperties, walkRelationships } from './record-walks.ts';

const text = (value: string): PropertyValue => ({ type: 'string', value });
const int = (value: number): PropertyValue => ({ type: 'int', value });
/** A value of four blocks. */
const wide = text('x1Y'.repeat(10));
const LONG = 'a text that has no short form, so it needs records of its own; '.repeat(4);

function memory(denseThreshold = 3): RecordMemory {
  return new RecordMemory({ denseThreshold, dataBytes: { nodeLabels: 56, schema: 56 }, pickFree: (free) => free[0] });
}

/** Node 0 with one relationship of `types` to each of the nodes 1, 2, ... */
function star(types: readonly number[], denseThreshold = 3): RecordMemory {
  const records = memory(denseThreshold);
  changeRecords(records, (tx) => {
    for (let i = 0; i <= types.length; i++) tx.createNode(records.take('node'), [], []);
    for (const [i, type] of types.entries()) tx.createRelationship(records.take('relationship'), type, 0, i + 1, []);
  });
  walkRecords(records);
  return records;
}

function idsOf(records: RecordMemory, node: number): number[] {
  return [...walkRelationships(records, node)].map(({ id }) => id);
}

const kinds = (commands: readonly LogCommand[]) => commands.map(({ kind }) => kind);

describe('relationships', () => {
  test('a new relationship becomes the first of its chain, and the first one holds the length', () => {
    const records = star([7, 7, 8]);
    expect(idsOf(records, 0)).toEqual([2, 1, 0]);
    expect(records.read('relationship', 2)).toMatchObject({ startPrev: 3, startNext: 1, firstInStart: true });
    expect(records.read('relationship', 1)).toMatchObject({ startPrev: 2, startNext: 0, firstInStart: false });
    expect(records.read('node', 0)).toMatchObject({ dense: false, nextRel: 2 });
  });

  test('one relationship more than the threshold makes a node dense, with groups by type, for good', () => {
    const records = star([7, 5, 7, 6]);
    expect(records.read('node', 0)!.dense).toBe(true);
    expect(
      records
        .all('relationshipGroup')
        .map(({ type }) => type)
        .sort(),
    ).toEqual([5, 6, 7]);
    expect(records.read('node', 1)!.dense).toBe(false);
    changeRecords(records, (tx) => {
      for (const id of idsOf(records, 0)) tx.deleteRelationship(id);
    });
    expect(records.read('node', 0)).toMatchObject({ dense: true, nextRel: -1 });
    expect(records.all('relationshipGroup')).toEqual([]);
    walkRecords(records);
  });

  test('a loop is in one chain once, with two equal sides', () => {
    const records = star([1], 1);
    changeRecords(records, (tx) => {
      tx.createRelationship(records.take('relationship'), 1, 1, 1, []);
      tx.createRelationship(records.take('relationship'), 1, 1, 1, []);
    });
    expect(idsOf(records, 1)).toEqual([0, 2, 1]);
    const group = records.all('relationshipGroup')[0]!;
    expect(group).toMatchObject({ owner: 1, firstOut: -1, firstIn: 0, firstLoop: 2 });
    expect(records.read('relationship', 2)).toMatchObject({ startPrev: 2, endPrev: 2, startNext: 1, endNext: 1 });
    walkRecords(records);
  });

  test('an empty group is removed, and its neighbours are linked', () => {
    const records = star([5, 6, 7, 8]);
    changeRecords(records, (tx) => tx.deleteRelationship(1));
    expect(walkRecords(records).relationships.size).toBe(3);
    expect(
      records
        .all('relationshipGroup')
        .map(({ type }) => type)
        .sort(),
    ).toEqual([5, 7, 8]);
  });

  test('a node with relationships cannot be deleted', () => {
    const records = star([1]);
    const tx = new RecordTransaction(records, records);
    expect(() => tx.deleteNode(0)).toThrow(expect.objectContaining({ code: 'embedded.constraint' }));
  });
});

describe('properties', () => {
  const owner = { kind: 'node', id: 0 } as const;

  function withNode(properties: PropertyValue[]): RecordMemory {
    const records = memory();
    const keyed = properties.map((value, key) => ({ key, value }));
    changeRecords(records, (tx) => tx.createNode(records.take('node'), [], keyed));
    return records;
  }

  const valuesOf = (records: RecordMemory) =>
    Object.fromEntries(
      [...readProperties(records, records.read('node', 0)!.nextProp)].map(({ key, value }) => [key, value]),
    );

  test('a value takes free room in the chain, else a new record at the head', () => {
    const records = withNode([int(1), wide, int(2)]);
    expect(records.all('property').map(({ blockCount }) => blockCount)).toEqual([2, 4]);
    expect(records.read('node', 0)!.nextProp).toBe(1);
    changeRecords(records, (tx) => tx.setProperty(owner, 9, int(3)));
    expect(records.all('property').map(({ blockCount }) => blockCount)).toEqual([3, 4]);
    expect(valuesOf(records)).toEqual({ 0: int(1), 1: wide, 2: int(2), 9: int(3) });
  });

  test('a value that grows out of its record moves, and an empty record leaves the chain', () => {
    const records = withNode([int(1), int(2)]);
    changeRecords(records, (tx) => tx.setProperty(owner, 1, wide));
    expect(records.all('property').map(({ blockCount }) => blockCount)).toEqual([1, 4]);
    changeRecords(records, (tx) => tx.setProperty(owner, 0, undefined));
    expect(records.all('property').map(({ id }) => id)).toEqual([1]);
    expect(valuesOf(records)).toEqual({ 1: wide });
    walkRecords(records);
  });

  test('an image holds the records of a long value only if the opposite image has another one', () => {
    const records = withNode([text(LONG), int(1)]);
    const { commands } = changeRecords(records, (tx) => tx.setProperty(owner, 1, int(2)));
    expect(commands).toMatchObject([
      {
        kind: 'property',
        before: { blocks: [{ records: [] }, {}] },
        after: { blocks: [{ records: [] }, {}], deleted: [] },
      },
    ]);
    const next = changeRecords(records, (tx) => tx.setProperty(owner, 0, text('short')));
    const [command] = next.commands;
    const old = [1, 2, 3].map((id) => ({ id, type: 9, flags: id === 1 ? 3 : 1 }));
    expect(command).toMatchObject({ before: { blocks: [{ records: old }, {}] } });
    expect(command).toMatchObject({ after: { deleted: [1, 2, 3].map((id) => ({ id, type: 9, flags: 0 })) } });
    expect(next.freed.get('propertyStrings')).toEqual([1, 2, 3]);
  });

  test('setting an equal value changes nothing, long or short', () => {
    const records = withNode([text(LONG), int(1), wide]);
    const result = changeRecords(records, (tx) => {
      tx.setProperty(owner, 0, text(LONG));
      tx.setProperty(owner, 1, int(1));
      tx.setProperty(owner, 5, undefined);
    });
    expect(result).toMatchObject({ commands: [], records: new Map(), freed: new Map() });
  });

  test('the graph itself has properties', () => {
    const records = memory();
    const { commands } = changeRecords(records, (tx) => tx.setProperty({ kind: 'graph' }, 0, int(1)));
    expect(commands).toMatchObject([
      { kind: 'property', after: { owner: -1 } },
      { kind: 'neoStore', nextPropBefore: -1, nextPropAfter: 0 },
    ]);
    const removal = changeRecords(records, (tx) => tx.setProperty({ kind: 'graph' }, 0, undefined));
    expect(kinds(removal.commands)).toEqual(['property', 'neoStore']);
    expect(records.firstGraphProperty).toBe(-1);
  });
});

describe('labels', () => {
  const many = Array.from({ length: 20 }, (_, i) => 3 * i);

  test('many labels get a separate list, which the node command carries and which is removed again', () => {
    const records = memory();
    changeRecords(records, (tx) => tx.createNode(records.take('node'), [1, 2], []));
    const grown = changeRecords(records, (tx) => tx.setLabels(0, many));
    expect(grown.commands[0]).toMatchObject({
      kind: 'node',
      before: { dynamicLabels: [] },
      after: { dynamicLabels: [{ id: 1, flags: 3 }] },
    });
    expect(readNodeLabels(records, records.read('node', 0)!)).toEqual(many);
    const shrunk = changeRecords(records, (tx) => tx.setLabels(0, [5]));
    expect(shrunk.commands[0]).toMatchObject({
      before: { dynamicLabels: [{ id: 1, flags: 3 }] },
      after: { dynamicLabels: [{ id: 1, flags: 0 }] },
    });
    expect(shrunk.freed.get('nodeLabels')).toEqual([1]);
  });

  test('another list in the same records changes the node too', () => {
    const records = memory();
    changeRecords(records, (tx) => tx.createNode(records.take('node'), many, []));
    const { commands, records: changed } = changeRecords(records, (tx) => tx.setLabels(0, many.slice(2)));
    expect(changed.has('node')).toBe(false);
    expect(commands[0]).toMatchObject({ kind: 'node', after: { dynamicLabels: [{ id: 1, flags: 3 }] } });
  });

  test('counts follow when labels and both ends change in one transaction', () => {
    const records = memory();
    changeRecords(records, (tx) => {
      tx.createNode(records.take('node'), [1], []);
      tx.createNode(records.take('node'), [2], []);
      tx.createRelationship(records.take('relationship'), 0, 0, 1, []);
    });
    const { commands } = changeRecords(records, (tx) => {
      tx.setLabels(0, [3]);
      tx.deleteRelationship(0);
      tx.setLabels(1, []);
      tx.createRelationship(records.take('relationship'), 0, 1, 0, []);
    });
    const counts = commands.filter((command) => command.kind === 'relationshipCounts');
    const deltas = counts.map(({ startLabel, type, endLabel, delta }) => `${startLabel},${type},${endLabel}:${delta}`);
    expect(deltas.sort()).toEqual(['-1,-1,2:-1', '-1,-1,3:1', '-1,0,2:-1', '-1,0,3:1', '1,-1,-1:-1', '1,0,-1:-1']);
  });
});

describe('tokens and rules', () => {
  const rule = (id: number, owningConstraint: number): SchemaRule => ({
    kind: 'index',
    id,
    provider: { key: 'native-btree', version: '1.0' },
    unique: true,
    owningConstraint,
    schema: { entity: 'node', entityTokens: [0], propertyKeys: [1, 2, 3], multi: false },
    name: `index_${id}`,
  });

  test('tokens come first, labels before types before keys', () => {
    const records = memory();
    const { commands } = changeRecords(records, (tx) => {
      tx.createToken('propertyKey', records.take('propertyKey'), 'key');
      tx.createToken('label', records.take('label'), 'Ä'.repeat(70));
      tx.createNode(records.take('node'), [0], []);
      tx.createToken('relationshipType', records.take('relationshipType'), 'TYPE');
    });
    expect(kinds(commands)).toEqual(['token', 'token', 'token', 'node', 'nodeCounts', 'nodeCounts']);
    expect(commands).toMatchObject([
      { token: 'label' },
      { token: 'relationshipType' },
      { token: 'propertyKey' },
      {},
      {},
      {},
    ]);
    expect(walkRecords(records).tokens.get('label 0')).toBe('Ä'.repeat(70));
  });

  test('a rule is created with a copy of its after-list as before-list, changed within its records, and dropped', () => {
    const records = memory();
    const id = records.take('schema');
    const created = changeRecords(records, (tx) => tx.createRule(rule(id, -1)));
    expect(created.commands).toMatchObject([{ kind: 'schemaRule', created: true, before: [{ id: 1 }, { id: 2 }] }]);
    const updated = changeRecords(records, (tx) => tx.updateRule(rule(id, 77)));
    expect(updated.commands).toMatchObject([
      {
        created: false,
        after: [
          { id: 1, flags: 3 },
          { id: 2, flags: 1 },
        ],
      },
    ]);
    expect(walkRecords(records).rules.get(id)).toEqual(rule(id, 77));
    const dropped = changeRecords(records, (tx) => tx.dropRule(id));
    expect(dropped.commands).toMatchObject([
      {
        created: false,
        after: [
          { id: 1, flags: 0 },
          { id: 2, flags: 0 },
        ],
      },
    ]);
    expect(dropped.freed.get('schema')).toEqual([1, 2]);
  });
});

test('what is created and deleted in one transaction leaves only free ids', () => {
  const records = star([1, 1]);
  const result = changeRecords(records, (tx) => {
    const node = records.take('node');
    tx.createNode(
      node,
      Array.from({ length: 30 }, (_, i) => i),
      [{ key: 0, value: text(LONG) }],
    );
    const relationship = records.take('relationship');
    tx.createRelationship(relationship, 1, node, 0, [{ key: 0, value: wide }]);
    const rule = records.take('schema');
    const schema = { entity: 'node' as const, entityTokens: [0], propertyKeys: [0], multi: false };
    tx.createRule({ kind: 'constraint', id: rule, type: 'existence', ownedIndex: -1, schema });
    tx.dropRule(rule);
    tx.deleteRelationship(relationship);
    tx.deleteNode(node);
  });
  expect(result.commands).toEqual([]);
  expect(result.records.size).toBe(0);
  expect(result.freed.get('node')).toEqual([3]);
  expect(result.freed.get('propertyStrings')).toHaveLength(3);
});

test('changing a graph and changing it back is no change', () => {
  const records = star([1, 1]);
  const { commands } = changeRecords(records, (tx) => {
    tx.setLabels(0, [4]);
    tx.setProperty({ kind: 'node', id: 0 }, 1, int(1));
    tx.setLabels(0, []);
    tx.setProperty({ kind: 'node', id: 0 }, 1, undefined);
  });
  expect(commands).toEqual([]);
});

describe('what must not happen', () => {
  test('a transaction ends once', () => {
    const records = memory();
    const tx = new RecordTransaction(records, records);
    tx.finish();
    expect(() => tx.finish()).toThrow(expect.objectContaining({ code: 'internal' }));
  });

  test('an id in use, or just given up, is refused', () => {
    const records = star([1]);
    const tx = new RecordTransaction(records, records);
    expect(() => tx.createNode(0, [], [])).toThrow(expect.objectContaining({ code: 'internal' }));
    tx.deleteRelationship(0);
    expect(() => tx.createRelationship(0, 1, 0, 1, [])).toThrow(expect.objectContaining({ code: 'internal' }));
  });

  test('stores of other formats are refused', () => {
    const view = { ...memory(), format: HIGH_LIMIT_FORMAT, read: () => undefined, dataBytes: () => 116 };
    expect(() => new RecordTransaction(view, { take: () => 0 })).toThrow(
      expect.objectContaining({ code: 'store.format' }),
    );
  });

  test.each<[string, (tx: RecordTransaction) => void]>([
    ['deleting a node that is not there', (tx) => tx.deleteNode(99)],
    ['labels of a node that is not there', (tx) => tx.setLabels(99, [])],
    ['a relationship to a node that is not there', (tx) => tx.createRelationship(50, 0, 0, 99, [])],
    ['deleting a relationship that is not there', (tx) => tx.deleteRelationship(99)],
    ['dropping a rule that is not there', (tx) => tx.dropRule(99)],
  ])('%s is an error', (_name, work) => {
    const records = star([1]);
    expect(() => work(new RecordTransaction(records, records))).toThrow(
      expect.objectContaining({ code: 'store.corrupt' }),
    );
  });

  test('a cyclic chain is found', () => {
    const records = star([1, 1, 1]);
    const broken = {
      ...records,
      read: (key: never, id: number) => {
        const record = records.read(key, id) as { id: number; startNext: number } | undefined;
        return key === 'relationship' && id === 0 ? { ...record, startNext: 2 } : record;
      },
    };
    expect(() => [...walkRelationships(broken as never, 0)]).toThrow(
      expect.objectContaining({ code: 'store.corrupt' }),
    );
  });
});
