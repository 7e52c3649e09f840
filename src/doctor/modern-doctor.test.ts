import { cpSync, mkdirSync, readFileSync, rmSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { hashTree } from '../../test/support/commands/backup-attempt.ts';
import { checksAt, examine, findingOf } from '../../test/support/commands/doctor-options.ts';
import { makeTemporaryDirectory, removeDirectory } from '../../test/support/corpus/unpack-corpus.ts';
import { filesOf, GrowingDatabase, logsOf } from '../../test/support/modern/growing-database.ts';
import { modernDatabases, UNREADABLE_LOG, unpackModernLog } from '../../test/support/modern/modern-corpus.ts';
import { answer, FaultyStore, faults } from '../../test/support/objects/faulty-store.ts';
import { MemoryObjects, MemoryStore } from '../../test/support/objects/memory-store.ts';
import { campaign } from '../../test/support/random/campaign-size.ts';
import { lockFile } from '../../test/support/stores/locked-file.ts';
import { runModernBackup } from '../backup/modern/modern-backup.ts';
import type { ObjectStore } from '../objects/object-store.ts';
import { openObjectStore } from '../objects/opening/open-object-store.ts';
import { SETTINGS_KEY } from '../repository/catalogue/object-keys.ts';
import { RunLock } from '../repository/lease/run-lock.ts';
import { initRepository } from '../repository/opening/repository.ts';
import { locateModernDatabases } from '../source/modern-files/modern-location.ts';
import type { Diagnosis } from './doctor.ts';
import type { TypedRepository } from './doctor-options.ts';
import { type DoctorCheck, doctorChecks } from './findings/doctor-checks.ts';

/* The doctor beside genuine databases of 4.2 or later, which lie in the directories of a server. */

const { signal } = new AbortController();
const HOUR_MS = 3_600_000;

let root: string;
let database: GrowingDatabase;
let ids: number[];
/** Shortly after the last transaction. */
let nowMs: number;

const path = (...names: string[]) => join(root, ...names);
const of = findingOf;
const levelOf = (check: DoctorCheck, diagnosis: Diagnosis) => findingOf(check, diagnosis).level;
const failed = (diagnosis: Diagnosis) => checksAt('fail', diagnosis);
const home = () => ({ path: database.home });

beforeAll(async () => {
  root = await makeTemporaryDirectory();
});
afterAll(() => removeDirectory(root));

async function unpack(name: (typeof modernDatabases)[number]): Promise<void> {
  rmSync(path('servers'), { recursive: true, force: true });
  database = await GrowingDatabase.unpack(name, path('servers'));
  ids = database.transactions.map(({ id }) => id);
  nowMs = database.transactions.at(-1)!.committed + HOUR_MS;
}

/** As a server leaves them: files are as old as they say. */
function age(): void {
  for (const name of ['neostore']) utimesSync(join(filesOf(database.data), name), new Date(nowMs), new Date(nowMs));
}

function configure(...lines: string[]): void {
  mkdirSync(join(database.home, 'conf'), { recursive: true });
  writeFileSync(join(database.home, 'conf', 'neo4j.conf'), lines.map((line) => `${line}\n`).join(''));
}

describe.each(campaign.sample([...modernDatabases]))('%s', (name) => {
  it('nothing fails, and nothing is changed', async () => {
    await unpack(name);
    configure();
    const before = hashTree(root);
    const diagnosis = await examine({ from: home() }, nowMs);
    expect(hashTree(root)).toBe(before);
    expect(failed(diagnosis)).toEqual([]);
    const last = ids.at(-1);
    expect(of('log-files', diagnosis)).toMatchObject({ database: 'neo4j', numbers: { lastTransaction: last } });
    expect(of('database', diagnosis).observed).toContain(join(database.home, 'conf', 'neo4j.conf'));
    expect(of('full-log', diagnosis).numbers!.bytes).toBeGreaterThan(0);
    expect(of('trees', diagnosis)).toMatchObject({ level: 'ok', numbers: { trees: expect.any(Number) } });
    expect(of('check-point', diagnosis).observed).toMatch(/ old; /);
    const isClean = name.endsWith('clean');
    expect(of('server', diagnosis).observed).toContain(isClean ? 'closed cleanly' : 'wait for recovery');
    for (const { check, level, remedy, numbers = {} } of diagnosis.findings) {
      const known: readonly string[] = doctorChecks[check].numbers;
      expect(
        Object.keys(numbers).filter((number) => !known.includes(number)),
        check,
      ).toEqual([]);
      if (level === 'warn' || level === 'fail') expect(remedy, check).toMatch(/^[A-Z].*[.)]$/s);
    }
  });
});

describe('a database of 5.26', () => {
  beforeEach(async () => {
    await unpack('5.26.30-fuzzy');
    configure();
    age();
  });

  const files = (...names: string[]) => join(filesOf(database.data), ...names);

  it.runIf(process.platform === 'linux')('its server is seen by the lock', async () => {
    const lock = await lockFile(join(database.data, 'databases', 'store_lock'));
    const running = await examine({ from: home() }, nowMs);
    await lock.release();
    expect(of('server', running).observed).toMatch(/^a server runs on it/);
  });

  it.each<[string, () => void, DoctorCheck, RegExp]>([
    ['a migration', () => mkdirSync(files('migrate')), 'store', /is being migrated/],
    ['a quarantine', () => writeFileSync(files('quarantine_marker'), ''), 'store', /quarantine/],
    ['a missing file', () => rmSync(files('neostore.nodestore.db')), 'store', /nodestore/],
    ['the block format', () => writeFileSync(files('block.x1.db'), ''), 'store', /block/],
    [
      'nothing but the block format',
      () => {
        rmSync(files('neostore'));
        writeFileSync(files('block.x1.db'), '');
      },
      'store',
      /block/,
    ],
    ['a missing log', () => rmSync(logsOf(database.data), { recursive: true }), 'log-files', /no transaction log/],
    [
      'a log without the file of its check point',
      () => rmSync(join(logsOf(database.data), 'neostore.transaction.db.0')),
      'log-files',
      /does not hold the position of its last check point/,
    ],
    [
      'a log of a server that is not known yet',
      () => {
        const log = join(logsOf(database.data), 'neostore.transaction.db.0');
        const bytes = readFileSync(log);
        bytes[128] = 99;
        writeFileSync(log, bytes);
      },
      'log-files',
      /kernel version.*99/,
    ],
  ])('%s fails, and the cause is told', async (_, spoil, check, cause) => {
    spoil();
    const diagnosis = await examine({ from: home() }, nowMs);
    expect(failed(diagnosis)).toEqual([check]);
    expect(of(check, diagnosis).observed).toMatch(cause);
  });

  it('a log of 4.1, which has its check points inside, fails', async () => {
    const logs = await unpackModernLog(UNREADABLE_LOG, path('servers', 'old'));
    rmSync(logsOf(database.data), { recursive: true });
    cpSync(logs, logsOf(database.data), { recursive: true });
    const diagnosis = await examine({ from: home() }, nowMs);
    expect(failed(diagnosis)).toEqual(['log-files']);
    expect(of('log-files', diagnosis).observed).toContain('4.0 or 4.1');
  });

  it('a log of another database fails', async () => {
    const other = await GrowingDatabase.unpack('2026.08.1-fuzzy', path('servers'));
    rmSync(logsOf(database.data), { recursive: true });
    cpSync(other.whole, logsOf(database.data), { recursive: true });
    expect(failed(await examine({ from: home() }, nowMs))).toEqual(['log-files']);
  });

  it.each<[string, DoctorCheck, string]>([
    ['db.tx_log.rotation.retention_policy=keep_none', 'retention', 'warn'],
    ['db.tx_log.rotation.retention_policy=false', 'retention', 'warn'],
    ['dbms.tx_log.rotation.retention_policy=1 files', 'retention', 'warn'],
    ['db.tx_log.rotation.retention_policy=2 days 1M', 'retention', 'warn'],
    ['db.tx_log.rotation.retention_policy=keep_all', 'retention', 'ok'],
    ['db.tx_log.rotation.retention_policy=30 days', 'retention', 'ok'],
    ['db.tx_log.rotation.retention_policy=soon', 'log-settings', 'warn'],
    ['db.tx_log.rotation.size=256k', 'log-settings', 'warn'],
    ['db.tx_log.rotation.size=256m', 'log-settings', 'ok'],
    ['db.checkpoint.interval.time=12h', 'log-settings', 'warn'],
  ])('%s: %s is %s', async (line, check, level) => {
    configure(line);
    const diagnosis = await examine({ from: home() }, nowMs);
    const { level: found, remedy } = of(check, diagnosis);
    expect({ found, hasRemedy: remedy !== undefined }).toEqual({ found: level, hasRemedy: level === 'warn' });
    expect(failed(diagnosis)).toEqual([]);
  });

  it('the settings are those of its release, with their defaults', async () => {
    expect(of('retention', await examine({ from: home() }, nowMs)).observed).toMatch(
      /^db\.tx_log\.rotation\.retention_policy=2 days;/,
    );
    await unpack('4.4.48-fuzzy');
    expect(of('retention', await examine({ from: home() }, nowMs)).observed).toMatch(
      /^dbms\.tx_log\.rotation\.retention_policy=7 days;/,
    );
  });

  it('a neo4j.conf is named with --additional-config where none is near', async () => {
    rmSync(join(database.home, 'conf'), { recursive: true });
    const without = await examine({ from: home() }, nowMs);
    expect(of('database', without)).toMatchObject({
      level: 'unknown',
      remedy: expect.stringContaining('--additional-config'),
    });
    writeFileSync(path('other.conf'), 'db.tx_log.rotation.retention_policy=keep_none\n');
    const named = await examine({ from: home(), additionalConfig: path('other.conf') }, nowMs);
    expect([levelOf('database', named), levelOf('retention', named)]).toEqual(['ok', 'warn']);
    const missing = await examine({ from: home(), additionalConfig: path('nowhere.conf') }, nowMs);
    expect(failed(missing)).toEqual(['database']);
  });

  it('a setting that is a command fails where it says in which directory databases are', async () => {
    configure('server.directories.data=$(echo data)');
    const diagnosis = await examine({ from: home() }, nowMs);
    expect(failed(diagnosis)).toEqual(['database']);
    expect(of('database', diagnosis).observed).toContain('is a command');
  });

  it('a check point that is overdue is told while the server runs', async () => {
    const lock = await lockFile(join(database.data, 'databases', 'store_lock'));
    const late = await examine({ from: home() }, nowMs + 3 * HOUR_MS);
    await lock.release();
    const isSeen = process.platform === 'linux';
    expect(levelOf('check-point', late)).toBe(isSeen ? 'warn' : 'ok');
    expect(of('check-point', late).observed).toContain(isSeen ? 'overdue' : 'old');
  });

  it('a clock that is behind is told', async () => {
    expect(of('clock', await examine({ from: home() }, nowMs - 3 * HOUR_MS))).toMatchObject({ level: 'warn' });
  });

  it('a file that no release is known to write is told', async () => {
    writeFileSync(files('letter.txt'), '');
    expect(of('store', await examine({ from: home() }, nowMs))).toMatchObject({
      level: 'warn',
      observed: expect.stringContaining('letter.txt'),
    });
  });

  it('all databases that the server opens are looked at, or the one that is named', async () => {
    cpSync(filesOf(database.data), join(database.data, 'databases', 'earlier'), { recursive: true });
    cpSync(logsOf(database.data), join(database.data, 'transactions', 'earlier'), { recursive: true });
    expect(of('store', await examine({ from: home() }, nowMs)).database).toBe('neo4j');
    const named = await examine({ from: home(), database: 'earlier' }, nowMs);
    expect(of('database', named)).toMatchObject({ level: 'warn', database: 'earlier' });
    const all = await examine({ from: home(), database: '*' }, nowMs);
    const seen = all.findings.filter(({ check }) => check === 'log-files').map((finding) => finding.database);
    expect(seen).toEqual(['earlier', 'neo4j']);
    const none = await examine({ from: home(), database: 'neo5j' }, nowMs);
    expect(failed(none)).toEqual(['database']);
    expect(of('database', none).observed).toContain('earlier, neo4j');
  });

  it('a directory as the place of its backups fails, since they go into repositories only', async () => {
    const diagnosis = await examine({ from: home(), to: { backupDir: root, name: 'b' } }, nowMs);
    expect(failed(diagnosis)).toEqual(['target']);
    expect(of('target', diagnosis).remedy).toContain('--repo');
  });

  describe('and a repository', () => {
    let folder: string;
    let place: TypedRepository;

    beforeEach(async () => {
      folder = path('servers', 'repository');
      place = { database: undefined, open: () => openObjectStore(folder) };
      await initRepository(await openObjectStore(folder, { create: true }), { method: 'none' }, signal);
    });

    async function backUp(from = database.home): Promise<void> {
      const [found] = (await locateModernDatabases(from)).databases;
      const open = () => openObjectStore(folder);
      const repository = { location: folder, database: 'neo4j', renew: false, stateDirectory: undefined, open };
      const options = { from: found!, repository, fallbackToFull: true, bytesPerSecond: undefined };
      await runModernBackup(options, () => {}, signal);
    }

    const look = (changed = {}) => examine({ from: home(), repositories: [place], ...changed }, nowMs);

    it('the next backup is full, then incremental, and nothing is written to find that out', async () => {
      const first = await look();
      expect(failed(first)).toEqual([]);
      expect(of('backup', first)).toMatchObject({ observed: 'none yet: the next one is full', repository: folder });
      expect(of('room', first).numbers!.fullBytes).toBeGreaterThan(of('store', first).numbers!.storeBytes!);
      database.endAt(ids[0]!);
      await backUp();
      expect(of('continuation', await look()).observed).toContain(`nothing after transaction ${ids[0]}`);
      database.endAt(ids.at(-1)!);
      const before = hashTree(root);
      const open = await look();
      expect(hashTree(root)).toBe(before);
      expect(of('continuation', open)).toMatchObject({
        observed: expect.stringMatching(/^yes: the log has transaction/),
        numbers: { missingTransactions: ids.at(-1)! - ids[0]! },
      });
      expect(of('backup', open).numbers).toMatchObject({ lastTransaction: ids[0] });
      expect(of('room', open).numbers!.incrementalBytes).toBeGreaterThan(0);
    });

    it('a database that was replaced begins another timeline', async () => {
      await backUp((await GrowingDatabase.unpack('2026.08.1-fuzzy', path('servers'))).home);
      expect(of('continuation', await look())).toMatchObject({
        level: 'warn',
        observed: expect.stringContaining('another database'),
        remedy: expect.stringContaining('another timeline'),
      });
    });

    it('a database that is behind its backup, as after a restore, is told', async () => {
      await backUp();
      database.endAt(ids.at(-2)!);
      expect(of('continuation', await look())).toMatchObject({
        level: 'warn',
        observed: expect.stringContaining('does not have transaction'),
      });
    });

    it('what is there is looked at without a source too, and each database has its name', async () => {
      await backUp();
      const alone = await look({ from: undefined });
      expect(failed(alone)).toEqual([]);
      expect(of('backup', alone).observed).toContain(`up to transaction ${ids.at(-1)}`);
      expect(alone.findings.some(({ check }) => check === 'continuation')).toBe(false);
      const later = await examine({ repositories: [place] }, Date.now() + 30 * 24 * HOUR_MS);
      expect(of('backup', later)).toMatchObject({ level: 'warn', remedy: expect.stringContaining('timer') });
    });

    it('another run is seen by its lease, and the lease stays', async () => {
      const lock = await RunLock.take(await openObjectStore(folder), 'neo4j', signal);
      const running = await look();
      expect(of('target-in-use', running)).toMatchObject({
        level: 'warn',
        observed: expect.stringContaining(`process ${process.pid}`),
      });
      await lock!.release();
      expect(levelOf('target-in-use', await look())).toBe('ok');
    });

    it('a place without a repository, and one that is not there, fail', async () => {
      rmSync(join(folder, SETTINGS_KEY));
      expect(failed(await look())).toEqual(['repository']);
      rmSync(folder, { recursive: true });
      expect(failed(await look())).toEqual(['repository']);
    });

    it('a manifest that is damaged fails', async () => {
      await backUp();
      const store = await openObjectStore(folder);
      for await (const { key } of store.list('db/', undefined, signal))
        if (key.endsWith('manifest.json')) truncateSync(join(folder, ...key.split('/')), 10);
      expect(failed(await look())).toEqual(['backup']);
    });
  });

  describe('and a bucket', () => {
    let store: ObjectStore;
    const objects = () => new MemoryObjects();
    const look = () =>
      examine({ from: home(), repositories: [{ database: undefined, open: async () => store }] }, nowMs);
    const make = async (made: ObjectStore) => {
      await initRepository(made, { method: 'none' }, signal);
      return made;
    };

    it('rights are tried with small objects, of which none is left', async () => {
      store = await make(new MemoryStore(objects()));
      const keys = async () => {
        const found: string[] = [];
        for await (const { key } of store.list('', undefined, signal)) found.push(key);
        return found;
      };
      const before = await keys();
      expect(of('repository-rights', await look())).toMatchObject({ level: 'ok' });
      expect(await keys()).toEqual(before);
    });

    it('rights that are missing for leases only are told, since backups do without', async () => {
      const inner = await make(new MemoryStore(objects()));
      store = new FaultyStore(inner, ({ operation }) =>
        operation === 'create' ? faults.before(answer(403)) : undefined,
      );
      const diagnosis = await look();
      expect(of('repository-rights', diagnosis)).toMatchObject({
        level: 'warn',
        remedy: expect.stringContaining('below db/'),
      });
    });
  });
});
