import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeTemporaryDirectory, removeDirectory, unpackCorpus } from '../../../test/support/corpus/unpack-corpus.ts';
import { patchMetadataIn } from './neostore-metadata.ts';
import { storeFiles } from './store-files.ts';
import { recogniseStore } from './store-recognition.ts';
import { encodeStoreVersion } from './store-version.ts';
import { requireSupportedStore } from './supported-store.ts';

let root: string;
let store: string;
const at = (...names: string[]) => join(store, ...names);

beforeEach(async () => {
  root = await makeTemporaryDirectory();
  store = join(root, 'graph.db');
  await unpackCorpus('stores/3.4.9-empty.tar.gz', root);
});
afterEach(() => removeDirectory(root));

function replaceByDirectory(): void {
  rmSync(at('neostore'));
  mkdirSync(at('neostore'));
}

const setVersion = (name: string) => patchMetadataIn(store, { storeVersion: encodeStoreVersion(name) });

describe('stores of 3.4 and 3.5', () => {
  it.each(['3.4.9-empty', '3.5.34-standard', '3.5.0-beta03-high_limit'])('the store %s is supported', async (name) => {
    rmSync(store, { recursive: true });
    await unpackCorpus(`stores/${name}.tar.gz`, root);
    expect(await recogniseStore(store)).toMatchObject({ kind: 'supported', release: { releases: '3.4 or 3.5' } });
    expect(await requireSupportedStore(store, 'change')).toMatchObject({ kind: 'supported' });
  });
});

describe('stores of other releases', () => {
  it.each([
    ['4.2.19', 'store of Neo4j 4.1 or 4.2 (AF4.1.a)'],
    ['4.3.24', 'store of Neo4j 4.3 or 4.4 (AF4.3.0)'],
    ['4.4.48', 'store of Neo4j 4.3 or 4.4 (AF4.3.0)'],
    ['5.1.0', 'store of Neo4j 5 or later (0xcf1bbcdcb7a56463)'],
    ['5.26.30', 'store of Neo4j 5 or later (0xcf1bbcdcb7a56463)'],
    ['2025.01.0', 'store of Neo4j 5 or later (0xcf1bbcdcb7a56463)'],
    ['2026.08.1', 'store of Neo4j 5 or later (0xcf1bbcdcb7a56463)'],
    ['2026.08.1-envelope', 'store of Neo4j 5 or later (0xcf1bbcdcb7a56463)'],
  ])('a genuine store of %s is recognized', async (name, text) => {
    await unpackCorpus(`foreign-stores/${name}.tar.gz`, root);
    for (const purpose of ['read', 'copy', 'change'] as const) {
      await expect(requireSupportedStore(join(root, 'neo4j'), purpose)).rejects.toMatchObject({
        code: 'store.format',
        message: `this is a ${text}; graphkeep works with 3.4 and 3.5`,
      });
    }
  });

  it.each([
    ['4.2.19', 'Neo4j 4.x (log format 7)'],
    ['5.1.0', 'Neo4j 5.x (log format 8)'],
    ['2026.08.1', 'Neo4j 5.20 or later (log format 9)'],
    ['2026.08.1-envelope', 'Neo4j 2025 or later (log format 10)'],
  ])('the log of %s in a separate directory is recognized', async (name, text) => {
    await unpackCorpus(`foreign-stores/${name}.tar.gz`, root);
    await expect(requireSupportedStore(store, 'read', join(root, 'neo4j'))).rejects.toMatchObject({
      code: 'store.format',
      message: `this is a store of ${text}; graphkeep works with 3.4 and 3.5`,
    });
  });

  it.each([
    ['v0.A.0', '1.9'],
    ['v0.A.1', '2.0'],
    ['v0.A.3', '2.1'],
    ['v0.A.5', '2.2'],
    ['SF4.0.0', '4.0 to 4.2'],
    ['HL4.3.0', '4.x'],
  ])('the mark %s is recognized', async (mark, releases) => {
    setVersion(mark);
    // Missing files do not matter here: other releases have other files.
    rmSync(at('neostore.schemastore.db'));
    expect(await recogniseStore(store)).toMatchObject({ kind: 'other', mark, release: { releases } });
  });

  it.each([
    ['v0.A.6', '2.3'],
    ['v0.A.7', '3.0 or 3.1'],
    ['v0.A.8', '3.2 or 3.3'],
    ['vE.H.0', '3.0'],
    ['vE.H.0b', '3.0'],
    ['vE.H.2', '3.1'],
    ['vE.H.3', '3.2 or 3.3'],
  ])('the store of %s can be read, not changed', async (mark, releases) => {
    setVersion(mark);
    expect(await requireSupportedStore(store, 'read')).toMatchObject({ kind: 'older', mark });
    expect(await requireSupportedStore(store, 'copy')).toMatchObject({ kind: 'older', mark });
    await expect(requireSupportedStore(store, 'change')).rejects.toMatchObject({
      code: 'store.format',
      message: `this is a store of Neo4j ${releases} (${mark}); graphkeep changes only those of 3.4 and 3.5`,
      hint: expect.stringContaining('dbms.allow_upgrade=true'),
    });
  });

  it('block format, and logs as of 2.1, are recognized', async () => {
    writeFileSync(at('block.big_values.db'), '');
    expect(await recogniseStore(store)).toMatchObject({ kind: 'other', mark: 'block.big_values.db' });
    const old = join(root, 'old');
    mkdirSync(old);
    writeFileSync(join(old, 'nioneo_logical.log.active'), '');
    expect(await recogniseStore(old)).toMatchObject({ kind: 'other', release: { releases: '2.1 or older' } });
  });

  it('a version that no release has is reported', async () => {
    setVersion('v0.AZZ');
    await expect(requireSupportedStore(store, 'read')).rejects.toMatchObject({
      code: 'store.format',
      observed: 'v0.AZZ',
      place: { file: at('neostore') },
    });
  });
});

describe('what is no whole store', () => {
  it('all files that are missing or something else are named', async () => {
    const names = storeFiles.map(({ fileName }) => fileName).slice(3, 6);
    for (const name of names) rmSync(at(name));
    await expect(requireSupportedStore(store, 'read')).rejects.toMatchObject({
      code: 'store.missing-file',
      message: '3 store files are missing',
      observed: names.join(', '),
      place: { file: at(names[0]!) },
    });
    mkdirSync(at(names[0]!));
    execFileSync('mkfifo', [at(names[1]!)]);
    symlinkSync(names[2]!, at(names[2]!));
    await expect(requireSupportedStore(store, 'read')).rejects.toMatchObject({
      code: 'store.missing-file',
      message: '3 store files are missing or no regular file',
      observed: `${names[0]} is a directory, ${names[1]} is a named pipe, ${names[2]} is a link that leads to itself`,
    });
  });

  it.each([
    ['missing', () => rmSync(at('neostore')), 'a store file is missing'],
    ['a directory', replaceByDirectory, 'a store file is missing or no regular file'],
  ])('a neostore that is %s is reported', async (_, damage, message) => {
    damage();
    await expect(requireSupportedStore(store, 'read')).rejects.toMatchObject({ code: 'store.missing-file', message });
  });

  it.each([
    ['is empty', () => truncateSync(at('neostore'), 0), 'it is empty'],
    ['is cut', () => truncateSync(at('neostore'), 44), 'it ends after 44 bytes'],
    ['holds zeros', () => writeFileSync(at('neostore'), Buffer.alloc(8192)), 'it names no store version'],
  ])('neostore %s is reported', async (_, damage, fault) => {
    damage();
    await expect(requireSupportedStore(store, 'read')).rejects.toMatchObject({
      code: 'store.corrupt',
      message: `the metadata store cannot be read: ${fault}`,
    });
  });

  it('an empty directory, a foreign one, a file and nothing are told apart', async () => {
    const empty = join(root, 'empty');
    mkdirSync(empty);
    expect(await recogniseStore(empty)).toEqual({ kind: 'empty' });
    expect(await recogniseStore(root)).toEqual({ kind: 'no-database', databases: ['graph.db'] });
    await expect(requireSupportedStore(root, 'read')).rejects.toMatchObject({
      code: 'backup.invalid',
      hint: `Name the database itself, for example ${store}.`,
    });
    expect(await recogniseStore(at('neostore'))).toEqual({ kind: 'no-directory', fault: 'a file' });
    expect(await recogniseStore(join(root, 'nothing'))).toEqual({ kind: 'absent' });
  });

  it('recognition changes nothing', async () => {
    const before = readFileSync(at('neostore'));
    await recogniseStore(store);
    expect(readFileSync(at('neostore')).equals(before)).toBe(true);
  });
});
