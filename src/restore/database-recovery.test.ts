import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { dirtyStores, expectedRecovered } from '../../test/support/corpus/golden-store.ts';
import { makeTemporaryDirectory, removeDirectory, unpackCorpus } from '../../test/support/corpus/unpack-corpus.ts';
import { makePendingStore, PENDING } from '../../test/support/stores/pending-store.ts';
import { tryLockFile } from '../base/file-lock.ts';
import { checkStore } from '../check/store-check.ts';
import { findRecoveryStart } from '../log/v3/recovery-start.ts';
import { ANY, readLiveCounts } from '../store/counts/counts-store.ts';
import { patchMetadataDurablyIn } from '../store/files/neostore-metadata.ts';
import { SCRATCH_FOLDER } from '../store/files/store-files.ts';
import { formatByName } from '../store/files/store-format.ts';
import { recoverDatabase } from './database-recovery.ts';

let root: string;
let store: string;
beforeEach(async () => {
  root = await makeTemporaryDirectory();
  store = join(root, 'graph.db');
});
afterEach(() => removeDirectory(root));

const unpack = (name: string) => unpackCorpus(`recovery/${name}.tar.gz`, root);

function recover(signal = new AbortController().signal) {
  return recoverDatabase({ directory: store, logDirectory: store, budgetBytes: 64 << 20, signal });
}

/** Names and content of everything beside and in the store. */
function everything(): string {
  const names = readdirSync(root, { recursive: true, encoding: 'utf8' }).sort();
  const files = names.filter((name) => statSync(join(root, name)).isFile());
  return createHash('sha256')
    .update(names.join())
    .update(Buffer.concat(files.map((name) => readFileSync(join(root, name)))))
    .digest('hex');
}

describe('a database that was not closed cleanly', () => {
  it.each(dirtyStores)('a database that was not closed cleanly (%s) is recovered in place, once', async (name) => {
    await unpack(name);
    const found = findRecoveryStart(store);
    // As left by a killed run of ours, or by a killed embedded database.
    mkdirSync(join(store, SCRATCH_FOLDER, 'runs'), { recursive: true });
    writeFileSync(join(root, 'graph.db.graphkeep-lock'), '');
    const recovered = await recover();
    expect(recovered).toMatchObject({ state: 'recovered', tornBytes: found.tornBytes });
    expect(recovered.recovery!.transactions).toBe(found.transactions);
    expect(findRecoveryStart(store).needed).toBe(false);
    expect(readdirSync(root)).toEqual(['graph.db']);
    expect(readdirSync(store).filter((file) => /graphkeep|lock/.test(file))).toEqual([]);
    expect(readLiveCounts(store)!.counts.nodeCount(ANY)).toBe(expectedRecovered(name).nodes.length);
    const { errors } = await checkStore(store);
    expect(errors).toBe(0);

    const before = everything();
    const { lastTransaction } = recovered;
    expect(await recover()).toEqual({ state: 'clean', lastTransaction, tornBytes: 0, recovery: undefined });
    expect(everything()).toBe(before);
  });

  it('a database that was not closed cleanly is left alone while it is in use, or being backed up', async () => {
    await unpack('3.4.9-standard-dirty');
    for (const path of [
      join(store, 'store_lock'),
      join(root, 'store_lock'),
      `${store}.graphkeep-lock`,
      join(store, '.graphkeep-lock'),
    ]) {
      const lock = await tryLockFile(path, { remove: 'always' });
      const before = everything();
      await expect(recover()).rejects.toMatchObject({ code: 'directory.in-use' });
      expect(everything()).toBe(before);
      await lock!.release();
    }
  });

  it('a database that was not closed cleanly is not changed again if the rest is left to a server', async () => {
    await makePendingStore(store, root);
    const before = everything();
    const { state, lastTransaction, recovery } = await recover();
    expect({ state, lastTransaction }).toEqual({ state: 'pending', lastTransaction: PENDING.last });
    expect(recovery!.pendingFrom).toBe(PENDING.first);
    expect(everything()).toBe(before);
  });

  it('a database that was not closed cleanly of another release is left alone', async () => {
    await unpack('3.4.9-standard-dirty');
    patchMetadataDurablyIn(store, { storeVersion: formatByName('v0.A.8').version });
    const before = everything();
    await expect(recover()).rejects.toMatchObject({ code: 'store.format', message: expect.stringContaining('v0.A.8') });
    expect(everything()).toBe(before);
  });

  it('a database that was not closed cleanly is unchanged by an interruption before anything was written', async () => {
    await unpack('3.4.9-standard-dirty');
    const before = everything();
    await expect(recover(AbortSignal.abort('SIGTERM'))).rejects.toMatchObject({ code: 'cancelled' });
    expect(everything()).toBe(before);
  });

  it('a database without its logs cannot be recovered, and the error says where they may be', async () => {
    await unpack('3.4.9-standard-dirty');
    for (const name of readdirSync(store)) {
      if (name.startsWith('neostore.transaction')) rmSync(join(store, name));
    }
    await expect(recover()).rejects.toMatchObject({
      code: 'log.no-check-point',
      hint: expect.stringContaining('dbms.directories.tx_log'),
    });
    const elsewhere = { directory: store, logDirectory: join(root, 'logs'), budgetBytes: 64 << 20 };
    mkdirSync(elsewhere.logDirectory);
    const before = everything();
    await expect(recoverDatabase({ ...elsewhere, signal: new AbortController().signal })).rejects.toMatchObject({
      code: 'log.no-check-point',
      observed: `dbms.directories.tx_log puts them in ${elsewhere.logDirectory}`,
      hint: expect.stringMatching(/^Start and stop the server: .* copy the logs from .*logs beside the store/),
    });
    expect(everything()).toBe(before);
  });
});

it('a directory that is not a database is reported as such', async () => {
  await expect(recover()).rejects.toMatchObject({ code: 'backup.missing' });
  mkdirSync(store);
  writeFileSync(join(store, 'letter.txt'), '');
  await expect(recover()).rejects.toMatchObject({ code: 'backup.invalid' });
  expect(existsSync(join(store, 'letter.txt'))).toBe(true);
});
