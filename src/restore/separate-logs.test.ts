import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeTemporaryDirectory, removeDirectory, unpackCorpus } from '../../test/support/corpus/unpack-corpus.ts';
import { LOG_FILE_PREFIX } from '../log/log-files.ts';
import { dumpDatabase } from './database-dump.ts';
import { loadDatabase } from './database-load.ts';
import { restoreDatabase } from './database-restore.ts';

/*
 * Two genuine databases of one installation, `one` and `two`, whose logs share a directory, as with dbms.directories.tx_log. The logs in it
 * belong to `one`.
 */

let root: string;
const signal = new AbortController().signal;
const at = (...names: string[]) => join(root, ...names);
const logs = () => at('logs');
const database = (name: string) => at('databases', name);
const logsIn = (directory: string) => readdirSync(directory).filter((name) => name.startsWith(LOG_FILE_PREFIX));

beforeEach(async () => {
  root = await makeTemporaryDirectory();
  mkdirSync(logs());
  mkdirSync(at('databases'));
  for (const [name, corpus] of [
    ['one', 'stores/3.4.9-standard.tar.gz'],
    ['two', 'stores/3.5.34-standard.tar.gz'],
    ['backup', 'stores/3.4.9-empty.tar.gz'],
  ] as const) {
    mkdirSync(at('unpacked'));
    await unpackCorpus(corpus, at('unpacked'));
    renameSync(at('unpacked', 'graph.db'), name === 'backup' ? at('backup') : database(name));
    rmSync(at('unpacked'), { recursive: true });
  }
  for (const name of logsIn(database('one'))) renameSync(join(database('one'), name), join(logs(), name));
  for (const name of logsIn(database('two'))) rmSync(join(database('two'), name));
});
afterEach(() => removeDirectory(root));

const target = (name: string) => ({
  databaseName: name,
  databaseDirectory: database(name),
  transactionLogDirectory: logs(),
  force: true,
  signal,
});
const restore = (name: string) => restoreDatabase({ typedFrom: at('backup'), from: at('backup'), ...target(name) });
const dump = (name: string) => dumpDatabase({ ...target(name), to: at(`${name}.dump`) });

async function load(name: string): Promise<void> {
  await dumpDatabase({
    ...target('backup'),
    databaseDirectory: at('backup'),
    transactionLogDirectory: at('backup'),
    to: at('x'),
  });
  await loadDatabase({ from: at('x'), ...target(name) });
}

describe('logs in a directory that databases share', () => {
  it.each([
    ['restore', restore],
    ['load', load],
    ['dump', dump],
  ])(
    '%s leaves the logs of another database in a shared directory alone, and says whose they are',
    async (_, command) => {
      const before = logsIn(logs());
      expect(before.length).toBeGreaterThan(0);
      await expect(command('two')).rejects.toMatchObject({
        code: 'database.exists',
        message: expect.stringMatching(/the transaction logs may belong to (the database one|another database)/),
        place: { file: logs() },
      });
      expect(logsIn(logs())).toEqual(before);
      expect(existsSync(join(database('two'), 'neostore'))).toBe(true);
      expect(existsSync(at('two.dump'))).toBe(false);
    },
  );

  it('logs in a shared directory are replaced with the database to which they belong', async () => {
    await restore('one');
    expect(logsIn(logs())).toEqual(logsIn(at('backup')));
    expect(logsIn(database('one'))).toEqual([]);
  });

  it('logs in a shared directory are dumped with the database to which they belong', async () => {
    await dump('one');
    expect(existsSync(at('one.dump'))).toBe(true);
  });

  it('logs in a shared directory are not touched for a new database beside their owner', async () => {
    const before = logsIn(logs());
    await expect(restore('new')).rejects.toMatchObject({ code: 'database.exists' });
    expect(logsIn(logs())).toEqual(before);
    expect(existsSync(database('new'))).toBe(false);
  });
});
