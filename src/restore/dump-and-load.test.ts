import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { gunzipSync } from 'node:zlib';
import tar from 'tar-stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { whenFileBegins } from '../../test/support/commands/when-file-begins.ts';
import { makeTemporaryDirectory, removeDirectory, unpackCorpus } from '../../test/support/corpus/unpack-corpus.ts';
import { lockFile } from '../../test/support/stores/locked-file.ts';
import { hasCode } from '../base/errors.ts';
import { removeClusterState } from './cluster-state.ts';
import { type DumpOptions, dumpDatabase } from './database-dump.ts';
import { type LoadOptions, loadDatabase } from './database-load.ts';

let root: string;
let databases: string;
let database: string;
const at = (...names: string[]) => join(root, ...names);
const namesIn = (directory: string) => readdirSync(directory).sort();
const signal = new AbortController().signal;

beforeEach(async () => {
  root = await makeTemporaryDirectory();
  databases = at('databases');
  database = join(databases, 'graph.db');
  mkdirSync(databases);
  await unpackCorpus('stores/3.4.9-empty.tar.gz', databases);
  mkdirSync(join(database, 'schema', 'empty'), { recursive: true });
  writeFileSync(join(database, 'neostore.nothing.id'), '');
  writeFileSync(join(database, 'store_lock'), '');
});
afterEach(() => removeDirectory(root));

const dump = (changes: Partial<DumpOptions> = {}) =>
  dumpDatabase({
    databaseName: 'graph.db',
    databaseDirectory: database,
    transactionLogDirectory: changes.databaseDirectory ?? database,
    to: at('x.dump'),
    signal,
    ...changes,
  });
const load = (changes: Partial<LoadOptions> = {}) =>
  loadDatabase({
    from: at('x.dump'),
    databaseName: 'loaded',
    databaseDirectory: join(databases, 'loaded'),
    transactionLogDirectory: join(databases, 'loaded'),
    force: false,
    signal,
    ...changes,
  });

async function entriesOf(archive: string): Promise<{ name: string; type: string; size: number; content: Buffer }[]> {
  const extract = tar.extract();
  extract.end(gunzipSync(readFileSync(archive)));
  const entries = [];
  for await (const entry of extract) {
    const { name, type, size } = entry.header;
    entries.push({ name, type, size, content: await buffer(entry) });
  }
  return entries;
}

describe('dumpDatabase', () => {
  it('dumpDatabase has the layout of the Java tool: ./, directories, no lock file', async () => {
    expect(await dump()).toBe(at('x.dump'));
    const entries = await entriesOf(at('x.dump'));
    const names = entries.map(({ name }) => name);
    expect(names[0]).toBe('./');
    expect(names).toContain('./schema/empty/');
    expect(names).toContain('./neostore.transaction.db.0');
    expect(names).not.toContain('./store_lock');
    expect(names.every((name) => name.startsWith('./'))).toBe(true);
    const files = entries.filter(({ type }) => type === 'file');
    for (const { name, size, content } of files) {
      expect(content.equals(readFileSync(join(database, name))), name).toBe(true);
      expect(size).toBe(content.length);
    }
    expect(namesIn(databases)).toEqual(['graph.db']);
    expect(namesIn(root)).toEqual(['databases', 'x.dump']);
  });

  it('dumpDatabase into a directory makes <database>.dump', async () => {
    mkdirSync(at('dumps'));
    expect(await dump({ to: at('dumps') })).toBe(at('dumps', 'graph.db.dump'));
    expect(namesIn(at('dumps'))).toEqual(['graph.db.dump']);
  });

  it.skipIf(process.platform === 'win32')(
    'a dump can be read by those who may read the database, less the umask',
    async () => {
      for (const directory of [databases, database]) chmodSync(directory, 0o755);
      chmodSync(join(database, 'neostore'), 0o644);
      const usual = process.umask(0o027);
      try {
        await dump();
        chmodSync(database, 0o700);
        await dump({ to: at('y.dump') });
      } finally {
        process.umask(usual);
      }
      expect(['x.dump', 'y.dump'].map((name) => statSync(at(name)).mode & 0o777)).toEqual([0o640, 0o600]);
    },
  );

  it('dumpDatabase never replaces a file', async () => {
    writeFileSync(at('x.dump'), 'precious');
    await expect(dump()).rejects.toMatchObject({
      code: 'archive.exists',
      message: `archive already exists: ${at('x.dump')}`,
    });
    // Not even one that appears while the archive is written.
    const late = dump({
      to: at('late.dump'),
      onEvent: whenFileBegins((name) => name === 'neostore' && writeFileSync(at('late.dump'), 'late')),
    });
    await expect(late).rejects.toSatisfy((error) => hasCode(error, 'archive.exists'));
    expect(readFileSync(at('x.dump'), 'utf8')).toBe('precious');
    expect(readFileSync(at('late.dump'), 'utf8')).toBe('late');
    expect(namesIn(root)).toEqual(['databases', 'late.dump', 'x.dump']);
  });

  it('dumpDatabase says what is wrong', async () => {
    await expect(dump({ databaseName: 'nosuch', databaseDirectory: at('nosuch') })).rejects.toMatchObject({
      code: 'database.missing',
      message: 'database does not exist: nosuch',
    });
    await expect(dump({ to: at('no', 'x.dump') })).rejects.toMatchObject({
      code: 'file.io',
      place: { file: at('no') },
    });
    const server = await lockFile(join(database, 'store_lock'));
    await expect(dump()).rejects.toMatchObject({ message: 'the database is in use -- stop Neo4j and try again' });
    await server.release();
  });

  it('dumpDatabase leaves nothing behind when it is interrupted or fails', async () => {
    const controller = new AbortController();
    const interrupted = dump({
      signal: controller.signal,
      onEvent: whenFileBegins((name) => name === 'neostore' && controller.abort()),
    });
    await expect(interrupted).rejects.toSatisfy((error) => hasCode(error, 'cancelled'));
    const shrinking = dump({
      onEvent: whenFileBegins(
        (name) => name === 'neostore.nodestore.db.labels' && writeFileSync(join(database, name), 'short'),
      ),
    });
    await expect(shrinking).rejects.toSatisfy((error) => hasCode(error, 'file.io'));
    expect(namesIn(root)).toEqual(['databases']);
    expect(namesIn(databases)).toEqual(['graph.db']);
  });

  it('dumpDatabase leaves out what does not belong to a database, and says so', async () => {
    writeFileSync(join(database, 'notes.txt'), 'mine');
    mkdirSync(join(database, 'old'));
    writeFileSync(join(database, 'old', 'neostore'), 'mine');
    writeFileSync(join(database, '.DS_Store'), '');
    const leftOut: string[] = [];
    await dump({ onLeftOut: (name) => leftOut.push(name) });
    expect(leftOut).toEqual(['.DS_Store', 'notes.txt', 'old']);
    const names = (await entriesOf(at('x.dump'))).map(({ name }) => name);
    expect(names.filter((name) => /notes|old|DS_Store/.test(name))).toEqual([]);
    await load();
    expect(namesIn(join(databases, 'loaded'))).toContain('neostore');
  });

  it('dumpDatabase silently includes the logs that the Java client and servers write into a database', async () => {
    const diary = ['debug.log', 'debug.log.1795941882736', 'metrics/neo4j.bolt.csv'];
    mkdirSync(join(database, 'metrics'));
    for (const name of diary) writeFileSync(join(database, name), name);
    const leftOut: string[] = [];
    await dump({ onLeftOut: (name) => leftOut.push(name) });
    expect(leftOut).toEqual([]);
    await load();
    for (const name of diary) expect(readFileSync(join(databases, 'loaded', name), 'utf8')).toBe(name);
  });

  it('dumpDatabase removes what a killed dump has left, but not what another one is writing', async () => {
    const part = (name: string) => at(`.${name}.0123456789ab.graphkeep-part`);
    writeFileSync(part('yesterday.dump'), 'half of an archive');
    writeFileSync(at('.x.dump.ba9876543210.tmp'), 'of an earlier version');
    writeFileSync(at('.y.dump.ba9876543210.tmp'), 'of somebody else');
    writeFileSync(part('other.dump'), 'half of an archive');
    const other = await lockFile(part('other.dump'));
    await dump();
    expect(namesIn(root)).toEqual([
      '.other.dump.0123456789ab.graphkeep-part',
      '.y.dump.ba9876543210.tmp',
      'databases',
      'x.dump',
    ]);
    await other.release();
    await dump({ to: at('y.dump') });
    expect(namesIn(root)).toEqual(['databases', 'x.dump', 'y.dump']);
  });

  it('dumpDatabase refuses a database that needs recovery', async () => {
    await unpackCorpus('recovery/3.5.34-standard-dirty.tar.gz', at('dirty'));
    await expect(dump({ databaseDirectory: at('dirty', 'graph.db') })).rejects.toMatchObject({
      code: 'store.needs-recovery',
      message:
        'Active logical log detected, this might be a source of inconsistencies.\nPlease recover database before running the dump.\n' +
        'To perform recovery please start database and perform clean shutdown.',
    });
    expect(existsSync(at('x.dump'))).toBe(false);
  });
});

describe('loadDatabase', () => {
  it.each(['gzip', 'zstd'] as const)('loadDatabase restores what was dumped, with %s', async (compression) => {
    await dump({ compression });
    expect(readFileSync(at('x.dump')).toString('hex', 0, 2)).toBe(compression === 'gzip' ? '1f8b' : '28b5');
    await load();
    const loaded = join(databases, 'loaded');
    expect(namesIn(loaded)).toEqual(namesIn(database).filter((name) => name !== 'store_lock'));
    for (const name of namesIn(loaded)) {
      if (statSync(join(loaded, name)).isFile()) {
        expect(readFileSync(join(loaded, name)).equals(readFileSync(join(database, name))), name).toBe(true);
      }
    }
    expect(namesIn(databases)).toEqual(['graph.db', 'loaded']);
  });

  it('loadDatabase moves logs between a separate directory and the root of the archive', async () => {
    mkdirSync(at('logs'));
    renameSync(join(database, 'neostore.transaction.db.0'), at('logs', 'neostore.transaction.db.0'));
    writeFileSync(at('logs', 'notes.txt'), 'not a log');
    await dump({ transactionLogDirectory: at('logs') });
    const names = (await entriesOf(at('x.dump'))).map(({ name }) => name);
    expect(names).toContain('./neostore.transaction.db.0');
    expect(names).not.toContain('./notes.txt');
    await expect(load({ transactionLogDirectory: at('logs') })).rejects.toMatchObject({ code: 'database.exists' });
    await load({ transactionLogDirectory: at('other-logs') });
    expect(namesIn(at('other-logs'))).toEqual(['neostore.transaction.db.0']);
    expect(namesIn(join(databases, 'loaded'))).not.toContain('neostore.transaction.db.0');
    expect(namesIn(join(databases, 'loaded'))).toContain('neostore');
  });

  it('loadDatabase replaces only with force, and only from a good archive', async () => {
    await dump();
    const replace = { databaseName: 'graph.db', databaseDirectory: database, transactionLogDirectory: database };
    await expect(load(replace)).rejects.toMatchObject({
      code: 'database.exists',
      message: 'database already exists: graph.db',
    });
    writeFileSync(join(database, 'mine'), '');
    const whole = readFileSync(at('x.dump'));
    writeFileSync(at('short.dump'), whole.subarray(0, whole.length / 2));
    writeFileSync(at('flipped.dump'), flip(whole, Math.floor(whole.length / 2)));
    writeFileSync(at('text.dump'), 'not an archive');
    for (const name of ['short.dump', 'flipped.dump', 'text.dump', 'databases']) {
      await expect(load({ ...replace, from: at(name), force: true }), name).rejects.toMatchObject({
        code: 'archive.invalid',
        message: `Not a valid Neo4j archive: ${at(name)}`,
      });
    }
    await expect(load({ ...replace, from: at('none.dump'), force: true })).rejects.toMatchObject({
      code: 'archive.missing',
      message: `archive does not exist: ${at('none.dump')}`,
    });
    expect(namesIn(database)).toContain('mine');
    expect(namesIn(databases)).toEqual(['graph.db']);
    await load({ ...replace, force: true });
    expect(namesIn(database)).not.toContain('mine');
    expect(namesIn(databases)).toEqual(['graph.db']);
  });

  it('loadDatabase notices a running server before it looks at the archive', async () => {
    const server = await lockFile(join(databases, 'store_lock'));
    await expect(load({ databaseDirectory: database, force: true })).rejects.toMatchObject({
      code: 'directory.in-use',
    });
    await server.release();
  });

  it('loadDatabase can be interrupted', async () => {
    await dump();
    const controller = new AbortController();
    const interrupted = load({ signal: controller.signal, onEvent: whenFileBegins(() => controller.abort()) });
    await expect(interrupted).rejects.toSatisfy((error) => hasCode(error, 'cancelled'));
    expect(namesIn(databases)).toEqual(['graph.db']);
  });
});

function flip(bytes: Buffer, at: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[at]! ^= 0xff;
  return copy;
}

describe('removeClusterState', () => {
  it('removeClusterState removes it, says if there was none, and respects the lock', async () => {
    const options = { dataDirectory: root, databaseDirectory: database };
    expect(await removeClusterState(options)).toBe(false);
    mkdirSync(at('cluster-state', 'raft'), { recursive: true });
    writeFileSync(at('cluster-state', 'raft', 'file'), '');
    const server = await lockFile(join(database, 'store_lock'));
    await expect(removeClusterState(options)).rejects.toMatchObject({
      message: 'Database is currently locked. Please shutdown Neo4j.',
    });
    await server.release();
    expect(existsSync(at('cluster-state', 'raft', 'file'))).toBe(true);
    expect(await removeClusterState(options)).toBe(true);
    expect(existsSync(at('cluster-state'))).toBe(false);
  });
});
