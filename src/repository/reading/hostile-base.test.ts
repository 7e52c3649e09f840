import { existsSync, readdirSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { makeTemporaryDirectory, removeDirectory } from '../../../test/support/corpus/unpack-corpus.ts';
import { generateHistory } from '../../../test/support/history/generated-history.ts';
import { MemoryObjects, MemoryStore } from '../../../test/support/objects/memory-store.ts';
import { backUpInto, restoreInto } from '../../../test/support/repositories/repository-runs.ts';
import { BackupServer } from '../../../test/support/servers/backup-server.ts';
import { onePiece } from '../../base/one-piece.ts';
import { decodeZstd } from '../../base/zstd/decoding.ts';
import { encodeZstd } from '../../base/zstd/encoding.ts';
import { sha256Of } from '../../objects/whole-object.ts';
import { initRepository } from '../opening/repository.ts';
import { SealPool } from '../seal/pool/seal-pool.ts';
import { packTar } from '../tar/tar-content.ts';

/* Whoever may write into a repository may change anything in it. A restore never writes outside of its directory, and tells. */

const never = new AbortController().signal;
let scratch: string;
let whole: MemoryObjects;

beforeAll(async () => {
  scratch = await makeTemporaryDirectory();
  const history = await generateHistory(join(scratch, 'source'), { nodes: 40, transactions: 6 });
  whole = new MemoryObjects();
  const store = new MemoryStore(whole);
  await initRepository(store, { method: 'none' }, never);
  const server = await BackupServer.start(history, 5);
  await backUpInto(store, server, 'full');
  await server.stop();
});
afterAll(() => removeDirectory(scratch));

const keyOf = (pattern: RegExp) => [...whole.byKey.keys()].find((key) => pattern.test(key))!;

async function collect(pieces: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = [];
  for await (const piece of pieces) all.push(Buffer.from(piece));
  return Buffer.concat(all);
}

/** The repository with another index, to which the manifest agrees. */
async function withIndex(change: (index: string) => string): Promise<MemoryObjects> {
  const objects = whole.copy();
  const key = keyOf(/index\.tsv\.zst$/);
  const index = (await collect(decodeZstd(onePiece(whole.byKey.get(key)!.bytes)))).toString();
  const bytes = await collect(encodeZstd(onePiece(Buffer.from(change(index)))));
  objects.put(key, bytes);
  return withManifest(objects, (manifest) => {
    manifest.index = { object: 'index.tsv.zst', bytes: `${bytes.length}`, sha256: sha256Of(bytes).toString('hex') };
  });
}

type Json = Record<string, unknown>;

function withManifest(objects: MemoryObjects, change: (manifest: Json) => unknown): MemoryObjects {
  const key = keyOf(/manifest\.json$/);
  const manifest = JSON.parse(objects.byKey.get(key)!.bytes.toString()) as Json;
  change(manifest);
  objects.put(key, Buffer.from(JSON.stringify(manifest)));
  return objects;
}

async function restore(objects: MemoryObjects): Promise<unknown> {
  const folder = await mkdtemp(join(scratch, 'restored-'));
  try {
    await restoreInto(join(folder, 'graph.db'), new MemoryStore(objects), { kind: 'latest' }, 'none');
    return undefined;
  } catch (error) {
    expect(existsSync(join(folder, 'graph.db'))).toBe(false);
    expect(readdirSync(folder).filter((name) => name !== 'store_lock')).toEqual([]);
    return error;
  }
}

/** The repository with a bundle more, in which a file has this name. */
async function withFile(name: string): Promise<MemoryObjects> {
  const pool = await SealPool.start({ recipients: 'none', level: 1 });
  const object = await pool.open({ hasTable: false });
  for (const piece of await packTar([{ name, content: Buffer.from('evil') }])) await object.write(piece);
  const { bytes, sha256, plainBytes } = await object.seal();
  const digest = Buffer.from(sha256).toString('hex');
  const bundle = `data/bundle/9.${digest.slice(0, 16)}.tar.zst`;
  const line = ['@tar', 0, plainBytes, bundle, bytes.length, digest].join('\t');
  const objects = await withIndex((index) => `${line}\n${index}`);
  objects.put(keyOf(/index\.tsv\.zst$/).replace('index.tsv.zst', bundle), bytes);
  await pool.close();
  return objects;
}

it('the repository is sound at first', async () => {
  expect(await restore(whole)).toBeUndefined();
});

it.each([
  '../evil',
  '/etc/evil',
  'a/../../evil',
  'store_lock',
  '.hidden',
  'C:evil',
  'neostore.id',
  'neostore.transaction.db.9',
])('a file with the name %s is not written', async (name) => {
  const objects = await withFile(name);
  const error = await restore(objects);
  expect(error).toMatchObject({ code: 'repository.object-damaged', message: expect.stringContaining('refused') });
  expect(existsSync(join(scratch, 'evil'))).toBe(false);
});

it('an index that lacks a file, or has one twice, is refused', async () => {
  expect(await restore(await withIndex(() => ''))).toMatchObject({ code: 'repository.object-damaged' });
  expect(await restore(await withIndex((index) => index + index))).toMatchObject({ code: 'repository.object-damaged' });
});

it.each<[string, (manifest: Json) => object]>([
  ['of another place', (manifest) => Object.assign(manifest, { id: '20260101T000000Z-00000000' })],
  ['with a path in place of a timeline', (manifest) => Object.assign(manifest, { timeline: '../../x' })],
  ['without a log', (manifest) => Object.assign(manifest, { log: [] })],
  [
    'with a log object that is none',
    (manifest) => Object.assign(manifest, { log: [{ object: 'log/x', bytes: '1', sha256: 'a'.repeat(64) }] }),
  ],
  ['with another last transaction', ({ consistentAt }) => Object.assign(consistentAt as Json, { transaction: '4' })],
  [
    'with a position in another log',
    ({ checkPoint }) => Object.assign(checkPoint as Json, { position: { version: '77', offset: '16' } }),
  ],
])('a manifest %s does not lead to a database', async (_what, change) => {
  const error = await restore(withManifest(whole.copy(), change));
  expect(error).toBeInstanceOf(Error);
  expect(error).toMatchObject({ code: expect.stringMatching(/^(repository|object|log|store|file|backup)\./) });
});
