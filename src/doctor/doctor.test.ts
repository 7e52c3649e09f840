import {
  cpSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { basename, dirname, join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { attemptBackup, hashTree, makeBackup } from '../../test/support/commands/backup-attempt.ts';
import { checksAt, doctorOptions, examine, findingOf } from '../../test/support/commands/doctor-options.ts';
import { makeTemporaryDirectory, removeDirectory, unpackCorpus } from '../../test/support/corpus/unpack-corpus.ts';
import { pretendMounts } from '../../test/support/faults/pretended-mounts.ts';
import { canMount, SmallDisk } from '../../test/support/faults/small-disk.ts';
import { campaign } from '../../test/support/random/campaign-size.ts';
import { ScriptedServer } from '../../test/support/servers/scripted-server.ts';
import { lockFile } from '../../test/support/stores/locked-file.ts';
import { GraphkeepError } from '../base/errors.ts';
import { ClientConfig } from '../config/neo4j-conf.ts';
import { EmbeddedDatabase } from '../embedded/embedded-database.ts';
import { listLogFiles } from '../log/log-files.ts';
import { LOG_HEADER_BYTES } from '../log/v3/log-header.ts';
import { BackupListener } from '../serve/backup-listener.ts';
import { serveEmbedded } from '../serve/database/live-store.ts';
import { type Diagnosis, examineBackups } from './doctor.ts';
import { type DoctorCheck, doctorChecks } from './findings/doctor-checks.ts';
import { checkOpenFiles } from './log/log-files.ts';
import { readLogHistory } from './log/log-history.ts';

/* The doctor beside a database under load, with the directories of a server: `home/conf`, `home/data/databases/graph.db`. */

let root: string;
let backups: string;
let database: EmbeddedDatabase;
let listener: BackupListener;
let written = 0;

const ROTATION_BYTES = 16 * 1024;

beforeAll(async () => {
  root = await makeTemporaryDirectory();
  mkdirSync(path('home', 'conf'), { recursive: true });
  configure();
  database = await EmbeddedDatabase.open(path('home', 'data', 'databases', 'graph.db'), {
    rotationBytes: ROTATION_BYTES,
    retention: { keep: 'size', bytes: 3 * ROTATION_BYTES },
  });
  await write(50);
  await database.checkPoint();
  listener = await BackupListener.start(serveEmbedded(database), { listen: { host: '127.0.0.1', port: 0 } });
});

afterAll(async () => {
  await listener.stop();
  await database.close();
  await removeDirectory(root);
});

beforeEach(() => {
  backups = path('backups');
  rmSync(backups, { recursive: true, force: true });
  mkdirSync(backups);
  configure();
});

const path = (...names: string[]) => join(root, ...names);
const home = () => ({ path: path('home') });
const place = () => ({ directory: database.directory, logDirectory: database.directory });
const target = () => ({ backupDir: backups, name: 'db' });

function configure(...lines: string[]): void {
  writeFileSync(path('home', 'conf', 'neo4j.conf'), lines.map((line) => `${line}\n`).join(''));
}

/** Transactions of about a kilobyte. */
async function write(transactions: number): Promise<void> {
  for (let done = 0; done < transactions; done++) {
    await database.transact((tx) =>
      tx.createNode(['Item'], { n: { type: 'string', value: `${written++}`.repeat(200) } }),
    );
  }
}

/** Writes and makes check points until the file of the log that is the newest now is pruned. */
async function pruneLog(): Promise<void> {
  const newest = listLogFiles(database.directory).highest!;
  while (listLogFiles(database.directory).lowest! <= newest) {
    await write(20);
    await database.checkPoint();
  }
}

const of = findingOf;
const levelOf = (check: DoctorCheck, diagnosis: Diagnosis) => findingOf(check, diagnosis).level;
const failed = (diagnosis: Diagnosis) => checksAt('fail', diagnosis);

describe('the files of a running database', () => {
  it('a sound database and an empty target have nothing that fails, and are left as they are', async () => {
    const before = hashTree(root);
    const diagnosis = await examine({ from: home(), to: target() });
    expect(failed(diagnosis)).toEqual([]);
    expect(hashTree(root)).toBe(before);
    expect(of('database', diagnosis).observed).toContain(path('home', 'conf', 'neo4j.conf'));
    expect(of('store', diagnosis).observed).toContain('Neo4j 3.4 or 3.5');
    expect(of('check-point', diagnosis)).toMatchObject({ level: 'ok', numbers: { bytesSince: expect.any(Number) } });
    expect(of('log-files', diagnosis).numbers).toMatchObject({ lastTransaction: database.lastTransaction });
    expect(of('target', diagnosis).observed).toContain('the next one is full');
    for (const { check, level, remedy, numbers = {} } of diagnosis.findings) {
      const known: readonly string[] = doctorChecks[check].numbers;
      expect({ check, unknown: Object.keys(numbers).filter((name) => !known.includes(name)) }).toEqual({
        check,
        unknown: [],
      });
      if (level === 'warn' || level === 'fail') expect(remedy).toMatch(/^[A-Z].*[.)]$/s);
    }
  });

  it.runIf(process.platform === 'linux')('a server is seen by its lock', async () => {
    expect(of('server', await examine({ from: home() })).observed).toMatch(/^a server runs on it/);
    await write(1);
    const stopped = path('stopped');
    cpSync(database.directory, stopped, { recursive: true });
    const other = of('server', await examine({ from: { path: stopped } }));
    expect(other.observed).toMatch(/no server is seen to run on it.*not closed cleanly/);
    rmSync(stopped, { recursive: true });
  });

  it.each([
    ['a directory without a database', () => path('backups')],
    ['a file', () => path('home', 'conf', 'neo4j.conf')],
    ['nothing', () => path('nowhere')],
    ['a link that leads nowhere', () => path('dangling')],
  ])('%s is no database', async (_, at) => {
    symlinkSync(path('nowhere'), path('dangling'));
    const diagnosis = await examine({ from: { path: at() }, to: target() });
    rmSync(path('dangling'));
    expect({ verdict: diagnosis.verdict, failed: failed(diagnosis) }).toEqual({
      verdict: 'fail',
      failed: ['database'],
    });
    expect(levelOf('room', diagnosis)).toBe('unknown');
  });

  it.each(campaign.sample(['4.4.48', '5.26.30', '2026.08.1']))(
    'a database of %s without the log of its check points fails',
    async (release) => {
      await unpackCorpus(`foreign-stores/${release}.tar.gz`, path('foreign'));
      const found = readdirSync(path('foreign'), { recursive: true, encoding: 'utf8' }).find((name) =>
        /(^|\/)neostore$|block\..*\.db$/.test(name),
      );
      const diagnosis = await examine({ from: { path: join(path('foreign'), dirname(found!)) } });
      rmSync(path('foreign'), { recursive: true });
      expect(failed(diagnosis)).toEqual(['log-files']);
      expect(of('log-files', diagnosis).observed).toContain('check point');
    },
  );

  it('a bad neo4j.conf of the server fails, and a missing one is told', async () => {
    configure('dbms.tx_log.rotation.size=much');
    const bad = await examine({ from: home() });
    expect(of('database', bad)).toMatchObject({ level: 'fail', observed: expect.stringContaining('much') });
    rmSync(path('home', 'conf', 'neo4j.conf'));
    expect(of('database', await examine({ from: home() }))).toMatchObject({
      level: 'unknown',
      remedy: expect.stringContaining('NEO4J_CONF'),
    });
  });

  it('an incomplete store and a log with a gap fail', async () => {
    const copy = path('copy');
    cpSync(database.directory, copy, { recursive: true });
    const { files } = listLogFiles(copy);
    expect(files.length).toBeGreaterThan(2);
    rmSync(files[1]!.path);
    expect(failed(await examine({ from: { path: copy } }))).toContain('log-files');
    for (const file of listNames(copy, /transaction\.db/)) rmSync(file);
    expect(of('log-files', await examine({ from: { path: copy } }))).toMatchObject({ level: 'fail' });
    rmSync(join(copy, 'neostore.nodestore.db'));
    expect(of('store', await examine({ from: { path: copy } })).observed).toContain('nodestore');
    rmSync(copy, { recursive: true });
  });

  it('a log without its last check point fails', async () => {
    const copy = path('copy');
    cpSync(database.directory, copy, { recursive: true });
    const logs = listNames(copy, /transaction\.db/);
    for (const file of logs.slice(0, -1)) rmSync(file);
    // Without the end of the newest file there is no check point in it.
    const newest = logs.at(-1)!;
    truncateSync(newest, LOG_HEADER_BYTES);
    const finding = of('check-point', await examine({ from: { path: copy } }));
    rmSync(copy, { recursive: true });
    expect(finding).toMatchObject({ level: 'fail', remedy: expect.stringContaining('next check point') });
  });

  it.each([
    ['dbms.tx_log.rotation.retention_policy=false', 'retention', 'warn'],
    ['dbms.tx_log.rotation.retention_policy=keep_none', 'retention', 'warn'],
    ['dbms.tx_log.rotation.retention_policy=48K size', 'retention', 'warn'],
    ['dbms.tx_log.rotation.retention_policy=keep_all', 'retention', 'ok'],
    ['dbms.tx_log.rotation.retention_policy=30 days', 'retention', 'ok'],
    ['dbms.tx_log.rotation.size=1M', 'log-settings', 'warn'],
    ['dbms.checkpoint.interval.time=12h', 'log-settings', 'warn'],
    ['dbms.checkpoint.interval.time=15m', 'log-settings', 'ok'],
  ] as const)('%s: %s is %s', async (line, check, level) => {
    configure(line);
    const finding = of(check, await examine({ from: home() }));
    expect({ level: finding.level, hasRemedy: finding.remedy !== undefined }).toEqual({
      level,
      hasRemedy: level === 'warn',
    });
  });

  it('a check point that is overdue is told, once the server had time for it', async () => {
    await write(1);
    const soon = await examine({ from: home() }, Date.now() + 60_000);
    expect(levelOf('check-point', soon)).toBe('ok');
    const late = await examine({ from: home() }, Date.now() + 3 * 3_600_000);
    expect(of('check-point', late)).toMatchObject({ level: 'warn', observed: expect.stringContaining('overdue') });
  });

  it('a log in a directory of its own is found, and a conf that names another one is not taken for sound', async () => {
    const other = path('other-home');
    cpSync(path('home'), other, { recursive: true });
    const logs = path('other-home', 'tx');
    mkdirSync(logs);
    for (const file of listNames(path('other-home', 'data', 'databases', 'graph.db'), /transaction\.db/))
      renameSync(file, join(logs, basename(file)));
    writeFileSync(path('other-home', 'conf', 'neo4j.conf'), 'dbms.directories.tx_log=tx\n');
    const right = await examine({ from: { path: other } });
    writeFileSync(path('other-home', 'conf', 'neo4j.conf'), '');
    const wrong = await examine({ from: { path: other } });
    rmSync(other, { recursive: true });
    expect([failed(right), failed(wrong)]).toEqual([[], ['log-files']]);
    expect(of('database', right).observed).toContain(`logs in ${logs}`);
  });

  it('a log of more files than a process may open fails, before a copy does', async () => {
    const history = (await readLogHistory(database.directory, new AbortController().signal))!;
    expect(history.files.length).toBeGreaterThan(1);
    const levels = [20, 100, 1000].map((limit) => checkOpenFiles(history, limit).level);
    expect(levels).toEqual(['fail', 'warn', 'ok']);
    expect(checkOpenFiles(history, undefined).level).toBe('unknown');
  });

  it('the newest transaction is known by its time, also if the newest file has none', async () => {
    const closed = path('closed');
    const other = await EmbeddedDatabase.open(closed, { rotationBytes: 1000 });
    do await other.transact((tx) => tx.createNode(['Item'], {}));
    while (listLogFiles(closed).files.at(-1)!.sizeBytes > LOG_HEADER_BYTES);
    await other.close();
    const history = (await readLogHistory(closed, new AbortController().signal))!;
    rmSync(closed, { recursive: true });
    expect(history.newest).toMatchObject({ transaction: other.lastTransaction, atMs: expect.any(Number) });
  });

  it('a clock that is ahead is told, of transactions and of files', async () => {
    expect(levelOf('clock', await examine({ from: home() }))).toBe('ok');
    const early = await examine({ from: home() }, Date.now() - 3_600_000);
    expect(of('clock', early)).toMatchObject({ level: 'warn', observed: expect.stringContaining('transaction') });
    const file = join(database.directory, 'neostore.propertystore.db');
    utimesSync(file, new Date(), new Date(Date.now() + 3_600_000));
    const files = of('clock', await examine({ from: home() }));
    utimesSync(file, new Date(), new Date());
    expect(files).toMatchObject({ level: 'warn', observed: expect.stringContaining('neostore.propertystore.db') });
  });

  it('a rate limit with which a copy cannot end in time fails', async () => {
    const config = new ClientConfig(root, new Map([['graphkeep.backup.max_time', '10s']]));
    expect(of('time-limit', await examine({ from: home(), config, bytesPerSecond: 10 }))).toMatchObject({
      level: 'fail',
    });
    expect(levelOf('time-limit', await examine({ from: home(), config, bytesPerSecond: 1024 ** 3 }))).toBe('ok');
  });
});

describe('the next backup from files', () => {
  it('a backup can be continued until its next transaction is pruned; then the next one is full', async () => {
    await makeBackup(backups, place());
    expect(of('continuation', await examine({ from: home(), to: target() })).observed).toContain('nothing after');
    await write(5);
    const before = hashTree(root);
    const open = await examine({ from: home(), to: target() });
    expect(of('continuation', open).observed).toMatch(/^yes: .*5 transactions are missing/);
    expect(of('backup', open)).toMatchObject({ level: 'ok', observed: expect.stringContaining('closed cleanly') });
    expect(of('room', open).numbers).toMatchObject({
      incrementalBytes: expect.any(Number),
      fullBytes: expect.any(Number),
    });
    expect(hashTree(root)).toBe(before);
    await pruneLog();
    const late = await examine({ from: home(), to: target() });
    expect(of('continuation', late)).toMatchObject({
      level: 'warn',
      observed: expect.stringContaining('in no transaction log any more'),
    });
    expect((await attemptBackup(backups, place(), { fallbackToFull: false })).error?.code).toBe('peer.history-pruned');
    expect(failed(late)).toEqual([]);
  });

  it('the settings of the server say when the next transaction goes', async () => {
    await makeBackup(backups, place());
    await write(5);
    configure('dbms.tx_log.rotation.retention_policy=1 hours', 'dbms.tx_log.rotation.size=1M');
    const diagnosis = await examine({ from: home(), to: target() }, Date.now() + 1000);
    expect(of('continuation', diagnosis)).toMatchObject({ level: 'warn', numbers: { leftMs: expect.any(Number) } });
    configure('dbms.tx_log.rotation.retention_policy=30 days');
    expect(levelOf('continuation', await examine({ from: home(), to: target() }))).toBe('ok');
  });

  it('a backup of another database is told', async () => {
    const other = await EmbeddedDatabase.open(path('other'));
    await other.transact((tx) => tx.createNode(['Item'], {}));
    await makeBackup(backups, { directory: path('other'), logDirectory: path('other') });
    await other.close();
    const finding = of('continuation', await examine({ from: home(), to: target() }));
    expect(finding).toMatchObject({ level: 'warn', observed: expect.stringContaining('another database') });
    rmSync(path('other'), { recursive: true });
  });

  it('a backup that is newer than the database, as after a restore, is told', async () => {
    const older = path('older');
    cpSync(database.directory, older, { recursive: true });
    await write(5);
    await makeBackup(backups, place());
    const finding = of('continuation', await examine({ from: { path: older }, to: target() }));
    rmSync(older, { recursive: true });
    expect(finding).toMatchObject({ level: 'warn', observed: expect.stringContaining('does not have transaction') });
  });
});

describe('the place of the backup', () => {
  it('what is no backup fails, and so does a place that does not exist', async () => {
    mkdirSync(join(backups, 'db'));
    writeFileSync(join(backups, 'db', 'letter.txt'), '');
    expect(failed(await examine({ to: target() }))).toEqual(['target']);
    expect(failed(await examine({ to: { backupDir: path('nowhere'), name: 'db' } }))).toEqual(['target']);
    expect(failed(await examine({ to: { backupDir: backups, name: '../x' } }))).toEqual(['target']);
  });

  it('a place inside of a backup, or behind a link that leads nowhere, fails', async () => {
    await makeBackup(backups, place());
    expect(of('target', await examine({ to: { backupDir: join(backups, 'db'), name: 'x' } })).observed).toContain(
      'inside another backup',
    );
    symlinkSync(path('unmounted', 'disk'), join(backups, 'link'));
    expect(levelOf('target', await examine({ to: { backupDir: backups, name: 'link' } }))).toBe('fail');
  });

  it('another run is seen by its lock, and the lock file stays as it is', async () => {
    const lock = await lockFile(join(backups, 'db.graphkeep-lock'));
    const running = await examine({ to: target() });
    await lock.release();
    expect(levelOf('target-in-use', running)).toBe(process.platform === 'linux' ? 'warn' : 'unknown');
    writeFileSync(join(backups, 'db.graphkeep-lock'), '');
    expect(levelOf('target-in-use', await examine({ to: target() }))).toBe(
      process.platform === 'linux' ? 'ok' : 'unknown',
    );
    expect(readdirSync(backups)).toEqual(['db.graphkeep-lock']);
  });

  it('what killed runs and replaced backups left is told', async () => {
    expect(of('leftovers', await examine({ to: target() })).observed).toBe('none');
    mkdirSync(join(backups, 'db.graphkeep-work', 'store'), { recursive: true });
    expect(of('leftovers', await examine({ to: target() })).observed).toContain('the next run removes');
    mkdirSync(join(backups, 'db.graphkeep-work', 'ready'));
    expect(of('leftovers', await examine({ to: target() })).observed).toContain('the next run puts in place');
    mkdirSync(join(backups, 'db.err.0'));
    mkdirSync(join(backups, 'db.err.x'));
    expect(of('leftovers', await examine({ to: target() }))).toMatchObject({ level: 'warn', numbers: { backups: 1 } });
    writeFileSync(join(backups, 'db.graphkeep-work', 'letter.txt'), '');
    expect(levelOf('leftovers', await examine({ to: target() }))).toBe('fail');
  });

  it('a target that is a mount point is told, with what is inside of it', async () => {
    await makeBackup(backups, place());
    mkdirSync(join(backups, 'db', '.graphkeep-err.0'));
    const unmount = pretendMounts(join(backups, 'db'));
    const diagnosis = await examine({ to: target() });
    unmount();
    expect(of('target', diagnosis).observed).toContain('cannot be renamed');
    expect(of('leftovers', diagnosis).numbers).toMatchObject({ backups: 1 });
    expect(levelOf('target-rights', diagnosis)).toBe('ok');
  });

  it.runIf(process.platform === 'linux')('a place where the system shows itself fails', async () => {
    expect(failed(await examine({ to: { backupDir: '/proc', name: 'db' } }))).toEqual(['target-disk', 'room']);
  });

  it('an old backup and a damaged one are told', async () => {
    await makeBackup(backups, place());
    const old = of('backup', await examine({ to: target() }, Date.now() + 30 * 24 * 3_600_000));
    expect(old).toMatchObject({ level: 'warn', remedy: expect.stringContaining('timer') });
    renameSync(join(backups, 'db', 'neostore.nodestore.db'), join(backups, 'nodes'));
    expect(of('backup', await examine({ to: target() }))).toMatchObject({
      level: 'warn',
      observed: expect.stringContaining('cannot be continued'),
    });
  });

  it('nothing is said of a backup that another run may be writing just now', async () => {
    await makeBackup(backups, place());
    rmSync(join(backups, 'db', 'neostore.nodestore.db'));
    const lock = await lockFile(join(backups, 'db.graphkeep-lock'));
    const finding = of('backup', await examine({ to: target() }));
    await lock.release();
    expect(finding.level).toBe('unknown');
  });

  it('a backup that needs recovery is told', async () => {
    cpSync(database.directory, join(backups, 'db'), { recursive: true });
    expect(of('backup', await examine({ to: target() })).observed).toContain('which the next run applies');
  });

  describe.runIf(canMount)('a disk of its own', () => {
    it('a disk in memory and a disk without room are told', async () => {
      const disk = path('disk');
      mkdirSync(disk);
      const small = new SmallDisk(disk);
      small.mount('size=8m');
      try {
        const on = { from: home(), to: { backupDir: disk, name: 'db' } };
        const roomy = await examine(on);
        expect(of('target-disk', roomy)).toMatchObject({ level: 'warn', observed: expect.stringContaining('tmpfs') });
        expect([levelOf('same-disk', roomy), levelOf('room', roomy)]).toEqual(['ok', 'ok']);
        small.fillUp(4096);
        expect(failed(await examine(on))).toEqual(['room']);
        small.freeRoom();
        await makeBackup(disk, place());
        small.fillUp(64 * 1024);
        expect(of('room', await examine(on))).toMatchObject({ level: 'warn' });
      } finally {
        small.unmount();
      }
    });

    it('a disk without room for files fails, and so does one that is read-only', async () => {
      const disk = path('tiny');
      mkdirSync(disk);
      const small = new SmallDisk(disk);
      small.mount('size=8m', 'nr_inodes=20');
      const on = { to: { backupDir: disk, name: 'db' } };
      expect(failed(await examine(on))).toEqual(['inodes']);
      small.unmount();
      small.mount('size=8m', 'ro');
      const readOnly = await examine(on);
      small.unmount();
      expect(failed(readOnly)).toEqual(['target-rights']);
    });
  });
});

describe('a server', () => {
  /** Answers each connection by what `greet` does. */
  async function withServer<T>(greet: (socket: Socket) => void, use: (port: number) => Promise<T>): Promise<T> {
    const server: Server = createServer((socket) => greet(socket.on('error', () => {})));
    const sockets = new Set<Socket>();
    server.on('connection', (socket) => sockets.add(socket));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    try {
      return await use((server.address() as { port: number }).port);
    } finally {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    }
  }

  it.each(campaign.sample(['any', 'catchup', 'common'] as const))(
    'a server answers with --protocol=%s, and can continue a backup',
    async (protocol) => {
      await makeBackup(backups, listener.address);
      const points = database.lastTransaction;
      const nothing = await examine({ from: listener.address, to: target(), protocol });
      expect(of('protocol', nothing).observed).toContain(
        `in the ${protocol === 'common' ? 'common' : 'catchup'} protocol`,
      );
      expect(of('continuation', nothing).observed).toContain(`nothing after transaction ${points}`);
      await write(2);
      const more = await examine({ from: listener.address, to: target(), protocol });
      expect(of('continuation', more).observed).toContain(`still has transaction ${points + 1}`);
      expect(levelOf('retention', more)).toBe('unknown');
      await pruneLog();
      const pruned = await examine({ from: listener.address, to: target(), protocol });
      expect(levelOf('continuation', pruned)).toBe('warn');
      expect(failed(pruned)).toEqual([]);
    },
  );

  it('a server without a backup is asked for its store only', async () => {
    const diagnosis = await examine({ from: listener.address });
    expect(failed(diagnosis)).toEqual([]);
    expect(of('protocol', diagnosis).observed).toContain('created');
    expect(diagnosis.findings.some(({ check }) => check === 'continuation' || check === 'target')).toBe(false);
  });

  it('nobody, a web server and a server of another kind fail, each with what to do', async () => {
    const nobody = await examine({ from: { host: '127.0.0.1', port: 1 } });
    expect(of('protocol', nobody)).toMatchObject({ level: 'fail', remedy: expect.stringContaining('dbms.backup') });
    const web = await withServer(
      (socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'),
      (port) => examine({ from: { host: '127.0.0.1', port } }),
    );
    expect(failed(web)).toEqual(['protocol']);
    // An alert of TLS: a fatal one, unexpected message.
    const tls = await withServer(
      (socket) => socket.end(Buffer.from('1503030002020a', 'hex')),
      (port) => examine({ from: { host: '127.0.0.1', port } }),
    );
    expect(failed(tls)).toEqual(['protocol']);
  });

  it.each(['any', 'catchup', 'common'] as const)(
    'a server that is silent fails in time with --protocol=%s',
    async (protocol) => {
      const silent = await withServer(
        () => {},
        (port) => examine({ from: { host: '127.0.0.1', port }, protocol, timeoutMs: 200 }),
      );
      expect(of('protocol', silent)).toMatchObject({ level: 'fail', observed: expect.stringContaining('200 ms') });
    },
  );

  it('a server that sends byte after byte, and never an answer, fails in time', async () => {
    function* drops(): Generator<Buffer, void> {
      yield Buffer.from('000010000802', 'hex');
      for (;;) yield Buffer.alloc(1);
    }
    const server = await ScriptedServer.start({ pieces: drops(), delayMs: 20 });
    const from = { host: '127.0.0.1', port: server.port };
    const diagnosis = await examine({ from, protocol: 'common', timeoutMs: 200 });
    await server.stop();
    expect(of('protocol', diagnosis)).toMatchObject({
      level: 'fail',
      observed: expect.stringContaining('no answer within 200 ms'),
    });
  });

  it('a time limit of 0 is refused', async () => {
    await expect(examine({ from: listener.address, timeoutMs: 0 })).rejects.toMatchObject({ code: 'usage' });
  });

  it('an interruption ends it at once', async () => {
    const interrupt = new AbortController();
    const stopped = withServer(
      () => interrupt.abort('SIGINT'),
      (port) => examineBackups(doctorOptions({ from: { host: '127.0.0.1', port } }), interrupt.signal, Date.now()),
    );
    await expect(stopped).rejects.toMatchObject({ code: 'cancelled' });
  });
});

it('a configuration that cannot be read fails, and the place of the backup is looked at all the same', async () => {
  const config = new GraphkeepError('config', 'Bad value');
  const diagnosis = await examine({ from: home(), to: target(), config });
  expect(failed(diagnosis)).toEqual(['configuration']);
  expect(levelOf('target-rights', diagnosis)).toBe('ok');
});

it('too little memory is told', async () => {
  expect(levelOf('memory', await examine({ to: target(), memoryBudgetBytes: 2 ** 50 }))).toBe('warn');
});

function listNames(directory: string, form: RegExp): string[] {
  return readdirSync(directory)
    .filter((name) => form.test(name))
    .sort((a, b) => a.localeCompare(b, 'en', { numeric: true }))
    .map((name) => join(directory, name));
}
