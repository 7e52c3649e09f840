import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { gunzipSync, gzipSync } from 'node:zlib';
import tar from 'tar-stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  corpusPath,
  makeTemporaryDirectory,
  removeDirectory,
  unpackCorpus,
} from '../../test/support/corpus/unpack-corpus.ts';
import { mutateBytes } from '../../test/support/random/byte-mutations.ts';
import { campaign } from '../../test/support/random/campaign-size.ts';
import { nextSeed } from '../../test/support/random/seed.ts';
import { lockFile } from '../../test/support/stores/locked-file.ts';
import { Dice } from '../base/dice.ts';
import { GraphkeepError } from '../base/errors.ts';
import { onePiece } from '../base/one-piece.ts';
import { decodeZstd } from '../base/zstd/decoding.ts';
import { encodeZstd } from '../base/zstd/encoding.ts';
import { encodeStoreVersion } from '../store/files/store-version.ts';
import { readArchive } from './archive-reading.ts';
import { loadDatabase } from './database-load.ts';

let root: string;
let databases: string;
let loaded: string;
const at = (...names: string[]) => join(root, ...names);
const signal = new AbortController().signal;

beforeEach(async () => {
  root = await makeTemporaryDirectory();
  databases = at('databases');
  loaded = join(databases, 'loaded');
  mkdirSync(databases);
});
afterEach(() => removeDirectory(root));

const load = (from = at('x.dump'), force = false) =>
  loadDatabase({
    from,
    databaseName: 'loaded',
    databaseDirectory: loaded,
    transactionLogDirectory: loaded,
    force,
    signal,
  });

interface MadeEntry {
  name: string;
  type?: 'file' | 'symlink' | 'link' | 'fifo' | 'directory';
  content?: string | Buffer;
}

async function makeTar(entries: readonly MadeEntry[]): Promise<Buffer> {
  const pack = tar.pack();
  for (const { name, type = 'file', content = 'content' } of entries) {
    if (type === 'file') pack.entry({ name }, content);
    else pack.entry({ name, type, ...(type.endsWith('link') ? { linkname: '/etc/passwd' } : {}) });
  }
  pack.finalize();
  return await buffer(pack);
}

async function makeArchive(entries: readonly MadeEntry[]): Promise<void> {
  writeFileSync(at('x.dump'), gzipSync(await makeTar(entries)));
}

/** A failed load leaves nothing: no staging directory, no lock. */
async function expectNothing(): Promise<void> {
  expect(readdirSync(databases)).toEqual([]);
  const server = await lockFile(join(databases, 'store_lock'));
  await server.release();
}

describe('hostile archives', () => {
  it.each<MadeEntry>([
    { name: '../evil' },
    { name: './a/../../evil' },
    { name: '/tmp/graphkeep-evil' },
    { name: './..' },
    { name: '..\\evil' },
    { name: './schema/link', type: 'symlink' },
    { name: './neostore.link', type: 'link' },
    { name: './neostore.pipe', type: 'fifo' },
    { name: './../evil/', type: 'directory' },
    { name: './neostore' },
    { name: './neostore/schema' },
    { name: './schema/\u001b[2Jx' },
    { name: './schema/\u202ex' },
    { name: `./schema/${'x'.repeat(300)}` },
    { name: `./schema/${'d/'.repeat(20)}x` },
  ])('%j is refused and nothing is written', async (entry) => {
    await makeArchive([{ name: './neostore' }, entry]);
    await expect(load()).rejects.toMatchObject({
      code: 'archive.invalid',
      message: expect.stringContaining('Not a valid Neo4j archive'),
    });
    await expectNothing();
    expect(readdirSync(root).sort()).toEqual(['databases', 'x.dump']);
    expect(existsSync('/tmp/graphkeep-evil')).toBe(false);
  });

  it('an entry that fits on no disk is refused before the disk is full', async () => {
    const huge = Buffer.from(await makeTar([{ name: './neostore.nodestore.db' }]));
    // The size is in octal digits; the checksum after it covers the whole block.
    huge.write('77777777777', 124, 'latin1');
    huge.write('        ', 148, 'latin1');
    const sum = huge.subarray(0, 512).reduce((total, byte) => total + byte, 0);
    huge.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
    const name = Buffer.concat([huge, Buffer.alloc(1 << 20)]);
    writeFileSync(at('x.dump'), gzipSync(name));
    const outcome = await load().catch((error: unknown) => error);
    // A disk with more than 8 GiB of room accepts it, and the archive then ends too early.
    expect(outcome).toMatchObject({ code: expect.stringMatching(/file\.io|archive\.invalid/) });
    await expectNothing();
  });
});

describe('archives of something else', () => {
  it.each([
    { names: ['./neostore', './neo4j.conf'], stranger: 'neo4j.conf' },
    { names: ['./lib/neo4j.jar', './neostore'], stranger: 'lib/neo4j.jar' },
    { names: ['./neostore', './plugins/'], stranger: 'plugins/' },
    { names: ['./other'], stranger: 'other' },
    { names: ['./old/neostore', './neostore'], stranger: 'old/neostore' },
    { names: ['./neostore', './a', './b', './c', './d'], stranger: 'a, b, c and 1 more' },
    { names: ['./neostore', './neostore.transaction.db.unfinished'], stranger: 'neostore.transaction.db.unfinished' },
  ])('$names are refused as a whole', async ({ names, stranger }) => {
    const type = (name: string) => (name.endsWith('/') ? ('directory' as const) : ('file' as const));
    await makeArchive(names.map((name) => ({ name, type: type(name) })));
    mkdirSync(loaded);
    writeFileSync(join(loaded, 'mine'), '');
    await expect(load(at('x.dump'), true)).rejects.toMatchObject({
      code: 'archive.invalid',
      observed: `it holds what does not belong to a database: ${stranger}`,
      hint: expect.stringContaining('tar -czf'),
    });
    expect(readdirSync(databases)).toEqual(['loaded']);
    expect(readdirSync(loaded)).toEqual(['mine']);
  });

  it.each([
    { names: ['graph.db/', 'graph.db/neostore', 'graph.db/neostore.id'], nested: 'graph.db' },
    { names: ['./data/', './data/databases/graph.db/neostore'], nested: 'data/databases/graph.db' },
    { names: ['./schema/', './conf/neo4j.conf', './x/neostore'], nested: 'x' },
  ])('the error for $names says how to pack them', async ({ names, nested }) => {
    const type = (name: string) => (name.endsWith('/') ? ('directory' as const) : ('file' as const));
    await makeArchive(names.map((name) => ({ name, type: type(name) })));
    await expect(load()).rejects.toMatchObject({
      code: 'archive.invalid',
      observed: `the database stands in a directory of the archive, ${nested}; its files must be at the root`,
      hint: expect.stringContaining(`tar -czf graph.db.dump -C ${nested} .`),
    });
    await expectNothing();
  });

  it('a name that a shell would interpret is never part of a suggested command', async () => {
    await makeArchive([{ name: './$(reboot)/neostore' }]);
    await expect(load()).rejects.toMatchObject({ hint: expect.stringContaining('-C <that directory> .') });
  });

  it('an archive without a key file, or with an empty one, is refused', async () => {
    await makeArchive([{ name: './neostore.id' }]);
    await expect(load()).rejects.toMatchObject({ code: 'archive.invalid', observed: 'it has no entry ./neostore' });
    await makeArchive([{ name: './neostore', content: '' }]);
    await expect(load()).rejects.toMatchObject({ code: 'archive.invalid', observed: 'its file neostore is empty' });
    await expectNothing();
  });
});

it('loading leaves out lock files and desktop clutter', async () => {
  await makeArchive([
    { name: 'neostore' },
    { name: './store_lock' },
    { name: './._neostore' },
    { name: './.DS_Store' },
    { name: './schema/._index' },
    { name: './__MACOSX/neostore' },
    { name: './schema/index/x' },
  ]);
  mkdirSync(at('out'));
  await readArchive(at('x.dump'), at('out'), { signal });
  expect(readdirSync(at('out'), { recursive: true }).sort()).toEqual([
    'neostore',
    'schema',
    'schema/index',
    'schema/index/x',
  ]);
});

/** The tar of a dump made by a real server. */
const genuine = [
  { version: '3.4.9', untar: async (dump: Buffer) => gunzipSync(dump), pack: async (bytes: Buffer) => gzipSync(bytes) },
  {
    version: '3.5.34',
    untar: (dump: Buffer) => buffer(decodeZstd(onePiece(dump))),
    pack: (bytes: Buffer) => buffer(encodeZstd(onePiece(bytes))),
  },
];

describe.each(genuine)('a dump of $version', ({ version, untar, pack }) => {
  const dump = readFileSync(corpusPath(`dumps/${version}.dump`));

  it('a dump of a real server is loaded', async () => {
    await load(corpusPath(`dumps/${version}.dump`));
    const files = readdirSync(loaded);
    expect(files).toContain('neostore');
    expect(files).toContain('neostore.transaction.db.0');
    expect(files).not.toContain('store_lock');
    expect(readFileSync(join(loaded, 'neostore'))).toHaveLength(8192);
  });

  it('a dump that ends anywhere is refused, whether its compression is sound or not, and nothing is left', async () => {
    const dice = new Dice(nextSeed());
    const whole = await untar(dump);
    // Something different may end at every border between two blocks: a header, a file, padding. The last 1024 bytes are the end mark.
    const start = whole.length % 512;
    const blocks = Math.floor(whole.length / 512);
    const ends = [1, 100, 511, 512, 513, whole.length - 1024 - 512];
    for (let round = 0; round < campaign.rounds(25); round++)
      ends.push(start + 512 * (1 + dice.below(blocks - 30)), 1 + dice.below(whole.length - 20_000));
    for (const end of ends) {
      writeFileSync(at('x.dump'), await pack(whole.subarray(0, end)));
      const outcome = await load().then(
        () => undefined,
        (error: unknown) => error,
      );
      const observed = expect.stringMatching(
        end < 512 ? /holds no tar|^it ends/ : /^it ends (too early|between two files)/,
      );
      expect([end, outcome]).toEqual([end, expect.objectContaining({ code: 'archive.invalid', observed })]);
      expect([end, readdirSync(databases)]).toEqual([end, []]);
    }
    for (let round = 0; round < campaign.rounds(15); round++) {
      writeFileSync(at('x.dump'), dump.subarray(0, 1 + dice.below(dump.length - 1)));
      await expect(load()).rejects.toMatchObject({
        code: 'archive.invalid',
        observed: expect.stringMatching(/it ends|no tar|nor zstd/),
      });
    }
    await expectNothing();
  });
});

it('a damaged archive is refused or loaded, and nothing is written outside the database', async () => {
  const dice = new Dice(nextSeed());
  const whole = gunzipSync(readFileSync(corpusPath('dumps/3.4.9.dump')));
  // Most of the tar is file content: damage the entry headers often enough.
  const heads = [...whole.keys()].filter(
    (place) => place % 512 === 0 && whole.toString('latin1', place + 257, place + 262) === 'ustar',
  );
  const codes = new Set<string>();
  for (let round = 0; round < campaign.rounds(50, 10); round++) {
    const head = heads[dice.below(heads.length)]!;
    const damaged =
      dice.below(3) === 0
        ? mutateBytes(whole, dice)
        : Buffer.concat([
            whole.subarray(0, head),
            mutateBytes(whole.subarray(head, head + 512), dice),
            whole.subarray(head + 512),
          ]);
    writeFileSync(at('x.dump'), gzipSync(damaged, { level: 1 }));
    const outcome = await load(at('x.dump'), true).catch((error: unknown) => error);
    if (Array.isArray(outcome)) {
      expect([round, readdirSync(databases)]).toEqual([round, ['loaded']]);
      rmSync(loaded, { recursive: true });
    } else {
      expect([round, outcome]).toEqual([round, expect.any(GraphkeepError)]);
      expect([round, (outcome as GraphkeepError).code]).toEqual([
        round,
        expect.stringMatching(/^(archive|store|file|log)\./),
      ]);
      codes.add((outcome as GraphkeepError).code);
    }
    expect([round, readdirSync(root).sort()]).toEqual([round, ['databases', 'x.dump']]);
  }
  expect(codes).toContain('archive.invalid');
  await expectNothing();
});

it('leftovers in an upgraded database are accepted, and files of another release are named as such', async () => {
  await unpackCorpus('stores/3.5.34-empty.tar.gz', root);
  const files = readdirSync(at('graph.db'))
    .filter((name) => name !== 'store_lock' && statSync(at('graph.db', name)).isFile())
    .map((name) => ({ name: `./${name}`, content: readFileSync(at('graph.db', name)) }));
  await makeArchive([...files, { name: './messages.log' }, { name: './nioneo_logical.log.v0' }]);
  await load();
  expect(readdirSync(loaded)).toContain('messages.log');
  const neostore = files.find(({ name }) => name === './neostore')!.content;
  // The version is the value of record 4, with nine bytes per record.
  neostore.writeBigInt64BE(encodeStoreVersion('SF4.0.0'), 4 * 9 + 1);
  await makeArchive([...files, { name: './database_lock' }]);
  await expect(load(at('x.dump'), true)).rejects.toMatchObject({
    code: 'store.format',
    message: expect.stringContaining('Neo4j 4.0'),
  });
  await makeArchive([{ name: './block.x1.db' }, { name: './checkpoint.0' }]);
  await expect(load(at('x.dump'), true)).rejects.toMatchObject({
    code: 'store.format',
    message: expect.stringContaining('block format'),
  });
  expect(readdirSync(loaded)).toContain('messages.log');
});

it('a dump whose header promises more is refused', async () => {
  const whole = await buffer(decodeZstd(onePiece(readFileSync(corpusPath('dumps/3.5.34.dump')))));
  for (const [place, what] of [
    [8, /files/],
    [16, /bytes/],
  ] as const) {
    const changed = Buffer.from(whole);
    changed.writeBigInt64BE(changed.readBigInt64BE(place) + 1n, place);
    writeFileSync(at('x.dump'), await buffer(encodeZstd(onePiece(changed))));
    await expect(load()).rejects.toMatchObject({ code: 'archive.invalid', observed: expect.stringMatching(what) });
  }
  await expectNothing();
});
