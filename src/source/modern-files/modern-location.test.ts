import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeTemporaryDirectory, removeDirectory } from '../../../test/support/corpus/unpack-corpus.ts';
import { chooseModernDatabases, locateModernDatabases, type ModernDatabase } from './modern-location.ts';

let root: string;
let home: string;
beforeEach(async () => {
  root = await makeTemporaryDirectory();
  home = join(root, 'neo4j-home');
});
afterEach(() => removeDirectory(root));

function makeDatabases(data: string, ...names: string[]): void {
  for (const name of names) {
    mkdirSync(join(data, 'databases', name), { recursive: true });
    writeFileSync(join(data, 'databases', name, 'neostore'), '');
  }
}

function writeConf(...lines: string[]): string {
  mkdirSync(join(home, 'conf'), { recursive: true });
  writeFileSync(join(home, 'conf/neo4j.conf'), lines.join('\n'));
  return join(home, 'conf/neo4j.conf');
}

const find = async (path: string, configFile?: string) => (await locateModernDatabases(path, configFile)).databases;
const logs = (databases: readonly ModernDatabase[]) => databases.map(({ logDirectory }) => logDirectory);

describe('locateModernDatabases', () => {
  it.each([
    ['a configuration without directories', ['server.bolt.enabled=true', 'dbms.config.strict_validation=true']],
    ['no configuration', undefined],
  ])('finds all databases by the home and by the data directory: %s', async (_, conf) => {
    const file = conf === undefined ? undefined : writeConf(...conf);
    const data = join(home, 'data');
    makeDatabases(data, 'system', 'neo4j', 'old');
    mkdirSync(join(data, 'databases', 'empty'));
    const database = (name: string, isServed: boolean) => ({
      name,
      directory: join(data, 'databases', name),
      logDirectory: join(data, 'transactions', name),
      isServed,
    });
    for (const path of [home, data]) {
      const { settings, ...found } = await locateModernDatabases(path);
      expect(settings.first(['server.bolt.enabled'])).toBe(conf === undefined ? undefined : 'true');
      expect(found).toEqual({
        dataDirectory: data,
        configFile: file,
        databases: [database('neo4j', true), database('old', false), database('system', true)],
      });
    }
    expect(await find(join(data, 'databases', 'old'))).toEqual([database('old', false)]);
  });

  it.each([
    ['4.x', 'dbms.directories.data', 'dbms.directories.transaction.logs.root', 'dbms.default_database'],
    [
      '5.0 and later',
      'server.directories.data',
      'server.directories.transaction.logs.root',
      'initial.dbms.default_database',
    ],
  ])('reads the settings of %s', async (_, data, logRoot, name) => {
    writeConf(`${data}=${join(root, 'store')}`, `${logRoot}=../tx`, `${name}=Movies`);
    makeDatabases(join(root, 'store'), 'movies', 'neo4j');
    const databases = await find(home);
    expect(databases.map(({ isServed }) => isServed)).toEqual([true, false]);
    expect(logs(databases)).toEqual([join(root, 'tx/movies'), join(root, 'tx/neo4j')]);
  });

  it('the newer name of a setting comes first', async () => {
    writeConf('dbms.default_database=older', 'initial.dbms.default_database=newer');
    makeDatabases(join(home, 'data'), 'newer', 'older');
    expect((await find(home)).map(({ isServed }) => isServed)).toEqual([true, false]);
  });

  it('the configuration that the user names counts, and must be there', async () => {
    writeConf('server.directories.transaction.logs.root=/wrong');
    makeDatabases(join(home, 'data'), 'neo4j');
    const named = join(root, 'other.conf');
    await expect(find(home, named)).rejects.toMatchObject({ code: 'config.unreadable', place: { file: named } });
    writeFileSync(named, 'server.directories.transaction.logs.root=/right');
    for (const path of [join(home, 'data'), join(home, 'data/databases/neo4j')]) {
      expect(logs(await find(path, named))).toEqual(['/right/neo4j']);
    }
  });

  it('a value that only the server can find out is not guessed', async () => {
    const file = writeConf('', 'server.directories.data=$(cat /where)');
    await expect(find(home)).rejects.toMatchObject({ code: 'config', place: { file, line: 2 } });
  });

  it('a copy outside of a server has its log beside it', async () => {
    const copy = join(root, 'copy');
    mkdirSync(copy);
    writeFileSync(join(copy, 'neostore'), '');
    expect(await find(copy)).toMatchObject([{ name: 'copy', directory: copy, logDirectory: copy }]);
  });

  it('the databases that the server opens are chosen, or one by its name, or all', async () => {
    makeDatabases(join(home, 'data'), 'system', 'neo4j', 'old');
    const all = await find(home);
    const choose = (wanted?: string) => chooseModernDatabases(all, wanted, home).map(({ name }) => name);
    expect(choose()).toEqual(['neo4j', 'system']);
    expect(choose('old')).toEqual(['old']);
    expect(choose('*')).toEqual(['neo4j', 'old', 'system']);
    expect(() => choose('none')).toThrow(expect.objectContaining({ code: 'backup.missing' }));
  });

  it('says where it looked if there is none', async () => {
    await expect(find(root)).rejects.toMatchObject({
      code: 'backup.missing',
      place: { file: join(root, 'data', 'databases') },
    });
  });
});
