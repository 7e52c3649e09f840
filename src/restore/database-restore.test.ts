import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { whenFileBegins } from '../../test/support/commands/when-file-begins.ts';
import { makeTemporaryDirectory, removeDirectory, unpackCorpus } from '../../test/support/corpus/unpack-corpus.ts';
import { pretendMounts } from '../../test/support/faults/pretended-mounts.ts';
import { lockFile } from '../../test/support/stores/locked-file.ts';
import { type GraphkeepError, hasCode } from '../base/errors.ts';
import { tryLockFile } from '../base/file-lock.ts';
import { NEO4J_3 } from '../generation/neo4j-3.ts';
import { type RestoreOptions, restoreDatabase } from './database-restore.ts';
import { StagedDatabase } from './staged-database.ts';

let root: string;
let databases: string;
let target: string;
let backup: string;

beforeEach(async () => {
  root = await makeTemporaryDirectory();
  databases = join(root, 'data', 'databases');
  target = join(databases, 'graph.db');
  backup = join(root, 'backups', 'graph.db');
  mkdirSync(join(root, 'backups'));
  await unpackCorpus('stores/3.4.9-empty.tar.gz', join(root, 'backups'));
  mkdirSync(join(backup, 'empty'), { recursive: true });
  writeFileSync(join(backup, 'store_lock'), '');
});
afterEach(() => removeDirectory(root));

function options(changes: Partial<RestoreOptions> = {}): RestoreOptions {
  const base = {
    typedFrom: changes.from ?? backup,
    from: backup,
    databaseName: 'graph.db',
    databaseDirectory: target,
    transactionLogDirectory: target,
    force: false,
    signal: new AbortController().signal,
  };
  return { ...base, ...changes };
}

function makeOldDatabase(): void {
  mkdirSync(target, { recursive: true });
  writeFileSync(join(target, 'neostore'), 'old');
  writeFileSync(join(target, 'old-file'), '');
  writeFileSync(join(target, 'neostore.transaction.db.7'), 'old log');
}

const namesIn = (directory: string) => readdirSync(directory).sort();
const expected = () => namesIn(backup).filter((name) => name !== 'store_lock');

function expectRestored(directory = target): void {
  for (const name of expected()) {
    if (name === 'schema' || name === 'index' || name === 'empty') continue;
    expect(readFileSync(join(directory, name)).equals(readFileSync(join(backup, name))), name).toBe(true);
  }
}

describe('restoreDatabase', () => {
  it('restoreDatabase copies everything but the lock file into a new database', async () => {
    const files: string[] = [];
    const report = await restoreDatabase(options({ onEvent: whenFileBegins((name) => files.push(name)) }));
    expect(namesIn(target)).toEqual(expected());
    expectRestored();
    expect(files.at(-1)).toBe('neostore');
    expect(report).toMatchObject({ files: files.length, recovered: false, needsRecovery: false });
    expect(namesIn(databases)).toEqual(['graph.db']);
    expect(namesIn(join(root, 'backups'))).toEqual(['graph.db']);
  });

  it('restoreDatabase replaces a database only with force, and then completely', async () => {
    makeOldDatabase();
    await expect(restoreDatabase(options())).rejects.toMatchObject({
      code: 'database.exists',
      message: `Database with name [graph.db] already exists at ${target}`,
    });
    expect(readFileSync(join(target, 'neostore'), 'utf8')).toBe('old');
    await restoreDatabase(options({ force: true }));
    expect(namesIn(target)).toEqual(expected());
    expectRestored();
    expect(namesIn(databases)).toEqual(['graph.db']);
  });

  it('restoreDatabase refuses what is not a backup, with the message of the Java tool', async () => {
    const from = join(root, 'nope');
    await expect(restoreDatabase(options({ from }))).rejects.toMatchObject({
      code: 'backup.missing',
      message: `Source directory does not exist [${from}]`,
    });
    for (const make of [() => mkdirSync(from), () => mkdirSync(join(from, 'neostore'))]) {
      make();
      await expect(restoreDatabase(options({ from }))).rejects.toMatchObject({
        code: 'backup.invalid',
        message: `Source directory is not a database backup [${from}]`,
      });
    }
    expect(existsSync(databases)).toBe(false);
  });

  it('restoreDatabase keeps the old database when the copy fails or is interrupted', async () => {
    makeOldDatabase();
    const controller = new AbortController();
    const interrupted = restoreDatabase(
      options({
        force: true,
        signal: controller.signal,
        onEvent: whenFileBegins((name) => name === 'neostore' && controller.abort()),
      }),
    );
    await expect(interrupted).rejects.toSatisfy((error) => hasCode(error, 'cancelled'));
    symlinkSync(backup, join(backup, 'loop'));
    await expect(restoreDatabase(options({ force: true }))).rejects.toSatisfy((error) => hasCode(error, 'file.io'));
    expect(namesIn(target)).toEqual(['neostore', 'neostore.transaction.db.7', 'old-file']);
    expect(namesIn(databases)).toEqual(['graph.db']);
  });

  it('restoreDatabase removes what a killed restore has left', async () => {
    mkdirSync(join(`${target}.graphkeep-new`, 'store'), { recursive: true });
    writeFileSync(join(`${target}.graphkeep-new`, 'store', 'rubbish'), '');
    await restoreDatabase(options());
    expect(namesIn(databases)).toEqual(['graph.db']);
    expect(namesIn(target)).toEqual(expected());
  });

  it('restoreDatabase follows a link in the place of the database', async () => {
    makeOldDatabase();
    const disk = join(root, 'disk');
    mkdirSync(disk);
    renameSync(target, join(disk, 'real.db'));
    symlinkSync(join(disk, 'real.db'), target);
    await restoreDatabase(options({ force: true }));
    expect(lstatSync(target).isSymbolicLink()).toBe(true);
    expect(namesIn(join(disk, 'real.db'))).toEqual(expected());
    expect(namesIn(disk)).toEqual(['real.db']);
  });
});

describe('dangers of --from', () => {
  it.each([
    ['the database itself', () => target],
    ['a directory in the database', () => join(target, 'backup')],
    ['a directory around the database', () => databases],
    ['a link to the database', () => join(root, 'link')],
  ])('%s is refused and nothing is lost', async (_, source) => {
    makeOldDatabase();
    symlinkSync(target, join(root, 'link'));
    mkdirSync(source(), { recursive: true });
    writeFileSync(join(source(), 'neostore'), 'old');
    await expect(restoreDatabase(options({ from: source(), force: true }))).rejects.toMatchObject({
      code: 'backup.invalid',
      message: expect.stringContaining('overlaps'),
    });
    expect(readFileSync(join(target, 'neostore'), 'utf8')).toBe('old');
  });

  it('another database of the same server can be restored from', async () => {
    mkdirSync(databases, { recursive: true });
    writeFileSync(join(databases, 'store_lock'), '');
    renameSync(backup, join(databases, 'other.db'));
    await restoreDatabase(options({ from: join(databases, 'other.db') }));
    expect(existsSync(join(target, 'neostore'))).toBe(true);
    expect(namesIn(databases)).toEqual(['graph.db', 'other.db', 'store_lock']);
  });
});

describe('locks', () => {
  it.each([
    ['3.4: in the database', () => join(target, 'store_lock')],
    ['3.5: beside it', () => join(databases, 'store_lock')],
  ])('a running server is noticed (%s)', async (_, path) => {
    makeOldDatabase();
    writeFileSync(path(), '');
    const server = await lockFile(path());
    await expect(restoreDatabase(options({ force: true }))).rejects.toMatchObject({
      code: 'directory.in-use',
      message: 'the database is in use -- stop Neo4j and try again',
    });
    await server.release();
    expect(readFileSync(join(target, 'neostore'), 'utf8')).toBe('old');
    await restoreDatabase(options({ force: true }));
  });

  it.each([
    ['a job of ours', () => `${backup}.graphkeep-lock`],
    ['a 3.4 client', () => join(backup, 'store_lock')],
    ['a 3.5 client', () => join(root, 'backups', 'store_lock')],
  ])('a backup that is being written is refused (%s)', async (_, path) => {
    const job = await lockFile(path());
    await expect(restoreDatabase(options({ patienceMs: 0 }))).rejects.toMatchObject({
      code: 'directory.in-use',
      message: 'the backup is being written by another process',
    });
    await job.release();
  });

  it('a backup that is written for a moment only is waited for', async () => {
    const job = await lockFile(`${backup}.graphkeep-lock`);
    const restored = restoreDatabase(options());
    await setImmediate();
    await job.release();
    await restored;
    expect(existsSync(join(target, 'neostore'))).toBe(true);
  });

  it('a restore removes the lock file that a killed restore has left at the backup', async () => {
    writeFileSync(`${backup}.graphkeep-lock`, '');
    await restoreDatabase(options());
    expect(existsSync(`${backup}.graphkeep-lock`)).toBe(false);
  });

  it('no job of ours begins in a backup on a mount point while it is restored', async () => {
    const unmount = pretendMounts(backup);
    onTestFinished(unmount);
    const lock = join(backup, '.graphkeep-lock');
    const attempts: Promise<unknown>[] = [];
    const onEvent = whenFileBegins((name) => {
      if (name === 'neostore') attempts.push(tryLockFile(lock));
    });
    await restoreDatabase(options({ onEvent }));
    expect(await Promise.all(attempts)).toEqual([undefined]);
    expect(existsSync(lock)).toBe(false);
    expect(namesIn(target)).toEqual(expected());

    const job = await lockFile(lock);
    await expect(restoreDatabase(options({ force: true, patienceMs: 0 }))).rejects.toMatchObject({
      code: 'directory.in-use',
      place: { file: lock },
    });
    await job.release();
  });

  it('locks are held while the files are replaced, and gone afterwards', async () => {
    makeOldDatabase();
    const seen: unknown[] = [];
    await restoreDatabase(
      options({
        force: true,
        onEvent: whenFileBegins((name) => {
          if (name === 'neostore')
            seen.push(existsSync(join(target, 'store_lock')), existsSync(join(databases, 'store_lock')));
        }),
      }),
    );
    expect(seen).toEqual([true, true]);
    expect(existsSync(join(databases, 'store_lock'))).toBe(false);
    expect(existsSync(join(target, 'store_lock'))).toBe(false);
  });
});

describe('a log directory of its own', () => {
  const logs = () => join(root, 'logs');
  const separate = (changes: Partial<RestoreOptions> = {}) => options({ transactionLogDirectory: logs(), ...changes });

  it('a separate log directory gets the transaction logs, and only them', async () => {
    await restoreDatabase(separate());
    const isLog = (name: string) => name.startsWith('neostore.transaction.db.');
    expect(namesIn(logs())).toEqual(expected().filter(isLog));
    expect(namesIn(target)).toEqual(expected().filter((name) => !isLog(name)));
  });

  it('a separate log directory loses its old logs with force, but no other file', async () => {
    mkdirSync(logs());
    writeFileSync(join(logs(), 'neostore.transaction.db.41'), 'old');
    writeFileSync(join(logs(), 'notes.txt'), 'mine');
    await expect(restoreDatabase(separate())).rejects.toMatchObject({ code: 'database.exists' });
    expect(namesIn(logs())).toEqual(['neostore.transaction.db.41', 'notes.txt']);
    await restoreDatabase(separate({ force: true }));
    expect(namesIn(logs())).toEqual(['neostore.transaction.db.0', 'notes.txt']);
    expect(existsSync(join(target, 'neostore'))).toBe(true);
    expect(namesIn(target).filter((name) => name.includes('graphkeep'))).toEqual([]);
  });
});

describe('a backup that was not shut down cleanly', () => {
  beforeEach(async () => {
    await unpackCorpus('recovery/3.4.9-standard-dirty.tar.gz', join(root, 'dirty'));
    backup = join(root, 'dirty', 'graph.db');
  });

  it('a backup that was not shut down cleanly is recovered in the copy; the backup stays as it is', async () => {
    const before = readFileSync(join(backup, 'neostore'));
    let recoveredAt = '';
    const report = await restoreDatabase(
      options({
        recoverStore: async (directory) => {
          recoveredAt = directory;
          writeFileSync(join(directory, 'recovered'), '');
        },
      }),
    );
    expect(report).toMatchObject({ recovered: true, needsRecovery: false });
    expect(recoveredAt).toBe(join(`${target}.graphkeep-new`, 'store'));
    expect(existsSync(join(target, 'recovered'))).toBe(true);
    expect(readFileSync(join(backup, 'neostore')).equals(before)).toBe(true);
  });

  it('a backup that was not shut down cleanly is left to the server if it cannot be recovered here', async () => {
    expect(await restoreDatabase(options())).toMatchObject({ recovered: false, needsRecovery: true });
    expectRestored();
  });

  it('a backup that was not shut down cleanly is not put in place when the recovery fails', async () => {
    makeOldDatabase();
    const recoverStore = () => Promise.reject(new Error('cannot recover'));
    await expect(restoreDatabase(options({ force: true, recoverStore }))).rejects.toThrow('cannot recover');
    expect(readFileSync(join(target, 'neostore'), 'utf8')).toBe('old');
    expect(namesIn(databases)).toEqual(['graph.db']);
  });
});

it('a mount point cannot be replaced, and is refused before anything is copied', async () => {
  await expect(
    StagedDatabase.create({
      databaseDirectory: '/proc',
      transactionLogDirectory: '/proc',
      force: true,
      files: NEO4J_3.files,
    }),
  ).rejects.toThrow('the directory proc is a mount point and cannot be replaced');
});

it('a backup on a read-only disk is restored without a lock', async () => {
  // root can write anywhere, so only other users see the refusal; the restore must work for both.
  chmodSync(join(root, 'backups'), 0o555);
  await restoreDatabase(options());
  chmodSync(join(root, 'backups'), 0o755);
  expectRestored();
});

describe('who may read, and who may change', () => {
  const modeOf = (path: string) => lstatSync(path).mode & 0o777;

  it.skipIf(process.platform === 'win32')('the umask limits what has no predecessor, and nothing else', async () => {
    chmodSync(backup, 0o755);
    chmodSync(join(backup, 'neostore'), 0o644);
    const usual = process.umask(0o077);
    try {
      await restoreDatabase(options());
      expect([modeOf(target), modeOf(join(target, 'neostore'))]).toEqual([0o700, 0o600]);
      chmodSync(target, 0o755);
      chmodSync(join(target, 'neostore'), 0o644);
      await restoreDatabase(options({ force: true }));
      expect([modeOf(target), modeOf(join(target, 'neostore'))]).toEqual([0o755, 0o644]);
    } finally {
      process.umask(usual);
    }
  });

  it.runIf(process.geteuid !== undefined && process.geteuid() !== 0)(
    'a directory around the database that may not be changed is named with its modes, not the owner of the database',
    async () => {
      makeOldDatabase();
      chmodSync(databases, 0o555);
      try {
        const error = await restoreDatabase(options({ force: true })).catch((thrown: unknown) => thrown);
        expect(error).toMatchObject({ code: 'directory.forbidden', place: { file: databases } });
        expect((error as GraphkeepError).hint).toMatch(/mode 0555/);
        expect(namesIn(databases)).toEqual(['graph.db']);
      } finally {
        chmodSync(databases, 0o755);
      }
    },
  );
});
