import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import tar from 'tar-stream';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { makeTemporaryDirectory, removeDirectory, unpackCorpus } from '../../test/support/corpus/unpack-corpus.ts';
import { campaign } from '../../test/support/random/campaign-size.ts';
import { dumpDatabase } from './database-dump.ts';
import { loadDatabase } from './database-load.ts';
import { restoreDatabase } from './database-restore.ts';

/*
 * Whatever the command, a store that no server would open never replaces a database, and is never dumped. The old database stays as it is,
 * and nothing is left beside it.
 */

let unpacked: string;
let root: string;
let backup: string;
let target: string;
const signal = new AbortController().signal;
const at = (...names: string[]) => join(backup, ...names);

beforeAll(async () => {
  unpacked = await makeTemporaryDirectory();
  await unpackCorpus('stores/3.4.9-standard.tar.gz', unpacked);
});
afterAll(() => removeDirectory(unpacked));
beforeEach(async () => {
  root = await makeTemporaryDirectory();
  backup = join(root, 'backups', 'graph.db');
  target = join(root, 'databases', 'graph.db');
  cpSync(unpacked, join(root, 'backups'), { recursive: true });
  mkdirSync(target, { recursive: true });
  writeFileSync(join(target, 'neostore'), 'old');
});
afterEach(() => removeDirectory(root));

const restore = (more: { checkConsistency?: boolean } = {}) =>
  restoreDatabase({
    typedFrom: backup,
    from: backup,
    databaseName: 'graph.db',
    databaseDirectory: target,
    transactionLogDirectory: target,
    force: true,
    signal,
    ...more,
  });

async function load(): Promise<void> {
  const pack = tar.pack();
  pack.entry({ name: './', type: 'directory' });
  for (const name of readdirSync(backup)) {
    if (statSync(at(name)).isFile()) pack.entry({ name: `./${name}` }, readFileSync(at(name)));
  }
  pack.finalize();
  const archive = join(root, 'x.dump');
  writeFileSync(archive, gzipSync(await buffer(pack)));
  await loadDatabase({
    from: archive,
    databaseName: 'graph.db',
    databaseDirectory: target,
    transactionLogDirectory: target,
    force: true,
    signal,
  });
}

async function dump(): Promise<void> {
  const to = join(root, 'y.dump');
  await dumpDatabase({
    databaseName: 'x',
    databaseDirectory: backup,
    transactionLogDirectory: backup,
    to,
    signal,
  });
}

function expectUntouched(): void {
  expect(readdirSync(target)).toEqual(['neostore']);
  expect(readFileSync(join(target, 'neostore'), 'utf8')).toBe('old');
  expect(readdirSync(join(root, 'databases'))).toEqual(['graph.db']);
  expect(readdirSync(root)).not.toContain('y.dump');
}

async function replaceBackup(name: string): Promise<void> {
  rmSync(backup, { recursive: true });
  await unpackCorpus(`foreign-stores/${name}.tar.gz`, join(root, 'backups'));
  backup = join(root, 'backups', 'neo4j');
}

/** As git with `core.autocrlf` does to files that it considers text. */
function copyInTextMode(path: string): void {
  const bytes = readFileSync(path);
  const changed: number[] = [];
  for (const byte of bytes) {
    if (byte === 0x0a) changed.push(0x0d);
    changed.push(byte);
  }
  expect(changed.length).toBeGreaterThan(bytes.length);
  writeFileSync(path, Buffer.from(changed));
}

const nodes = 'neostore.nodestore.db';
const bad: [string, () => void | Promise<void>, object][] = [
  [
    'a store of 4.4',
    () => replaceBackup('4.4.48'),
    { code: 'store.format', message: /Neo4j 4\.3 or 4\.4 \(AF4\.3\.0\)/ },
  ],
  ['a store of 5.26', () => replaceBackup('5.26.30'), { code: 'store.format', message: /Neo4j 5 or later/ }],
  [
    'missing files',
    () => {
      for (const name of ['neostore.schemastore.db', nodes]) rmSync(at(name));
    },
    { code: 'store.missing-file', message: /2 store files are missing/, observed: /nodestore.*schemastore/ },
  ],
  [
    'a cut neostore',
    () => truncateSync(at('neostore'), 9),
    { code: 'store.corrupt', message: /it ends after 9 bytes/ },
  ],
  [
    'a dynamic store without header',
    () => truncateSync(at('neostore.propertystore.db.strings'), 0),
    { code: 'store.corrupt', message: /holds no record size/ },
  ],
  [
    'a file that was cut',
    () => truncateSync(at(nodes), statSync(at(nodes)).size - 7),
    { code: 'store.corrupt', observed: /nodestore\.db, \d+ bytes, ends inside a record/ },
  ],
  [
    'a file that was copied in text mode',
    () => copyInTextMode(at('neostore.propertystore.db')),
    { code: 'store.corrupt', observed: /propertystore\.db, \d+ bytes, looks as if copied in text mode/ },
  ],
];

describe.each(bad)('%s', (_, damage, expected) => {
  const matching = Object.fromEntries(
    Object.entries(expected).map(([key, value]) => [
      key,
      value instanceof RegExp ? expect.stringMatching(value) : value,
    ]),
  );

  it.each(
    campaign.sample([
      ['restore', restore],
      ['load', load],
    ] as const),
  )('a store that no server opens does not replace a database by %s', async (_name, run) => {
    await damage();
    await expect(run()).rejects.toMatchObject(matching);
    expectUntouched();
  });

  it('a store that no server opens is not dumped', async () => {
    await damage();
    await expect(dump()).rejects.toMatchObject(matching);
    expectUntouched();
  });
});

describe('restore', () => {
  it('restore checks the consistency if asked to', async () => {
    const sound = readFileSync(at(nodes));
    // Node 0 points to a property that does not exist.
    const wrong = Buffer.from(sound);
    wrong.writeUInt32BE(0x00ff_ffff, 5);
    writeFileSync(at(nodes), wrong);
    await expect(restore({ checkConsistency: true })).rejects.toMatchObject({ code: 'check.inconsistent' });
    expectUntouched();
    writeFileSync(at(nodes), sound);
    await restore({ checkConsistency: true });
    expect(readFileSync(join(target, nodes)).equals(sound)).toBe(true);
  });

  it('an empty directory, and one without a store, are not a backup', async () => {
    rmSync(backup, { recursive: true });
    mkdirSync(backup);
    await expect(restore()).rejects.toMatchObject({ code: 'backup.invalid' });
    await expect(dump()).rejects.toMatchObject({ code: 'backup.invalid' });
    writeFileSync(at('notes.txt'), '');
    await expect(restore()).rejects.toMatchObject({ code: 'backup.invalid' });
    await expect(dump()).rejects.toMatchObject({ code: 'backup.invalid' });
    expectUntouched();
  });
});
