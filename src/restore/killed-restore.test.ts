import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { campaign } from '../../test/support/random/campaign-size.ts';
import { StoreWriter } from '../store/build/store-writer.ts';
import { patchMetadataIn, readMetadata } from '../store/files/neostore-metadata.ts';
import { storeFiles } from '../store/files/store-files.ts';
import { restoreDatabase } from './database-restore.ts';
import { UNFINISHED_MARKER } from './staged-database.ts';

/*
 * Kills a restore at every change of the file system: the n-th call that changes something, and every later one, fails as in a process that
 * has gone. The disk must then hold the old database or the new one, and the next restore must succeed.
 */

const kill = vi.hoisted(() => ({ after: Number.POSITIVE_INFINITY, calls: 0 }));

vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof import('node:fs/promises')>();
  const guard =
    <A extends unknown[], R>(work: (...args: A) => R) =>
    (...args: A): R => {
      if (++kill.calls > kill.after) throw new Error('killed');
      return work(...args);
    };
  const open = (path: string, flags: string | number) => {
    const changes = typeof flags === 'string' ? /^[wa]/.test(flags) : (flags & 0o100) !== 0;
    const opened = changes ? guard(real.open)(path, flags) : real.open(path, flags);
    // What a process leaves does not depend on flushing the disk, which is slow.
    return opened.then((file) => Object.assign(file, { sync: () => Promise.resolve() }));
  };
  const { mkdir, rename, rmdir, unlink, rm, link } = real;
  const changing = { mkdir, rename, rmdir, unlink, rm, link };
  const guarded = Object.fromEntries(Object.entries(changing).map(([name, work]) => [name, guard(work as never)]));
  return { ...real, open, ...guarded };
});

let template: string;
let root: string;
const at = (...names: string[]) => join(root, ...names);
beforeAll(async () => {
  template = mkdtempSync(join(tmpdir(), 'graphkeep-template-'));
  await new StoreWriter(template).finish();
});
afterAll(() => rmSync(template, { recursive: true, force: true }));

beforeEach(() => {
  kill.after = Number.POSITIVE_INFINITY;
  root = mkdtempSync(join(tmpdir(), 'graphkeep-killed-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const OWNED = ['owner.txt', 'schema/owner.txt'];

/** A store that names its owner at its beginning, in its depth and in its key file, which comes last. */
function makeStore(directory: string, owner: string, logDirectory = directory): void {
  mkdirSync(join(directory, 'schema'), { recursive: true });
  mkdirSync(logDirectory, { recursive: true });
  // Only what a store must have: each further file means more kills.
  for (const name of ['neostore', ...storeFiles.map(({ fileName }) => fileName)]) {
    copyFileSync(join(template, name), join(directory, name));
  }
  patchMetadataIn(directory, { randomId: BigInt(owner) });
  for (const name of OWNED) writeFileSync(join(directory, name), owner);
  if (logDirectory !== directory) writeFileSync(join(logDirectory, 'neostore.transaction.db.7'), owner);
}

function ownersIn(directory: string): string[] {
  const { randomId } = readMetadata(join(directory, 'neostore'));
  return [...new Set([String(randomId), ...OWNED.map((name) => readFileSync(join(directory, name), 'utf8'))])];
}

function restore(logDirectory: string) {
  return restoreDatabase({
    typedFrom: at('backup'),
    from: at('backup'),
    databaseName: 'graph.db',
    databaseDirectory: at('databases', 'graph.db'),
    transactionLogDirectory: logDirectory,
    force: true,
    signal: new AbortController().signal,
  });
}

/** Runs the restore with a kill at every change, or at some of them; `inspect` looks at what was left. */
async function killEverywhere(prepare: () => void, logDirectory: () => string, inspect: () => void): Promise<number> {
  for (let after = 0; ; after += campaign.stride(1, 5)) {
    rmSync(root, { recursive: true, force: true });
    mkdirSync(root);
    prepare();
    kill.calls = 0;
    kill.after = after;
    const ended = await restore(logDirectory()).then(
      () => true,
      () => false,
    );
    kill.after = Number.POSITIVE_INFINITY;
    const { calls } = kill;
    inspect();
    await restore(logDirectory());
    expect(ownersIn(at('databases', 'graph.db'))).toEqual(['2']);
    expect(readdirSync(at('databases')).filter((name) => name !== 'store_lock')).toEqual(['graph.db']);
    // A kill during the removal of the lock files has no visible effect.
    if (ended && calls < after) return after;
  }
}

describe('a restore that is killed', () => {
  it('a killed restore leaves the old database or the new one', async () => {
    const seen = new Set<string>();
    const steps = await killEverywhere(
      () => {
        makeStore(at('databases', 'graph.db'), '1');
        makeStore(at('backup'), '2');
      },
      () => at('databases', 'graph.db'),
      () => {
        const owners = ownersIn(at('databases', 'graph.db'));
        expect(owners).toHaveLength(1);
        expect(existsSync(at('databases', 'graph.db', 'neostore'))).toBe(true);
        seen.add(owners[0]!);
      },
    );
    expect(steps).toBeGreaterThan(8);
    expect([...seen].sort()).toEqual(['1', '2']);
  });

  it('a killed restore never leaves a database with the logs of another one in a separate log directory', async () => {
    const seen = new Set<string>();
    await killEverywhere(
      () => {
        makeStore(at('databases', 'graph.db'), '1', at('logs'));
        makeStore(at('backup'), '2');
        writeFileSync(at('backup', 'neostore.transaction.db.0'), emptyLog());
      },
      () => at('logs'),
      () => {
        const isOpenable = !existsSync(at('logs', UNFINISHED_MARKER));
        expect(existsSync(at('databases', 'graph.db', 'neostore'))).toBe(true);
        const [store] = ownersIn(at('databases', 'graph.db'));
        const logs = readdirSync(at('logs')).filter((name) => name.startsWith('neostore'));
        if (isOpenable)
          expect(logs).toEqual([store === '1' ? 'neostore.transaction.db.7' : 'neostore.transaction.db.0']);
        seen.add(isOpenable ? store! : 'not openable');
      },
    );
    expect([...seen].sort()).toEqual(['1', '2', 'not openable']);
  });
});

/** Log file 0 without any transaction. */
function emptyLog(): Buffer {
  const header = Buffer.alloc(16);
  header[0] = 6;
  header.writeBigInt64BE(1n, 8);
  return header;
}
