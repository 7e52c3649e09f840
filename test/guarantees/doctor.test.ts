import { execFile } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Diagnosis } from '../../src/doctor/doctor.ts';
import { EmbeddedDatabase } from '../../src/embedded/embedded-database.ts';
import { makeBackup } from '../support/commands/backup-attempt.ts';
import { examineAsOther } from '../support/commands/doctor-as-other.ts';
import { checksAt, findingOf } from '../support/commands/doctor-options.ts';
import { runJson } from '../support/commands/json-run.ts';
import { World } from '../support/commands/world.ts';
import { unpackStore } from '../support/corpus/golden-store.ts';
import { makeTemporaryDirectory, removeDirectory } from '../support/corpus/unpack-corpus.ts';
import { DirectoryWatch } from '../support/live/directory-watch.ts';
import { canTrace, harmfulCalls, traced } from '../support/live/traced-calls.ts';
import { GrowingDatabase } from '../support/modern/growing-database.ts';

/*
 * Promise: the doctor changes nothing, neither at the database nor at the place of the backup, and takes no lock. It names what the user
 * who makes the backups may not read or write, before a backup fails for it.
 */

describe('a doctor beside a database and its backup', () => {
  let root: string;
  let database: EmbeddedDatabase;

  beforeEach(async () => {
    root = await makeTemporaryDirectory();
    for (const name of ['backups', 'calls']) mkdirSync(join(root, name));
    mkdirSync(join(root, 'home', 'data', 'databases'), { recursive: true });
    database = await EmbeddedDatabase.open(join(root, 'home', 'data', 'databases', 'graph.db'));
    await database.transact((tx) => tx.createNode(['Item'], {}));
    await makeBackup(join(root, 'backups'), { directory: database.directory, logDirectory: database.directory });
    await database.transact((tx) => tx.createNode(['Item'], {}));
    // What a killed run and a fallback leave, and locks that nobody holds.
    for (const name of ['db.graphkeep-work/ready', 'db.err.0'])
      mkdirSync(join(root, 'backups', name), { recursive: true });
    for (const name of ['db.graphkeep-lock', 'db/store_lock']) writeFileSync(join(root, 'backups', name), '');
  });

  afterEach(async () => {
    await database.close();
    await removeDirectory(root);
  });

  it('no call of the program creates, changes, removes or locks anything, and the system reports no change', async () => {
    const watch = new DirectoryWatch(root);
    const program = join(import.meta.dirname, '../../bin/graphkeep');
    const args = [
      program,
      'doctor',
      `--from=file:${join(root, 'home')}`,
      `--to=${join(root, 'backups', 'db')}`,
      '--json',
    ];
    const [command, ...words] = [...(canTrace ? traced(join(root, 'calls')) : []), process.execPath, ...args];
    const { stdout } = await promisify(execFile)(command!, words, { cwd: '/' });
    const changes = (await watch.end()).filter((change) => !change.includes(join(root, 'calls')));
    expect(changes).toEqual([]);
    expect(checksAt('fail', JSON.parse(stdout) as Diagnosis)).toEqual([]);
    expect(canTrace ? harmfulCalls(join(root, 'calls'), root) : []).toEqual([]);
  });
});

describe('a doctor beside a database of 4.2 or later and its repository', () => {
  let world: World;

  beforeEach(async () => {
    world = await World.create();
  });
  afterEach(() => world.close());

  it('no call of the program creates, changes, removes or locks anything, and the system reports no change', async () => {
    const database = await GrowingDatabase.unpack('5.26.30-fuzzy', world.path('servers'));
    const ids = database.transactions.map(({ id }) => id);
    const repo = `--repo=${world.path('repository')}`;
    await runJson(world, ['repo', 'init', repo, '--no-encryption']);
    database.endAt(ids[0]!);
    await runJson(world, ['backup', `--from=file:${database.home}`, repo]);
    database.endAt(ids.at(-1)!);
    mkdirSync(world.path('calls'));
    const watch = new DirectoryWatch(world.root);
    const program = join(import.meta.dirname, '../../bin/graphkeep');
    const args = [program, 'doctor', '--config=none', `--from=file:${database.home}`, repo, '--json'];
    const [command, ...words] = [...(canTrace ? traced(world.path('calls')) : []), process.execPath, ...args];
    const { stdout } = await promisify(execFile)(command!, words, { cwd: '/' });
    const changes = (await watch.end()).filter((change) => !change.includes(world.path('calls')));
    expect(changes).toEqual([]);
    const diagnosis = JSON.parse(stdout) as Diagnosis;
    expect(checksAt('fail', diagnosis)).toEqual([]);
    expect(findingOf('continuation', diagnosis).observed).toContain('transactions are missing');
    expect(canTrace ? harmfulCalls(world.path('calls'), world.root) : []).toEqual([]);
  });
});

describe.skipIf(process.platform === 'win32')('rights at a database of 4.2 or later that are missing', () => {
  let world: World;
  let database: GrowingDatabase;

  beforeEach(async () => {
    world = await World.create();
    database = await GrowingDatabase.unpack('5.26.30-fuzzy', world.path('servers'));
    chmodTree(world.root, { directory: 0o755, file: 0o644 });
  });
  afterEach(() => {
    chmodTree(world.root, { directory: 0o755, file: 0o644 });
    return world.close();
  });

  const from = () => `file:${database.home}`;

  it('a user who may read everything has nothing that fails', async () => {
    expect(checksAt('fail', await examineAsOther({ from: from() }))).toEqual([]);
  });

  it.each([
    ['a record store', 'databases/neo4j/neostore.nodestore.db', 'read-rights'],
    ['a tree', 'databases/neo4j/neostore.counts.db', 'read-rights'],
    ['a log file', 'transactions/neo4j/neostore.transaction.db.0', 'read-rights'],
    ['the check points', 'transactions/neo4j/checkpoint.0', 'read-rights'],
    ['the metadata', 'databases/neo4j/neostore', 'store'],
  ] as const)('%s that cannot be read is named, and who owns it', async (_, name, check) => {
    chmodSync(join(database.data, name), 0);
    const diagnosis = await examineAsOther({ from: from() });
    expect(checksAt('fail', diagnosis)).toEqual([check]);
    const finding = findingOf(check, diagnosis);
    expect(finding.observed).toContain(join(database.data, name));
    expect(finding.remedy).toMatch(/owner .*mode 0000/);
  });
});

function chmodTree(root: string, mode: { directory: number; file: number }): void {
  chmodSync(root, mode.directory);
  for (const entry of readdirSync(root, { withFileTypes: true, recursive: true })) {
    chmodSync(join(entry.parentPath, entry.name), entry.isDirectory() ? mode.directory : mode.file);
  }
}

// Root may do all, so these run as another user.
describe.skipIf(process.platform === 'win32')('rights that are missing', () => {
  let root: string;
  let store: string;
  let backupDir: string;

  beforeEach(async () => {
    root = await makeTemporaryDirectory();
    store = await unpackStore('3.5.34-standard', join(root, 'source'));
    backupDir = join(root, 'backups');
    mkdirSync(backupDir);
    for (const path of [root, join(root, 'source'), dirname(store), store]) chmodSync(path, 0o755);
    chmodSync(backupDir, 0o777);
    for (const name of readdirSync(store))
      chmodSync(join(store, name), name === 'schema' || name === 'index' ? 0o755 : 0o644);
  });

  afterEach(() => {
    chmodSync(store, 0o755);
    return removeDirectory(root);
  });

  const from = () => `file:${store}`;

  it('a user with all rights has nothing that fails', async () => {
    const diagnosis = await examineAsOther({ from: from(), backupDir, name: 'new' });
    expect(checksAt('fail', diagnosis)).toEqual([]);
    expect(readdirSync(backupDir)).toEqual([]);
  });

  it('files that cannot be read are named, and who owns them', async () => {
    const closed = [
      'neostore.nodestore.db',
      'neostore.propertystore.db',
      'neostore.transaction.db.0',
      'neostore.schemastore.db',
    ];
    for (const name of closed) chmodSync(join(store, name), 0);
    const diagnosis = await examineAsOther({ from: from() });
    const finding = findingOf('read-rights', diagnosis);
    expect(finding).toMatchObject({ level: 'fail', numbers: { unreadable: 4 } });
    expect(finding.observed).toContain(`${join(store, 'neostore.nodestore.db')}, `);
    expect(finding.observed).toContain('and 1 more');
    expect(finding.remedy).toMatch(/owner .*mode 0000.*group/);
  });

  it('a directory that is closed fails with its owner and mode', async () => {
    chmodSync(store, 0);
    const diagnosis = await examineAsOther({ from: from() });
    expect(checksAt('fail', diagnosis)).toEqual(['database']);
    expect(findingOf('database', diagnosis).remedy).toContain('mode 0000');
  });

  it('a place in which nothing can be made fails, and so does a backup with a file that cannot be changed', async () => {
    chmodSync(backupDir, 0o555);
    const place = await examineAsOther({ backupDir, name: 'new' });
    expect(findingOf('target-rights', place)).toMatchObject({
      level: 'fail',
      observed: expect.stringContaining('mode 0555'),
    });
    chmodSync(backupDir, 0o777);
    const backup = await unpackStore('3.5.34-standard', join(backupDir, 'b'));
    chmodTree(backup, { directory: 0o777, file: 0o666 });
    const around = dirname(backup);
    chmodSync(around, 0o777);
    const at = { backupDir: around, name: 'graph.db' };
    expect(checksAt('fail', await examineAsOther(at))).toEqual([]);
    chmodSync(join(backup, 'neostore.counts.db.a'), 0o444);
    expect(findingOf('target-rights', await examineAsOther(at)).observed).toContain('neostore.counts.db.a');
  });
});
