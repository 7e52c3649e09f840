import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeTemporaryDirectory, removeDirectory } from '../../../test/support/corpus/unpack-corpus.ts';
import { modernDatabases, unpackModernDatabase } from '../../../test/support/modern/modern-corpus.ts';
import { NEO4J_4 } from '../../generation/neo4j-4.ts';
import { NEO4J_5 } from '../../generation/neo4j-5.ts';
import { listModernFiles } from './modern-file-list.ts';

let root: string;
let store: string;
beforeEach(async () => {
  root = await makeTemporaryDirectory();
});
afterEach(() => removeDirectory(root));

async function unpack(name: (typeof modernDatabases)[number]): Promise<void> {
  store = join(await unpackModernDatabase(name, root), 'data', 'databases', 'neo4j');
}

const list = () => listModernFiles(store, NEO4J_5.files);

function write(path: string): void {
  mkdirSync(join(store, path, '..'), { recursive: true });
  writeFileSync(join(store, path), '');
}

describe('listModernFiles', () => {
  it.each(modernDatabases)('%s: lists every file once, by how it has to be read', async (name) => {
    await unpack(name);
    const { plain, trees, folders, unknown } = listModernFiles(store, (name.startsWith('4') ? NEO4J_4 : NEO4J_5).files);
    expect(unknown).toEqual([]);
    const names = plain.map((file) => file.name);
    expect(names).toEqual(expect.arrayContaining([...NEO4J_5.files.mandatory]));
    expect(names.filter((each) => !NEO4J_5.files.mandatory.includes(each))).toEqual(
      expect.arrayContaining([expect.stringMatching(/failure-message$/)]),
    );
    expect(trees.map((file) => file.name)).toContain('neostore.nodestore.db.id');
    expect(trees.filter(({ role }) => role === 'tree-index').length).toBeGreaterThan(8);
    expect(folders.map((folder) => folder.name)).toContainEqual(
      expect.stringMatching(/^schema\/index\/fulltext-\d.0\/\d+$/),
    );
    const all = [...names, ...trees.map((file) => file.name), ...folders.map((folder) => folder.name)];
    expect(new Set(all).size).toBe(all.length);
  });

  it('leaves out locks, scratch files and what it does not know', async () => {
    await unpack('5.26.30-fuzzy');
    const before = list();
    for (const path of ['database_lock', 'id-buffer.tmp.1', 'schema/index/range-1.0/7/index-7.scan-0', 'odd/neostore'])
      write(path);
    write('schema/index/vector-9.9/77/1/write.lock');
    expect(list()).toEqual(before);
    write('own-notes.txt');
    expect(list()).toEqual({ ...before, unknown: ['own-notes.txt'] });
  });

  it('a folder of any provider that keeps no trees is one of Lucene', async () => {
    await unpack('5.26.30-fuzzy');
    write('schema/index/vector-9.9/77/1/segments_1');
    write('schema/index/vector-9.9/77/2/segments_1');
    const found = list().folders.filter(({ name }) => name.includes('vector-9'));
    expect(found).toEqual([{ name: 'schema/index/vector-9.9/77', path: join(store, 'schema/index/vector-9.9/77') }]);
  });

  it('names all files that are missing, and is content with empty ones', async () => {
    await unpack('5.26.30-fuzzy');
    write('neostore.nodestore.db.labels');
    rmSync(join(store, 'schema'), { recursive: true });
    expect(list().folders).toEqual([]);
    for (const name of ['neostore.nodestore.db', 'neostore.schemastore.db']) rmSync(join(store, name));
    expect(list).toThrow(
      expect.objectContaining({
        code: 'store.missing-file',
        observed: 'neostore.nodestore.db, neostore.schemastore.db',
      }),
    );
  });

  it('refuses a link that leads out of the database', async () => {
    await unpack('5.26.30-fuzzy');
    const path = join(store, 'neostore.nodestore.db');
    rmSync(path);
    symlinkSync('/etc/hostname', path);
    expect(list).toThrow(expect.objectContaining({ code: 'file.io', place: { file: path } }));
  });
});
