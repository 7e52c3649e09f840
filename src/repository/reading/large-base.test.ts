import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { makeTemporaryDirectory, removeDirectory } from '../../../test/support/corpus/unpack-corpus.ts';
import { MemoryStore } from '../../../test/support/objects/memory-store.ts';
import { loadFrameCodec } from '../../base/zstd/frame-codec.ts';
import { readWhole, sha256Of } from '../../objects/whole-object.ts';
import { MOST_JSON_BYTES } from '../catalogue/json-object.ts';
import { formatManifest, type Manifest, parseManifest } from '../catalogue/manifest.ts';
import type { IndexLine } from '../catalogue/object-index.ts';
import { baseFolder, INDEX_NAME, MANIFEST_NAME } from '../catalogue/object-keys.ts';
import { formatPartName } from '../catalogue/part-name.ts';
import { formatSegmentName } from '../catalogue/segment-name.ts';
import { initRepository } from '../opening/repository.ts';
import { encodeIndex } from '../writing/base-end.ts';
import { type BaseFacts, BaseWriter } from '../writing/base-writer.ts';
import { COMPRESSION, startPool } from '../writing/repository-pool.ts';
import { SegmentLog } from '../writing/segment-log.ts';
import { MOST_INDEX_BYTES, readLines } from './base-index.ts';
import { unpackBase } from './base-reader.ts';
import { StoredObjects } from './stored-objects.ts';

const TERABYTE = 1e12;
const PART = 16 * 1024 * 1024;
const never = new AbortController().signal;
const DATABASE = 'graph.db';
const TIMELINE = '20261129T020304Z-5f3a9c1e';
const facts: BaseFacts = {
  store: {
    creationTime: 1,
    randomId: 2n,
    storeVersion: 3n,
    upgradeTime: 1,
    upgradeTransactionId: 1,
    format: 'standard',
  },
  source: 'test',
  checkPoint: { transaction: 1, position: { version: 0, offset: 16 } },
  consistentAt: { transaction: 1, checksum: 0n, commitTime: new Date(0) },
  newestCommit: new Date(0),
  tool: '0',
  compression: COMPRESSION,
};

let scratch: string;
beforeAll(async () => {
  scratch = await makeTemporaryDirectory();
});
afterAll(() => removeDirectory(scratch));

/** Writes a base with these files. */
async function makeBase(store: MemoryStore, files: ReadonlyMap<string, Buffer>): Promise<Manifest> {
  const repository = await initRepository(store, { method: 'none' }, never);
  const pool = await startPool(repository, never);
  const options = { repository, pool, database: DATABASE, timeline: TIMELINE, signal: never };
  const writer = await BaseWriter.begin(options, (place) => new SegmentLog(place));
  for (const [name, content] of files) {
    const file = await writer.openFile({ name, alignment: 1, empty: false });
    await file.bytes(content);
    await file.end();
  }
  await writer.finish(facts);
  await writer.publish();
  await pool.close();
  const key = `${baseFolder(DATABASE, TIMELINE, writer.id)}/${MANIFEST_NAME}`;
  return parseManifest(await readWhole(store, key, { mostBytes: MOST_JSON_BYTES }, never), key);
}

it('the index of a store of many terabytes is read line by line, and is far from what a reader refuses', async () => {
  const count = Math.ceil(TERABYTE / PART);
  const lines: IndexLine[] = Array.from({ length: count }, (_, i) => {
    const sha256 = randomBytes(32).toString('hex');
    const part = { file: i % 40, offset: i * PART, digest: sha256.slice(0, 16), isEncrypted: true };
    const object = formatPartName({ kind: 'part', ...part });
    return {
      file: `neostore.file.${i % 40}`,
      offset: i * PART,
      bytes: PART,
      object,
      storedBytes: 7_000_000 + i,
      sha256,
    };
  });
  const stored = await encodeIndex(lines);
  // Fifty terabytes.
  expect(50 * stored.length).toBeLessThan(MOST_INDEX_BYTES);
  const store = new MemoryStore();
  const manifest = await makeBase(store, new Map([['a', Buffer.from('a')]]));
  const folder = baseFolder(DATABASE, TIMELINE, manifest.id);
  await store.remove([`${folder}/${INDEX_NAME}`], never);
  await store.create(`${folder}/${INDEX_NAME}`, stored, sha256Of(stored), {}, never);
  const index = { object: INDEX_NAME, bytes: stored.length, sha256: sha256Of(stored).toString('hex') };
  let read = 0;
  for await (const line of readLines(store, { ...manifest, index }, never)) {
    if (line.sha256 !== lines[read]!.sha256 || line.offset !== lines[read]!.offset) expect.fail(`line ${read}`);
    read++;
  }
  expect(read).toBe(count);
});

it('a manifest has room for the log of a backup during which a terabyte was written', async () => {
  const manifest = await makeBase(new MemoryStore(), new Map([['a', Buffer.from('a')]]));
  const log = Array.from({ length: 50_000 }, (_, i) => {
    const sha256 = randomBytes(32).toString('hex');
    const id = 1_000_000_000 + i;
    const segment = { first: id, last: id, piece: 0, isLastPiece: true, newestCommit: new Date(), checksum: -1n };
    const object = `log/${formatSegmentName({ ...segment, digest: sha256.slice(0, 32), isEncrypted: true })}`;
    return { object, bytes: 16_000_000, sha256 };
  });
  expect(parseManifest(formatManifest({ ...manifest, log }), 'manifest.json').log).toEqual(log);
});

it('thousands of small files come back, with a few open at a time', async () => {
  const files = new Map(Array.from({ length: 3000 }, (_, i) => [`schema/index/lucene/${i}/f`, Buffer.from(`${i}`)]));
  files.set('neostore.nodestore.db', randomBytes(1_500_000));
  const store = new MemoryStore();
  const manifest = await makeBase(store, files);
  const objects = new StoredObjects(store, { codec: await loadFrameCodec(), identities: 'none' }, never);
  const directory = join(scratch, 'many');
  mkdirSync(directory);
  const open = () => (process.platform === 'linux' ? readdirSync('/proc/self/fd').length : 0);
  const before = open();
  let most = 0;
  await unpackBase(objects, manifest, directory, {
    signal: never,
    onFile: () => (most = Math.max(most, open() - before)),
  });
  expect(most).toBeLessThan(20);
  for (const [name, content] of files) expect(readFileSync(join(directory, name)).equals(content), name).toBe(true);
});
