import { chmodSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { EmbeddedDatabase } from '../../src/embedded/embedded-database.ts';
import { makeBackup } from '../support/commands/backup-attempt.ts';
import { makeTemporaryDirectory, removeDirectory } from '../support/corpus/unpack-corpus.ts';
import { DirectoryWatch } from '../support/live/directory-watch.ts';
import { EmbeddedLoad, loadSchema } from '../support/live/embedded-load.ts';
import { backUpFiles, WatchedProgram } from '../support/live/watched-program.ts';
import { SEED } from '../support/random/seed.ts';

/*
 * Promise: the program that makes a backup from the files of a database, or serves them, changes nothing in its directories: it opens
 * nothing for writing, creates, renames, removes and locks nothing, and sets no rights or times. It needs no right to do so.
 */

let scratch: string;
let home: string;
let backup: string;
let directory: string;
let database: EmbeddedDatabase;
let load: EmbeddedLoad;

beforeEach(async () => {
  scratch = await makeTemporaryDirectory();
  home = join(scratch, 'server');
  backup = join(scratch, 'backup');
  directory = join(home, 'data/databases/graph.db');
  mkdirSync(join(directory, '..'), { recursive: true });
  console.log(`GRAPHKEEP_SEED=${SEED}`);
  database = await EmbeddedDatabase.open(directory, { rotationBytes: 16 * 1024, checkPointTransactions: 100 });
  await database.createUniquenessConstraint(loadSchema.unique.label, loadSchema.unique.key);
  load = new EmbeddedLoad(database, { seed: SEED });
  await load.run(60);
});

afterEach(async () => {
  await load.stop();
  await database.close();
  await removeDirectory(scratch);
});

it('full and incremental backups of a database under load need no right to write there, and no call tries to', async () => {
  const program = new WatchedProgram(home, scratch);
  load.start();
  expect(await program.backUp(backup)).toBe('full');
  await load.reach(load.statistics.committed + 50);
  expect(await program.backUp(backup)).toBe('incremental');
  expect(program.harmful).toEqual([]);
  expect(program.countOpened('neostore.nodestore.db')).not.toBe(0);
  expect(program.countOpened('neostore.transaction.db.')).not.toBe(0);
});

it('a database under load is served without any right to write there, and no call tries to', async () => {
  const program = new WatchedProgram(home, scratch);
  await program.serveWhile(async (port) => {
    const from = { host: '127.0.0.1', port };
    load.start();
    expect(await makeBackup(backup, from)).toMatchObject({ kind: 'full' });
    await load.reach(load.statistics.committed + 50);
    expect(await makeBackup(backup, from)).toMatchObject({ kind: 'incremental' });
    await load.stop();
  });
  expect(program.harmful).toEqual([]);
  expect(program.countOpened('neostore.labelscanstore.db')).not.toBe(0);
});

it('the system reports no change in the directories of a database while full and incremental backups are made', async () => {
  for (const kind of ['full', 'incremental', 'unchanged']) {
    if (kind === 'incremental') await load.run(10);
    // Check points are made in the background: none is after this.
    await database.checkPoint();
    const watch = new DirectoryWatch(home);
    expect(await backUpFiles(home, backup)).toBe(kind);
    expect(await watch.end()).toEqual([]);
  }
  const watch = new DirectoryWatch(home);
  const name = readdirSync(directory).find((file) => file.includes('nodestore'))!;
  chmodSync(join(directory, name), 0o600);
  expect(await watch.end()).toEqual([expect.stringContaining(name)]);
});
