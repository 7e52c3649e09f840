import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { describeError } from '../../src/base/errors.ts';
import { dumpDatabase } from '../../src/restore/database-dump.ts';
import { loadDatabase } from '../../src/restore/database-load.ts';
import { makeTemporaryDirectory, removeDirectory, unpackCorpus } from '../support/corpus/unpack-corpus.ts';
import { BALLAST, canMount, SmallDisk } from '../support/faults/small-disk.ts';
import { campaign } from '../support/random/campaign-size.ts';
import { lockFile } from '../support/stores/locked-file.ts';

/*
 * Promise: when there is no room for an archive, or for its content, the error says so, nothing is left, and with more room the next run
 * succeeds.
 */

const PAGE_BYTES = 4096;
const signal = new AbortController().signal;

let scratch: string;
let database: string;
let disk: SmallDisk;

beforeAll(async () => {
  scratch = await makeTemporaryDirectory();
  await unpackCorpus('stores/3.5.34-standard.tar.gz', scratch);
  database = join(scratch, 'graph.db');
  mkdirSync(join(scratch, 'disk'));
  disk = new SmallDisk(join(scratch, 'disk'));
});
afterAll(() => removeDirectory(scratch));

const names = (directory: string) => readdirSync(directory).filter((name) => name !== BALLAST);

async function expectUnlocked(directory: string): Promise<void> {
  const server = await lockFile(join(directory, 'store_lock'));
  await server.release();
}

const dump = (to: string, compression: 'gzip' | 'zstd') =>
  dumpDatabase({
    databaseName: 'graph.db',
    databaseDirectory: database,
    transactionLogDirectory: database,
    to,
    compression,
    signal,
  });

describe.runIf(canMount)('on a small disk', () => {
  beforeEach(() => disk.mount(`size=${16 * 1024 * 1024}`));
  afterEach(() => disk.unmount());

  it.each(['gzip', 'zstd'] as const)('a dump with %s to a small disk fails and leaves nothing', async (compression) => {
    let failures = 0;
    for (let room = 0, isMade = false; !isMade; room += campaign.stride(1, 8) * PAGE_BYTES) {
      disk.fillUp(room);
      const error = await dump(join(disk.path, 'x.dump'), compression).catch((error: unknown) => error);
      isMade = typeof error === 'string';
      if (isMade) break;
      expect([room, error]).toEqual([room, expect.objectContaining({ code: 'file.io' })]);
      expect(describeError(error)).toContain('ENOSPC');
      expect([room, names(disk.path)]).toEqual([room, []]);
      await expectUnlocked(database);
      failures++;
    }
    expect(failures).toBeGreaterThan(campaign.size(5, 1));
    expect(names(disk.path)).toEqual(['x.dump']);
  });

  it.each(['gzip', 'zstd'] as const)(
    'a load of %s on a small disk fails, and the old database stays',
    async (compression) => {
      const archive = join(scratch, `${compression}.dump`);
      await dump(archive, compression);
      const loaded = join(disk.path, 'loaded');
      mkdirSync(loaded);
      writeFileSync(join(loaded, 'mine'), '');
      const reasons = new Set<string>();
      for (let room = 4 * PAGE_BYTES, isMade = false; !isMade; room += campaign.stride(20, 200) * PAGE_BYTES) {
        disk.fillUp(room);
        const error: unknown = await loadDatabase({
          from: archive,
          databaseName: 'loaded',
          databaseDirectory: loaded,
          transactionLogDirectory: loaded,
          force: true,
          signal,
        }).then(
          () => undefined,
          (thrown: unknown) => thrown,
        );
        isMade = error === undefined;
        if (isMade) break;
        expect([room, error]).toEqual([room, expect.objectContaining({ code: 'file.io' })]);
        const text = describeError(error);
        expect(text).toMatch(/not enough room|ENOSPC/);
        reasons.add(text.includes('ENOSPC') ? 'full' : 'told before');
        expect([room, names(disk.path), names(loaded)]).toEqual([room, ['loaded'], ['mine']]);
        await expectUnlocked(disk.path);
      }
      expect(reasons).toContain('told before');
      expect(names(loaded)).toContain('neostore');
    },
  );
});
