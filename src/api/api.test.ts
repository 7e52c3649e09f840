import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type BackupEvent,
  BackupFailed,
  type BackupServer,
  backup,
  check,
  doctor,
  dump,
  EmbeddedDatabase,
  GraphkeepError,
  load,
  recover,
  restore,
  serve,
  values,
} from './index.ts';

let root: string;
let db: EmbeddedDatabase;
let server: BackupServer;
const path = (...names: string[]) => join(root, ...names);

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'graphkeep-api-'));
  for (const name of ['backups', 'reports']) mkdirSync(path(name));
  // In a folder of its own: the lock of a database is also beside it.
  db = await EmbeddedDatabase.open(path('data', 'live'));
  await db.transact((tx) => tx.createNode(['Person'], { name: values.string('Ada') }));
  server = await serve({ database: db, listen: { host: '127.0.0.1', port: 0 } });
});

afterAll(async () => {
  await server.stop();
  await db.close();
  rmSync(root, { recursive: true, force: true });
});

const backUp = (name: string, more: Partial<Parameters<typeof backup>[0]> = {}) =>
  backup({ backupDir: path('backups'), name, from: server.address, reportDir: path('reports'), ...more });

async function failureOf(promise: Promise<unknown>): Promise<GraphkeepError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(GraphkeepError);
  return error as GraphkeepError;
}

describe('a doctor', () => {
  it('says whether a backup would succeed: of a server, of files, of a place alone, of nobody', async () => {
    const levels = async (options: Parameters<typeof doctor>[0]) => (await doctor(options)).verdict;
    const place = { backupDir: path('backups'), name: 'of-doctor' };
    expect(await levels({ from: server.address, ...place })).not.toBe('fail');
    expect(await levels({ from: `file:${db.directory}`, ...place })).not.toBe('fail');
    expect(await levels(place)).not.toBe('fail');
    const nobody = await doctor({ from: '127.0.0.1:1', timeoutMs: 5000 });
    expect(nobody.verdict).toBe('fail');
    expect(nobody.findings.find(({ level }) => level === 'fail')).toMatchObject({
      check: 'protocol',
      remedy: expect.any(String),
    });
    expect((await failureOf(doctor({ from: 'a:b:c' }))).code).toBe('usage');
  });
});

describe('a backup', () => {
  it('is full, then incremental, then unchanged, and tells what it does', async () => {
    const kinds: BackupEvent['kind'][] = [];
    const full = await backUp('b', { onEvent: ({ kind }) => kinds.push(kind) });
    expect(full).toMatchObject({ kind: 'full', directory: path('backups', 'b'), notes: [] });
    expect(full.files).toBeGreaterThan(10);
    expect(kinds[0]).toBe('backup-began');
    expect(kinds.at(-1)).toBe('backup-ended');
    expect(kinds).toContain('check-ended');

    const { transactionId } = await db.transact((tx) => tx.createNode(['Person'], { name: values.string('Bea') }));
    expect(await backUp('b')).toMatchObject({ kind: 'incremental', lastTransaction: transactionId });
    expect(await backUp('b', { check: false })).toMatchObject({ kind: 'unchanged', lastTransaction: transactionId });
  });

  it('comes from the files of a running database, too', async () => {
    const from = `file:${db.directory}`;
    const made = await backUp('files', { from });
    expect(made).toMatchObject({ kind: 'full', protocol: 'files', server: db.directory });
    expect(await backUp('files', { from })).toMatchObject({ kind: 'unchanged', lastTransaction: made.lastTransaction });
    expect((await failureOf(backUp('none', { from: `file:${root}` }))).code).toBe('backup.missing');
  });

  it('is checked only where that is wanted', async () => {
    const kinds: BackupEvent['kind'][] = [];
    await backUp('unchecked', { check: false, onEvent: ({ kind }) => kinds.push(kind) });
    expect(kinds).not.toContain('check-began');
  });

  it('fails with the cause of every attempt', async () => {
    const error = await failureOf(backUp('nobody', { from: '127.0.0.1:9' }));
    expect(error).toBeInstanceOf(BackupFailed);
    expect(error.code).toBe('peer.unreachable');
    expect((error as BackupFailed).attempts).not.toEqual([]);
    expect(existsSync(path('backups', 'nobody'))).toBe(false);
  });

  it('refuses a name that leads out of the directory, and a directory that does not exist', async () => {
    expect((await failureOf(backUp('../out'))).code).toBe('usage');
    expect((await failureOf(backUp('x', { backupDir: path('none') }))).code).toBe('directory.missing');
    expect((await failureOf(backUp('x', { reportDir: path('none') }))).code).toBe('directory.missing');
  });

  it('is cancelled by its signal and leaves nothing', async () => {
    const controller = new AbortController();
    const stopped = backUp('stopped', {
      signal: controller.signal,
      onEvent: ({ kind }) => kind === 'file-began' && controller.abort(),
    });
    expect((await failureOf(stopped)).code).toBe('cancelled');
    expect(readdirSync(path('backups')).filter((name) => name.includes('stopped'))).toEqual([]);
    expect((await failureOf(backUp('stopped', { signal: controller.signal }))).code).toBe('cancelled');
  });

  it('reads no configuration of the environment, and the settings that are given', async () => {
    writeFileSync(path('neo4j.conf'), 'dbms.backup.enabled=maybe\n');
    const error = await failureOf(backUp('x', { config: { confDirectory: root } }));
    expect(error.code).toBe('config');
    expect(error.place?.file).toBe(path('neo4j.conf'));
    const config = { confDirectory: root, settings: { 'dbms.backup.enabled': 'true' } };
    expect((await failureOf(backUp('x', { config }))).code).toBe('config');
    rmSync(path('neo4j.conf'));
    const settings = { 'graphkeep.backup.max_time': 'soon' };
    expect((await failureOf(backUp('x', { config: { settings } }))).message).toContain('graphkeep.backup.max_time');
  });
});

describe('what is made of a backup', () => {
  beforeAll(async () => {
    await backUp('source');
  });

  it('is a database with the same content', async () => {
    const sizes: number[] = [];
    const database = path('restored', 'graph.db');
    const restored = await restore({
      from: path('backups', 'source'),
      database,
      check: true,
      onEvent: (event) => event.kind === 'copy-progress' && sizes.push(event.bytes),
    });
    expect(restored).toMatchObject({ needsRecovery: false, notes: [], bytes: sizes.at(-1) });
    const again = restore({ from: path('backups', 'source'), database });
    expect((await failureOf(again)).code).toBe('database.exists');
    await restore({ from: path('backups', 'source'), database, force: true });
    const opened = await EmbeddedDatabase.open(database);
    const names = [...opened.nodes()].map(({ properties }) => values.plain(properties.name!));
    expect(names).toContain('Ada');
    await opened.close();
  });

  it('is an archive, and the database that is loaded from it', async () => {
    const dumped = await dump({ database: path('backups', 'source'), to: path('a.dump'), compression: 'zstd' });
    expect(dumped).toEqual({ archive: path('a.dump'), bytes: expect.any(Number), leftOut: [] });
    expect(await load({ from: path('a.dump'), database: path('loaded', 'graph.db') })).toEqual({ notes: [] });
    expect(await check(path('loaded', 'graph.db'))).toMatchObject({ consistent: true });
    expect((await failureOf(dump({ database: path('gone'), to: path('b.dump') }))).code).toBe('database.missing');
  });

  it('is served from its files while the database is written', async () => {
    const listen = { host: '127.0.0.1', port: 0 };
    const files = await serve({ live: db.directory, listen });
    expect(await backUp('from-files', { from: files.address })).toMatchObject({ kind: 'full' });
    const { transactionId } = await db.transact((tx) => tx.createNode(['Later']));
    const later = await backUp('from-files', { from: files.address });
    expect(later).toMatchObject({ kind: 'incremental', lastTransaction: transactionId });
    await files.stop();
    expect((await failureOf(serve({ listen }))).code).toBe('usage');
    expect((await failureOf(serve({ live: db.directory, database: db, listen }))).code).toBe('usage');
  });

  it('is served again, until the signal aborts', async () => {
    const controller = new AbortController();
    const listen = { host: '127.0.0.1', port: 0 };
    const copies = await serve({ database: path('backups', 'source'), listen, signal: controller.signal });
    expect(await backUp('copy', { from: copies.address })).toMatchObject({ kind: 'full' });
    controller.abort();
    await copies.stop();
    expect((await failureOf(backUp('copy2', { from: copies.address }))).code).toBe('peer.unreachable');
  });

  it('is checked: findings are counted, and handed out up to a limit', async () => {
    cpSync(path('backups', 'source'), path('damaged'), { recursive: true });
    rmSync(path('damaged', 'neostore.labelscanstore.db'));
    const checked = await check(path('damaged'), { reportDir: path('reports'), maxFindingsPerKind: 1 });
    expect(checked.consistent).toBe(false);
    expect(checked.byKind).toMatchObject({ 'labelScan.missing': 1 });
    expect(checked.findings.map(({ kind }) => kind)).toContain('labelScan.missing');
    expect(checked.reportPath).toContain(path('reports'));
    expect((await check(path('damaged'))).reportPath).toBeUndefined();
    expect((await failureOf(check(path('data', 'live')))).code).toBe('directory.in-use');
  });
});

it('a database that was not closed is recovered', async () => {
  const controller = new AbortController();
  const left = await EmbeddedDatabase.open(path('open', 'left'));
  await left.transact((tx) => tx.createNode(['Lost'], {}));
  cpSync(path('open', 'left'), path('killed'), { recursive: true });
  controller.abort();
  await left.close(controller.signal);
  expect(await recover(path('killed'))).toMatchObject({ state: 'recovered', notes: [] });
  expect(await recover(path('killed'))).toMatchObject({ state: 'clean', transactions: 0 });
});

describe('values', () => {
  it('become the plain ones that they were', () => {
    const { array, boolean, double, long, plain, string } = values;
    expect([boolean(true), string('é'), long(-7), long(2n ** 63n - 1n), double(-0.1)].map(plain)).toEqual([
      true,
      'é',
      -7n,
      2n ** 63n - 1n,
      -0.1,
    ]);
    expect(plain(array([long(1), long(2)]))).toEqual([1n, 2n]);
    expect(plain({ type: 'char', value: 65 })).toBe('A');
    expect(plain({ type: 'date', epochDay: 1n })).toEqual({ type: 'date', epochDay: 1n });
  });

  it('are refused if they cannot be kept exactly', () => {
    for (const value of [1.5, 2 ** 53, Number.NaN, 2n ** 63n]) {
      expect(() => values.long(value)).toThrow('no integer of 64 bits');
    }
    expect(() => values.array([values.long(1), values.string('1')])).toThrow('of one type');
  });
});
