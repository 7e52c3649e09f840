import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  expectedStore,
  goldenStores,
  noteCounts,
  noteExpected,
  noteGraph,
  noteValue,
  plainCounts,
  unpackStore,
} from '../../../test/support/corpus/golden-store.ts';
import { makeTemporaryDirectory, removeDirectory } from '../../../test/support/corpus/unpack-corpus.ts';
import { decodeCounts, encodeCounts, readLiveCounts } from '../counts/counts-store.ts';
import { recountStore } from '../counts/recount.ts';
import { readIdFile } from '../files/id-file.ts';
import { ID_FILE_SUFFIX, storeFileByName } from '../files/store-files.ts';
import { splitIntoChain } from '../records/dynamic-chain.ts';
import { encodeValue } from '../values/property-blocks.ts';
import { PropertyBlockCursor, walkPropertyChain } from '../values/property-chain.ts';
import { encodeSchemaRule } from './schema-rule.ts';
import { StoreReader } from './store-reader.ts';

let temporary: string;
beforeAll(async () => {
  temporary = await makeTemporaryDirectory();
});
afterAll(() => removeDirectory(temporary));

describe.each(goldenStores)('store %s', (name) => {
  const expected = expectedStore(name);
  let reader: StoreReader;

  beforeAll(async () => {
    reader = new StoreReader(await unpackStore(name, temporary));
  });
  afterAll(() => reader.close());

  it('a genuine store has the metadata', () => {
    expect(reader.format.name).toBe(expected.recordFormat);
    const { metadata } = reader;
    expect(Object.values(metadata).map(String)).toEqual(
      [
        'creationTime',
        'randomNumber',
        'logVersion',
        'lastTransactionId',
        'storeVersion',
        'firstGraphProperty',
        'lastConstraintTransaction',
        'upgradeTransactionId',
        'upgradeTime',
        'lastTransactionChecksum',
        'upgradeTransactionChecksum',
        'lastClosedTransactionLogVersion',
        'lastClosedTransactionLogByteOffset',
        'lastTransactionCommitTimestamp',
        'upgradeTransactionCommitTimestamp',
      ].map((field) => expected.neostore[field]),
    );
  });

  it('a genuine store has the graph', () => {
    const [found, wanted] = [noteGraph(reader), noteExpected(expected)];
    for (const part of Object.keys(wanted) as (keyof typeof wanted)[]) expect(found[part], part).toEqual(wanted[part]);
  });

  it('a genuine store has the schema rules under the ids that the server names', () => {
    const rules = reader.schemaRules();
    const indexes = rules.filter((rule) => rule.kind === 'index');
    for (const row of expected.indexes.filter((row) => row.id !== undefined)) {
      expect(indexes.find((rule) => rule.id === row.id)?.name).toBe(row.indexName);
    }
    const constraints = rules.filter((rule) => rule.kind === 'constraint');
    for (const constraint of constraints.filter((rule) => rule.ownedIndex >= 0)) {
      expect(indexes.find((index) => index.id === constraint.ownedIndex)?.owningConstraint).toBe(constraint.id);
    }
  });

  it('the schema rules of a genuine store are encoded as the server did', () => {
    const file = reader.file('schema');
    for (const rule of reader.schemaRules()) {
      const stored: Buffer[] = [];
      for (let id = rule.id; id !== -1; ) {
        const record = file.readRecord(id, file.codec.create())!;
        stored.push(Buffer.from(record.data));
        id = record.next;
      }
      expect(Buffer.from(encodeSchemaRule(rule)).toString('hex')).toBe(Buffer.concat(stored).toString('hex'));
    }
  });

  it('the property values of a genuine store are encoded as the server did', () => {
    const cursor = new PropertyBlockCursor();
    const heads: number[] = [];
    reader.file('node').scan((node) => heads.push(node.nextProp));
    reader.file('relationship').scan((relationship) => heads.push(relationship.nextProp));
    heads.push(reader.metadata.firstGraphProperty);
    let values = 0;
    for (const head of heads) {
      for (const record of walkPropertyChain(head, reader.readProperty)) {
        cursor.open(record);
        while (cursor.next()) {
          const value = cursor.decode(reader.values);
          // An unpaired surrogate was stored as a question mark and cannot be restored.
          if (value.type === 'string' && value.value.includes('?')) continue;
          const { blocks, long } = encodeValue(cursor.key, value);
          const stored = Buffer.from(cursor.blocks.subarray(cursor.offset, cursor.offset + 8 * cursor.count));
          if (long === undefined) {
            expect(Buffer.from(blocks).toString('hex'), JSON.stringify(noteValue(value))).toBe(stored.toString('hex'));
          } else {
            checkLongValue(cursor, long);
          }
          values++;
        }
      }
    }
    expect(values).toBe(
      expected.nodes.flatMap((n) => Object.keys(n.props)).length +
        expected.relationships.flatMap((r) => Object.keys(r.props)).length +
        Object.keys(expected.graphProperties).length -
        questionMarks(),
    );
  });

  const questionMarks = () =>
    JSON.stringify([expected.nodes, expected.relationships, expected.graphProperties]).match(
      /"t":"string","v":"(?:[^"\\]|\\.)*\?/g,
    )?.length ?? 0;

  function checkLongValue(cursor: PropertyBlockCursor, long: { store: 'string' | 'array'; bytes: Uint8Array }) {
    const file = reader.file(long.store === 'string' ? 'propertyStrings' : 'propertyArrays');
    const capacity = file.codec.size - reader.format.dynamicHeaderBytes;
    let id = cursor.reference;
    for (const part of splitIntoChain(long.bytes, capacity, () => 0)) {
      const record = file.readRecord(id, file.codec.create())!;
      expect(record.first).toBe(part.first);
      expect(Buffer.from(record.data).toString('hex')).toBe(Buffer.from(part.data).toString('hex'));
      id = record.next;
    }
    expect(id).toBe(-1);
  }

  it('a genuine store has the counts', async () => {
    const { fileName, counts } = readLiveCounts(reader.directory)!;
    const { file, txId, minorVersion, entries } = expected.countsLive;
    expect(fileName).toBe(`neostore.counts.db.${file}`);
    expect([counts.txId, counts.minorVersion]).toEqual([txId, minorVersion]);
    const bytes = readFileSync(join(reader.directory, fileName));
    expect(bytes.length / 32 - 3).toBe(entries);
    expect(encodeCounts(decodeCounts(bytes)).toString('hex')).toBe(bytes.toString('hex'));
    expect(noteCounts(counts, reader, expected.counts)).toEqual(expected.counts);
    expect(plainCounts(await recountStore(reader))).toEqual(plainCounts(counts));
  });

  it('a genuine store has the id files', () => {
    const found = readdirSync(reader.directory).filter((file) => file.endsWith(ID_FILE_SUFFIX));
    expect(found.sort()).toEqual(Object.keys(expected.idFiles).sort());
    for (const [file, ids] of Object.entries(expected.idFiles)) {
      const { clean, highId, free } = readIdFile(join(reader.directory, file));
      expect({ status: clean ? 0 : 1, highId, free }).toEqual(ids);
      const store = storeFileByName(file.slice(0, -ID_FILE_SUFFIX.length));
      if (store === undefined) continue;
      const records = reader.file(store.key);
      expect(records.highestId()).toBeLessThan(highId);
      const record = records.codec.create();
      for (const id of free)
        expect(records.readRecord(id, record as never)?.inUse ?? false, `${file} ${id}`).toBe(false);
    }
  });
});

describe.each(['small-3.4.9-recovered', 'small-3.5.34-recovered'])('store %s', (name) => {
  it('a genuine store is read whole and equals its counts', async () => {
    const reader = new StoreReader(await unpackStore(name, temporary));
    const nodes = [...reader.nodes()];
    const relationships = [...reader.relationships()];
    expect(nodes.length).toBeGreaterThan(0);
    expect(relationships.length).toBeGreaterThan(0);
    expect(plainCounts(await recountStore(reader))).toEqual(plainCounts(readLiveCounts(reader.directory)!.counts));
    reader.close();
  });
});
