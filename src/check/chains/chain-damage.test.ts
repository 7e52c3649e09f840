import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeTemporaryDirectory, removeDirectory } from '../../../test/support/corpus/unpack-corpus.ts';
import { examineRecords } from '../../../test/support/stores/examine-records.ts';
import { editRecord } from '../../../test/support/stores/record-edit.ts';
import { checkContextOf } from '../../../test/support/stores/record-findings.ts';
import { StoreWriter, type StoreWriterOptions } from '../../store/build/store-writer.ts';
import { StoreReader } from '../../store/graph/store-reader.ts';
import type { Finding } from '../findings/finding.ts';
import type { ExamineOptions } from '../parts/graph-examination.ts';

/** So small that the cycles of many nodes must be searched for in several passes. */
const BUDGET_BYTES = 70_000;

let root: string;
let stores = 0;
beforeAll(async () => {
  root = await makeTemporaryDirectory();
});
afterAll(() => removeDirectory(root));

async function writeStore(fill: (store: StoreWriter) => void, options: StoreWriterOptions = {}): Promise<string> {
  const directory = join(root, `store-${stores++}`);
  const store = new StoreWriter(directory, options);
  store.relationshipType('A');
  store.relationshipType('B');
  fill(store);
  await store.finish();
  return directory;
}

async function findAll(directory: string, options: ExamineOptions, propertyOwners = false): Promise<Finding[]> {
  const reader = new StoreReader(directory);
  const findings: Finding[] = [];
  try {
    await examineRecords(
      checkContextOf(reader, (finding) => findings.push(finding), { propertyOwners }, BUDGET_BYTES),
      options,
    );
  } finally {
    reader.close();
  }
  return findings;
}

function summary(findings: Finding[]): string[] {
  return findings.map(({ kind, record }) => `${kind} ${record}`).sort();
}

/** Node 0 with `count` relationships of type 0, each to its own node; the chain goes from the last one to relationship 0. */
function writeStar(count: number, options: StoreWriterOptions = {}): Promise<string> {
  return writeStore((store) => {
    for (let i = 0; i <= count; i++) store.addNode();
    for (let i = 0; i < count; i++) store.addRelationship({ type: 0, start: 0, end: i + 1 });
  }, options);
}

describe.each<[string, ExamineOptions]>([
  ['examining all', { chains: 'examine' }],
  ['screening', { chains: 'screen', buckets: 256 }],
])('%s', (_, options) => {
  test('a detached cycle is found, though all neighbours agree and the length is unchanged', async () => {
    const store = await writeStar(6);
    editRecord(store, 'relationship', 4, { startNext: 1 });
    editRecord(store, 'relationship', 1, { startPrev: 4 });
    editRecord(store, 'relationship', 2, { startNext: 3 });
    editRecord(store, 'relationship', 3, { startPrev: 2 });
    const findings = await findAll(store, options);
    expect(summary(findings)).toEqual(['relationship.chainLengthWrong 5', 'relationship.detachedCycle 2']);
    expect(findings.find(({ kind }) => kind === 'relationship.chainLengthWrong')).toMatchObject({
      expected: '4',
      found: '6',
    });
  });

  test('a relationship that follows itself is found', async () => {
    const store = await writeStar(3);
    editRecord(store, 'relationship', 2, { startNext: 0 });
    editRecord(store, 'relationship', 0, { startPrev: 2 });
    editRecord(store, 'relationship', 1, { startPrev: 1, startNext: 1 });
    expect(summary(await findAll(store, options))).toEqual([
      'relationship.chainLengthWrong 2',
      'relationship.detachedCycle 1',
    ]);
  });

  test('a wrong length in the first relationship is found', async () => {
    const store = await writeStar(5);
    editRecord(store, 'relationship', 4, { startPrev: 6 });
    expect(summary(await findAll(store, options))).toEqual(['relationship.chainLengthWrong 4']);
    editRecord(store, 'relationship', 4, { startPrev: 5 + 2 ** 32 });
    expect(summary(await findAll(store, options))).toEqual(['relationship.chainLengthWrong 4']);
  });

  test('lengths that compensate for each other in two groups of a node are found', async () => {
    const store = await writeStore(
      (writer) => {
        for (let i = 0; i < 5; i++) writer.addNode();
        for (let i = 0; i < 4; i++) writer.addRelationship({ type: i % 2, start: 0, end: i + 1 });
      },
      { denseThreshold: 2 },
    );
    editRecord(store, 'relationship', 2, { startPrev: 3 });
    editRecord(store, 'relationship', 3, { startPrev: 1 });
    expect(summary(await findAll(store, options))).toEqual([
      'relationship.chainLengthWrong 2',
      'relationship.chainLengthWrong 3',
    ]);
  });

  test('a chain of a dense node that no group leads to is found', async () => {
    const store = await writeStar(8, { denseThreshold: 3 });
    editRecord(store, 'relationshipGroup', 1, { firstOut: -1 });
    expect(summary(await findAll(store, options))).toEqual([
      'group.empty 1',
      'relationship.sourceGroupDoesNotReferenceBack 7',
    ]);
  });

  test('a relationship of another type in the chain of a group is found', async () => {
    const store = await writeStar(5, { denseThreshold: 3 });
    editRecord(store, 'relationship', 2, { type: 1 });
    expect(summary(await findAll(store, options))).toEqual([
      'relationship.sourceNextInOtherChain 2',
      'relationship.sourceNextInOtherChain 3',
    ]);
  });

  test('cyclic groups do not hang the check', async () => {
    const store = await writeStore(
      (writer) => {
        for (let i = 0; i < 9; i++) writer.addNode();
        for (let i = 0; i < 8; i++) writer.addRelationship({ type: i % 2, start: 0, end: i + 1 });
      },
      { denseThreshold: 3 },
    );
    editRecord(store, 'relationshipGroup', 2, { next: 1 });
    expect(summary(await findAll(store, options))).toEqual(['group.invalidTypeSortOrder 2']);
  });

  test('many cycles are found, in parts if they do not fit into memory at once', async () => {
    const nodes = 600;
    const store = await writeStore((writer) => {
      for (let i = 0; i < nodes + 1; i++) writer.addNode();
      for (let i = 0; i < nodes * 3; i++) {
        writer.addRelationship({ type: 0, start: i % nodes, end: i % nodes });
      }
    });
    const expected: string[] = [];
    for (let id = 0; id < nodes; id++) {
      const side = { firstInStart: false, firstInEnd: false };
      const [a, b] = [id, id + nodes];
      editRecord(store, 'relationship', a, { startNext: b, endNext: b, startPrev: b, endPrev: b, ...side });
      editRecord(store, 'relationship', b, { startNext: a, endNext: a, startPrev: a, endPrev: a, ...side });
      const head = id + nodes * 2;
      editRecord(store, 'relationship', head, { startNext: -1, endNext: -1, startPrev: 1, endPrev: 1 });
      expected.push(`relationship.detachedCycle ${a}`);
    }
    expect(summary(await findAll(store, options))).toEqual(expected.sort());
  });
});

const ALL: ExamineOptions = { chains: 'examine' };
const key = 0;

describe('properties and dynamic records', () => {
  const long = { type: 'string', value: 'x'.repeat(120 * 4) } as const;
  const double = { type: 'double', bits: 0n } as const;

  async function writeProperties(): Promise<string> {
    return writeStore((writer) => {
      for (const name of ['a', 'b', 'c']) writer.propertyKey(name);
      const three = [0, 1, 2].map((at) => ({ key: at, value: double }));
      writer.addNode({ properties: three });
      writer.addNode({ properties: [{ key, value: long }] });
      writer.addNode({ properties: [{ key, value: { type: 'int', value: 1 } }] });
    });
  }

  test('a property chain without a beginning is found', async () => {
    const store = await writeProperties();
    const [first, second] = [0, 1];
    editRecord(store, 'property', first, { prev: second });
    editRecord(store, 'property', second, { next: first });
    expect(summary(await findAll(store, ALL))).toEqual([
      'primitive.propertyNotFirstInChain 0',
      'property.detachedCycle 0',
    ]);
  });

  test('a cycle in the middle of a string is found', async () => {
    const store = await writeProperties();
    editRecord(store, 'propertyStrings', 1, { next: -1 });
    editRecord(store, 'propertyStrings', 4, { next: 2 });
    expect(summary(await findAll(store, ALL))).toEqual(['dynamic.detachedCycle 2']);
  });

  test('a chain with two owners is reported if owners are checked, and the chain that lost its owner always', async () => {
    const store = await writeProperties();
    const { nextProp } = readNode(store, 1);
    editRecord(store, 'node', 2, { nextProp });
    const orphan = `property.orphanPropertyChain ${nextProp + 1}`;
    expect(summary(await findAll(store, ALL))).toEqual([orphan]);
    expect(summary(await findAll(store, ALL, true))).toEqual(['primitive.multipleOwners 2', orphan]);
  });

  test('a key that occurs twice in different records of a chain is found', async () => {
    const store = await writeStore((writer) => {
      for (const name of ['a', 'b']) writer.propertyKey(name);
      writer.addNode({ properties: [0, 1, 0].map((at) => ({ key: at, value: double })) });
    });
    expect(summary(await findAll(store, ALL))).toEqual(['primitive.propertyKeyNotUniqueInChain 0']);
  });

  test('an array with an impossible header is found', async () => {
    const elements = Array.from({ length: 60 }, (_, i) => ({ type: 'long', value: BigInt(i) << 40n }) as const);
    const store = await writeStore((writer) => {
      writer.addNode({
        properties: [{ key: writer.propertyKey('a'), value: { type: 'array', of: 'long', elements } }],
      });
    });
    editRecord(store, 'propertyArrays', 1, { data: Buffer.alloc(120, 0x2f) });
    expect(await findAll(store, ALL)).toMatchObject([
      { kind: 'dynamic.arrayUnreadable', record: 1, found: 'array of element type 47' },
    ]);
  });

  test('a partial record at the end of a file is found, unless it is empty', async () => {
    const store = await writeProperties();
    const path = join(store, 'neostore.relationshipstore.db');
    appendFileSync(path, Buffer.alloc(20));
    expect(await findAll(store, ALL)).toEqual([]);
    appendFileSync(path, Buffer.from([1]));
    expect(summary(await findAll(store, ALL))).toEqual(['record.trailingBytes 0']);
  });

  test('the check of properties ends when it is cancelled', async () => {
    const reader = new StoreReader(await writeProperties());
    const context = { ...checkContextOf(reader, () => {}), signal: AbortSignal.abort() };
    await expect(examineRecords(context)).rejects.toMatchObject({ code: 'cancelled' });
    reader.close();
  });

  function readNode(store: string, id: number): { nextProp: number } {
    const reader = new StoreReader(store);
    try {
      return { ...reader.file('node').readRecord(id, reader.format.node.create())! };
    } finally {
      reader.close();
    }
  }
});
