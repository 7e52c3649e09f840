import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { unpackStore } from '../../test/support/corpus/golden-store.ts';
import { makeTemporaryDirectory, removeDirectory, unpackCorpus } from '../../test/support/corpus/unpack-corpus.ts';
import { modernDatabases, unpackModernDatabase } from '../../test/support/modern/modern-corpus.ts';
import { LogFileSet } from '../log/log-source.ts';
import { readLastCheckPoint } from '../log/modern/check-points/check-point-log.ts';
import { readModernLogHeader } from '../log/modern/fields/log-header.ts';
import { NEO4J_4 } from './neo4j-4.ts';
import { NEO4J_5 } from './neo4j-5.ts';
import { findRecoveredGeneration } from './recovered-generations.ts';

let scratch: string;
beforeAll(async () => {
  scratch = await makeTemporaryDirectory();
});
afterAll(() => removeDirectory(scratch));

describe.each(modernDatabases)('the row for the database %s', (name) => {
  const row = name.startsWith('4') ? NEO4J_4 : NEO4J_5;
  let store: string;
  let logs: string;
  beforeAll(async () => {
    const home = await unpackModernDatabase(name, scratch);
    store = join(home, 'data', 'databases', 'neo4j');
    logs = join(home, 'data', 'transactions', 'neo4j');
  });

  it('is found', async () => {
    expect(await findRecoveredGeneration(store)).toBe(row);
  });

  it('knows the role of every file, and how a copy has to read it', () => {
    const entries = readdirSync(store, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    const paths = entries.map((entry) => join(entry.parentPath, entry.name).slice(store.length + 1));
    expect(paths.length).toBeGreaterThan(40);
    const roles = new Map(paths.map((path) => [path, row.files.roleOf(path)]));
    expect(paths.filter((path) => roles.get(path) === 'unknown')).toEqual([]);
    expect(row.files.mandatory.filter((path) => !roles.has(path))).toEqual([]);
    for (const [path, role] of roles) {
      const isCopied = ['copied', 'derived'].includes(row.files.handlingOf(role));
      expect([path, row.files.readingOf(role) !== undefined]).toEqual([path, isCopied]);
      // Two states of 8 KiB behind the first page, and nothing like it elsewhere.
      if (row.files.readingOf(role) === 'tree') expect(readFileSync(join(store, path)).readUInt32BE(4)).toBe(8192);
    }
  });

  it('reads the identity that the logs have too', () => {
    const facts = row.readFacts(store);
    const files = new LogFileSet(logs);
    const header = readModernLogHeader(files, files.lowest!)!;
    files.close();
    expect(row.logFormats).toContain(header.format);
    expect(facts.storeId).toEqual(header.storeId);
    expect(readLastCheckPoint(logs)?.storeId).toEqual(header.storeId);
    expect(facts.creationTime).toBeGreaterThan(Date.UTC(2026));
    expect(facts.format).toBe(row === NEO4J_4 ? 'AF4.3.0' : 'record-aligned-1.1');
    expect(facts.lastTransaction === undefined).toBe(row === NEO4J_5);
  });
});

describe('findRecoveredGeneration', () => {
  let home: string;
  let store: string;
  beforeEach(async () => {
    home = await makeTemporaryDirectory();
    store = join(await unpackModernDatabase('5.26.30-fuzzy', home), 'data', 'databases', 'neo4j');
  });
  afterEach(() => removeDirectory(home));

  it('has no row for 3.x', async () => {
    expect(await findRecoveredGeneration(await unpackStore('3.5.34-empty', home))).toBeUndefined();
  });

  it('knows the metadata of 4.2, whose format has another name', async () => {
    await unpackCorpus('foreign-stores/4.2.19.tar.gz', join(home, '4.2'));
    const directory = join(home, '4.2', 'neo4j');
    expect(await findRecoveredGeneration(directory)).toBe(NEO4J_4);
    expect(NEO4J_4.readFacts(directory)).toMatchObject({ format: 'AF4.1.a', layout: 4 });
  });

  it('refuses what is no database', async () => {
    await expect(findRecoveredGeneration(join(home, 'none'))).rejects.toMatchObject({ code: 'backup.missing' });
    rmSync(join(store, 'neostore'));
    await expect(findRecoveredGeneration(store)).rejects.toMatchObject({ code: 'store.missing-file' });
    expect(() => NEO4J_5.readFacts(store)).toThrow(expect.objectContaining({ code: 'store.missing-file' }));
  });

  it('refuses a database that is being migrated', async () => {
    mkdirSync(join(store, 'migrate'));
    await expect(findRecoveredGeneration(store)).rejects.toMatchObject({
      code: 'directory.in-use',
      place: { file: join(store, 'migrate') },
    });
  });

  it('refuses a database in quarantine', async () => {
    writeFileSync(join(store, 'quarantine_marker'), 'why');
    await expect(findRecoveredGeneration(store)).rejects.toMatchObject({ code: 'database.quarantined' });
  });

  it('refuses the block format', async () => {
    writeFileSync(join(store, 'block.x1.db'), '');
    await expect(findRecoveredGeneration(store)).rejects.toMatchObject({
      code: 'store.format',
      message: expect.stringContaining('block format'),
    });
  });

  it('refuses formats that are none of the record engine', async () => {
    changeMetadata((bytes) => bytes.write('blocks', storeIdAt(18)));
    await expect(findRecoveredGeneration(store)).rejects.toMatchObject({
      code: 'store.format',
      observed: 'blocks-aligned-1.1',
    });
  });

  it('says that damaged metadata is damaged', async () => {
    changeMetadata((bytes) => bytes.writeUInt8(200, storeIdAt(17)));
    await expect(findRecoveredGeneration(store)).rejects.toMatchObject({ code: 'store.corrupt' });
    changeMetadata((bytes) => bytes.writeUInt8(0, 5 * 9));
    await expect(findRecoveredGeneration(store)).rejects.toMatchObject({
      code: 'store.corrupt',
      message: expect.stringContaining('no record 5'),
    });
    changeMetadata((bytes) => bytes.write('0.3.4FA\x07', 4 * 9 + 1, 'latin1'));
    await expect(findRecoveredGeneration(store)).rejects.toMatchObject({ code: 'store.corrupt' });
  });

  it('a database that was replaced by one of another layout is noticed', () => {
    expect(() => NEO4J_4.readFacts(store)).toThrow(
      expect.objectContaining({ code: 'store.format', observed: 'record-aligned-1.1' }),
    );
  });

  /** The place in the file of a byte of the store id. */
  function storeIdAt(index: number): number {
    return (5 + Math.floor(index / 8)) * 9 + 1 + (index % 8);
  }

  function changeMetadata(change: (bytes: Buffer) => void): void {
    const bytes = readFileSync(join(store, 'neostore'));
    change(bytes);
    writeFileSync(join(store, 'neostore'), bytes);
  }
});
