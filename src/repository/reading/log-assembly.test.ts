import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Decrypter, generateX25519Identity, identityToRecipient } from 'age-encryption';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { makeTemporaryDirectory, removeDirectory } from '../../../test/support/corpus/unpack-corpus.ts';
import { generateHistory } from '../../../test/support/history/generated-history.ts';
import { MemoryObjects, MemoryStore } from '../../../test/support/objects/memory-store.ts';
import { backUpInto } from '../../../test/support/repositories/repository-runs.ts';
import { BackupServer } from '../../../test/support/servers/backup-server.ts';
import { loadFrameCodec } from '../../base/zstd/frame-codec.ts';
import type { Moment } from '../catalogue/restore-plan.ts';
import { initRepository } from '../opening/repository.ts';
import { UnsealPool } from '../seal/unseal-pool/unseal-pool.ts';
import { unpackBase } from './base-reader.ts';
import { readHistory } from './database-history.ts';
import { assembleLog } from './log-assembly.ts';
import { chooseRestore } from './restore-choice.ts';
import { StoredObjects } from './stored-objects.ts';

const FIRST = 4;
const NEWEST = 16;
const never = new AbortController().signal;
const identities = new Decrypter();
const pool = new UnsealPool();
let scratch: string;
let objects: MemoryObjects;

beforeAll(async () => {
  scratch = await makeTemporaryDirectory();
  const history = await generateHistory(join(scratch, 'source'), { nodes: 26_000, transactions: NEWEST - 1 });
  const identity = await generateX25519Identity();
  identities.addIdentity(identity);
  objects = new MemoryObjects();
  const store = new MemoryStore(objects);
  await initRepository(store, { method: 'age', recipients: [await identityToRecipient(identity)] }, never);
  const server = await BackupServer.start(history, FIRST);
  await backUpInto(store, server, 'full');
  while (server.newest < NEWEST) {
    server.newest++;
    await backUpInto(store, server, 'incremental');
  }
  await server.stop();
});
afterAll(async () => {
  await pool.close();
  await removeDirectory(scratch);
});

/** Writes files and log of a moment. */
async function write(name: string, moment: Moment, threads: UnsealPool | undefined, from = objects): Promise<string> {
  const store = new MemoryStore(from);
  const { manifest, plan } = chooseRestore(await readHistory(store, 'graph.db', never), moment, 'graph.db');
  const stored = new StoredObjects(store, { codec: await loadFrameCodec(), identities }, never, threads);
  const directory = join(scratch, name);
  mkdirSync(directory);
  await unpackBase(stored, manifest, directory, { signal: never });
  const { transaction } = await assembleLog(stored, manifest, plan, directory);
  expect(transaction).toBe(moment.kind === 'transaction' ? moment.transaction : NEWEST);
  return directory;
}

const contentOf = (directory: string) =>
  new Map(readdirSync(directory).map((name) => [name, readFileSync(join(directory, name)).toString('hex')]));

it('files and log are the same whether threads unseal them or not', async () => {
  for (const [i, moment] of [
    { kind: 'latest' } as const,
    { kind: 'transaction', transaction: FIRST } as const,
    { kind: 'transaction', transaction: NEWEST - 3 } as const,
  ].entries()) {
    const [one, other] = [await write(`alone-${i}`, moment, undefined), await write(`threads-${i}`, moment, pool)];
    expect(contentOf(other)).toEqual(contentOf(one));
  }
});

it('a damaged piece of the log ends the assembly, with threads too, and none behind the moment does', async () => {
  const segments = [...objects.byKey.keys()].filter((key) => /^db\/[^/]+\/[^/]+\/log\//.test(key)).sort();
  const damaged = objects.copy();
  damaged.put(segments[5]!, Buffer.from('something else'));
  for (const [i, threads] of [undefined, pool].entries()) {
    await expect(write(`damaged-${i}`, { kind: 'latest' }, threads, damaged)).rejects.toMatchObject({
      code: 'repository.object-damaged',
      place: { file: segments[5] },
    });
    await write(`before-${i}`, { kind: 'transaction', transaction: FIRST + 5 }, threads, damaged);
  }
});
