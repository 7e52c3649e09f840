import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { unpackStore } from '../../../test/support/corpus/golden-store.ts';
import { makeTemporaryDirectory, removeDirectory } from '../../../test/support/corpus/unpack-corpus.ts';
import { zoneNumber } from '../../../test/support/random/zone-numbers.ts';
import { zoneName } from '../values/zone-table.ts';
import { decodeExplicitIndexConfig, encodeExplicitIndexConfig } from './explicit-index-config.ts';
import { decodeIdFile, encodeIdFile } from './id-file.ts';
import {
  classifyDatabaseFile,
  filePageBytes,
  handlingOf,
  storeFileByName,
  storeFiles,
  transactionLogVersion,
} from './store-files.ts';

let directory: string;
let store: string;
beforeAll(async () => {
  directory = await makeTemporaryDirectory();
  store = await unpackStore('3.5.34-standard', directory);
});
afterAll(() => removeDirectory(directory));

describe('index.db', () => {
  it('index.db survives a round trip byte for byte', () => {
    const bytes = readFileSync(join(store, 'index.db'));
    const config = decodeExplicitIndexConfig(bytes);
    expect([...config.nodes.keys()]).toEqual(['legacyNodes']);
    expect([...config.relationships.keys()]).toEqual(['legacyRels']);
    expect(config.nodes.get('legacyNodes')?.get('provider')).toBe('lucene');
    expect(encodeExplicitIndexConfig(config).equals(bytes)).toBe(true);
    for (let length = 0; length < bytes.length; length++) {
      expect(() => decodeExplicitIndexConfig(bytes.subarray(0, length))).toThrow(/cannot be read/);
    }
  });
});

describe('id files', () => {
  it('id files survive a round trip byte for byte', () => {
    const bytes = readFileSync(join(store, 'neostore.nodestore.db.id'));
    const ids = decodeIdFile(bytes);
    expect(ids.free.length).toBeGreaterThan(10);
    expect(encodeIdFile(ids).equals(bytes)).toBe(true);
    expect(() => decodeIdFile(bytes.subarray(0, 8))).toThrow(expect.objectContaining({ code: 'file.truncated' }));
    expect(() => decodeIdFile(Buffer.alloc(9, 7))).toThrow(expect.objectContaining({ code: 'file.corrupt' }));
  });
});

describe('the table of store files', () => {
  it('the table of store files says what a file is', () => {
    const roles = {
      neostore: ['metadata', 'copied'],
      'neostore.nodestore.db': ['record-store', 'copied'],
      'neostore.nodestore.db.labels': ['record-store', 'copied'],
      'neostore.nodestore.db.id': ['id-file', 'never'],
      'neostore.id': ['id-file', 'never'],
      'neostore.counts.db.a': ['counts', 'derived'],
      'neostore.labelscanstore.db': ['label-scan', 'derived'],
      'neostore.transaction.db.17': ['transaction-log', 'log'],
      'schema/index/native-btree-1.0/3/native-btree-1.0/index-3': ['schema-index', 'derived'],
      'index/lucene/node/x/segments_1': ['explicit-index', 'copied'],
      'index.db': ['explicit-index-config', 'copied'],
      'index.db.old': ['working', 'never'],
      store_lock: ['lock', 'never'],
      'profiles/neostore.nodestore.db.0.cacheprof': ['profile', 'derived'],
      'debug.log': ['server-diary', 'never'],
      'debug.log.1795941882736': ['server-diary', 'never'],
      'metrics/neo4j.bolt.csv': ['server-diary', 'never'],
      'debug.log.txt': ['unknown', 'never'],
      'temp-copy/neostore': ['working', 'never'],
      'branched/1/neostore': ['working', 'never'],
      'neostore.transaction.db.07': ['unknown', 'never'],
      something: ['unknown', 'never'],
    } as const;
    for (const [file, [role, handling]] of Object.entries(roles)) {
      expect(classifyDatabaseFile(file), file).toBe(role);
      expect(handlingOf(role)).toBe(handling);
    }
    expect(transactionLogVersion('neostore.transaction.db.17')).toBe(17);
  });

  it('the table of store files holds fourteen record stores with their names', () => {
    expect(storeFiles).toHaveLength(14);
    for (const file of storeFiles) expect(storeFileByName(file.fileName)).toBe(file);
  });

  it('the table of store files knows the pages of a file', () => {
    const sizes = [15, 34, 41, 38, 25, 42, 68, 48, 128, 5, 9].map(filePageBytes);
    expect(sizes).toEqual([8190, 8160, 8159, 8170, 8175, 8190, 8160, 8160, 8192, 8190, 8190]);
  });
});

describe('time zones', () => {
  it('time zones have numbers', () => {
    expect(zoneName(0)).toBe('Asia/Aden');
    expect(zoneName(603)).toBe('Pacific/Kanton');
    expect(zoneName(604)).toBeUndefined();
    expect(zoneNumber('Europe/Stockholm')).toBe(175);
    expect([zoneNumber('US/Pacific'), zoneNumber('Canada/Saskatchewan'), zoneNumber('Etc/UTC')]).toEqual([
      583, 551, 570,
    ]);
    for (let number = 0; number < 604; number++) {
      if (![58, 296, 601].includes(number)) expect(zoneNumber(zoneName(number)!)).toBe(number);
    }
  });
});
