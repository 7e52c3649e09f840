import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { makeTemporaryDirectory, removeDirectory } from '../../test/support/corpus/unpack-corpus.ts';
import { locateDatabase } from './database-location.ts';
import { ClientConfig } from './neo4j-conf.ts';

let root: string;
beforeEach(async () => {
  root = await makeTemporaryDirectory();
});
afterEach(() => removeDirectory(root));

const nothing = () => ({ config: new ClientConfig('/elsewhere'), isNamed: false });

function makeServer(conf?: string, database = 'graph.db'): { home: string; data: string; database: string } {
  const home = join(root, 'neo4j');
  const data = join(home, 'data');
  const directory = join(data, 'databases', database);
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, 'neostore'), '');
  if (conf !== undefined) {
    mkdirSync(join(home, 'conf'));
    writeFileSync(join(home, 'conf/neo4j.conf'), conf);
  }
  return { home, data, database: directory };
}

it.each([
  ['no configuration', undefined],
  ['a configuration without directories', 'dbms.backup.enabled=true\n'],
])('home, data directory and database lead to the same database: %s', async (_, conf) => {
  const { home, data, database } = makeServer(conf);
  for (const path of [home, data, database]) {
    expect(await locateDatabase(path, nothing())).toMatchObject({ directory: database, logDirectory: database });
  }
});

it('the configuration near the path says which database, and where its logs are', async () => {
  const conf = 'dbms.active_database=movies\ndbms.directories.tx_log=logs/tx\n';
  const { home, data, database } = makeServer(conf, 'movies');
  for (const path of [home, data, database]) {
    const found = await locateDatabase(path, nothing());
    expect(found).toMatchObject({ directory: database, logDirectory: join(home, 'logs/tx') });
  }
});

it('the configuration may keep the data elsewhere', async () => {
  const { data, database } = makeServer();
  const home = join(root, 'etc');
  mkdirSync(join(home, 'conf'), { recursive: true });
  writeFileSync(join(home, 'conf/neo4j.conf'), `dbms.directories.data=${data}\n`);
  expect(await locateDatabase(home, nothing())).toMatchObject({ directory: database });
});

it('a configuration that the user names counts, not the one near the path', async () => {
  const { database } = makeServer('dbms.directories.tx_log=wrong\n');
  const config = new ClientConfig(root, new Map([['dbms.directories.tx_log', '/right']]));
  expect(await locateDatabase(database, { config, isNamed: true })).toMatchObject({ logDirectory: '/right' });
});

it('a backup keeps its logs inside, whatever is configured around it', async () => {
  const backup = join(root, 'backups/nightly');
  mkdirSync(backup, { recursive: true });
  writeFileSync(join(backup, 'neostore'), '');
  const found = await locateDatabase(backup, nothing());
  expect(found).toMatchObject({ directory: backup, logDirectory: backup });
});

it('a path without a database is refused, with what was looked for', async () => {
  const { home } = makeServer('dbms.active_database=other\n');
  for (const path of [home, join(root, 'nowhere')]) {
    await expect(locateDatabase(path, nothing())).rejects.toMatchObject({
      code: 'backup.missing',
      message: `no database was found by the path ${path}`,
      observed: 'no file neostore',
    });
  }
});

it('the directories of a later release are recognized, and what backs them up is named', async () => {
  const { home, data } = makeServer(undefined, 'neo4j');
  mkdirSync(join(data, 'transactions'));
  for (const path of [home, data]) {
    await expect(locateDatabase(path, nothing())).rejects.toMatchObject({
      code: 'store.format',
      hint: expect.stringContaining('--repo=<repository>'),
    });
  }
});
