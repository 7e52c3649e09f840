import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { dumpDatabase } from '../../src/restore/database-dump.ts';
import { restoreDatabase } from '../../src/restore/database-restore.ts';
import { attemptBackup, makeBackup } from '../support/commands/backup-attempt.ts';
import { type GeneratedHistory, generateHistory } from '../support/history/generated-history.ts';
import { BackupServer } from '../support/servers/backup-server.ts';

/*
 * Promise: a link that leads out of a database or backup is refused by everything that copies, packs or changes it. Its destination is
 * neither exposed nor changed. (For `serve` see src/serve/database/served-files.test.ts.)
 */

const NODES = 'neostore.nodestore.db';
const root = mkdtempSync(join(tmpdir(), 'graphkeep-outer-links-'));
const secret = join(root, 'secret');
const backupDir = join(root, 'backups');
const backup = join(backupDir, 'db');
const target = join(root, 'databases', 'graph.db');
const archive = join(root, 'x.dump');
const signal = new AbortController().signal;
let history: GeneratedHistory;
let server: BackupServer;

beforeAll(async () => {
  history = await generateHistory(join(root, 'source'), { nodes: 20 });
});
afterAll(() => rmSync(root, { recursive: true }));

beforeEach(async () => {
  for (const path of [backupDir, join(root, 'databases')]) mkdirSync(path);
  server = await BackupServer.start(history, 9);
  await makeBackup(backupDir, server.address);
});
afterEach(async () => {
  await server.stop();
  for (const path of [backupDir, join(root, 'databases'), secret]) rmSync(path, { recursive: true, force: true });
});

const kinds: [string, () => string][] = [
  [
    'a record store',
    () => {
      renameSync(join(backup, NODES), secret);
      symlinkSync(secret, join(backup, NODES));
      return join(backup, NODES);
    },
  ],
  [
    'a file below schema/index',
    () => {
      writeFileSync(secret, 'secret');
      mkdirSync(join(backup, 'schema', 'index'), { recursive: true });
      symlinkSync(secret, join(backup, 'schema', 'index', 'tree'));
      return join(backup, 'schema', 'index', 'tree');
    },
  ],
  [
    'a directory',
    () => {
      mkdirSync(secret);
      writeFileSync(join(secret, 'key'), 'secret');
      symlinkSync(secret, join(backup, 'index'));
      return join(backup, 'index');
    },
  ],
];

const refused = (link: string) => ({
  code: 'file.io',
  message: 'a link leads out of the directory',
  place: { file: link },
  observed: secret,
});

describe.each(kinds)('%s that is a link to the outside', (_, makeLink) => {
  it('a backup with a link to the outside is not restored', async () => {
    const link = makeLink();
    const restoring = restoreDatabase({
      typedFrom: backup,
      from: backup,
      databaseName: 'graph.db',
      databaseDirectory: target,
      transactionLogDirectory: target,
      force: false,
      signal,
    });
    await expect(restoring).rejects.toMatchObject(refused(link));
    expect(readdirSync(join(root, 'databases'))).toEqual([]);
  });

  it('a database with a link to the outside is not dumped', async () => {
    const link = makeLink();
    const dumping = dumpDatabase({
      databaseName: 'db',
      databaseDirectory: backup,
      transactionLogDirectory: backup,
      to: archive,
      signal,
    });
    await expect(dumping).rejects.toMatchObject(refused(link));
    expect(existsSync(archive)).toBe(false);
  });

  it('a link to the outside ends an incremental before anything is changed, and no full backup covers it up', async () => {
    const link = makeLink();
    const before = existsSync(join(secret, 'key')) ? 'a directory' : readFileSync(secret);
    server.newest = 12;
    const { error } = await attemptBackup(backupDir, server.address, { fallbackToFull: true });
    expect(error).toMatchObject({ code: 'file.io' });
    expect(`${error?.message} ${JSON.stringify(error)}`).toContain(link);
    expect(existsSync(join(secret, 'key')) ? 'a directory' : readFileSync(secret)).toEqual(before);
    expect(readdirSync(backupDir)).toEqual(['db']);
  });
});
