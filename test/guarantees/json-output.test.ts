import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { rename } from 'node:fs/promises';
import { connect, Server } from 'node:net';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { generateX25519Identity, identityToRecipient } from 'age-encryption';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import type { BackupNote } from '../../src/backup/backup-events.ts';
import { GraphkeepError } from '../../src/base/errors.ts';
import type { FileLock } from '../../src/base/file-lock.ts';
import type { CommandContext } from '../../src/cli/command-context.ts';
import { nativeCommands } from '../../src/cli/command-table.ts';
import { tellConfiguration } from '../../src/cli/graphkeep/configuration-view.ts';
import { noteOfEvent } from '../../src/cli/graphkeep/event-data.ts';
import { runGraphkeep } from '../../src/cli/graphkeep/front.ts';
import { JsonReporter } from '../../src/cli/graphkeep/json-reporter.ts';
import { withPrintableOutput } from '../../src/cli/printable-output.ts';
import { describeBackupNote } from '../../src/cli/wording/backup-text.ts';
import { describeRestoreNote } from '../../src/cli/wording/restore-text.ts';
import { EmbeddedDatabase } from '../../src/embedded/embedded-database.ts';
import { listLogFiles } from '../../src/log/log-files.ts';
import type { RestoreNote } from '../../src/restore/restore-notes.ts';
import { BackupListener } from '../../src/serve/backup-listener.ts';
import { serveEmbedded } from '../../src/serve/database/live-store.ts';
import { JsonPage } from '../support/commands/json-page.ts';
import { World } from '../support/commands/world.ts';
import { CorruptionLab, loadCorruptions } from '../support/corpus/corruptions.ts';
import { unpackStore } from '../support/corpus/golden-store.ts';
import { layOutPolicy, removePolicyHomes, TestIdentity } from '../support/corpus/test-certificates.ts';
import { unpackCorpus } from '../support/corpus/unpack-corpus.ts';
import { FakeServer } from '../support/modern/fake-server.ts';
import { filesOf, GrowingDatabase, logsOf } from '../support/modern/growing-database.ts';
import { unpackModernDatabase } from '../support/modern/modern-corpus.ts';
import { campaign } from '../support/random/campaign-size.ts';
import { ForkedRepository } from '../support/repositories/forked-repository.ts';
import { CatchupCaller } from '../support/servers/catchup-caller.ts';
import { RawClient } from '../support/servers/raw-client.ts';
import { lockFile } from '../support/stores/locked-file.ts';
import { makePendingStore } from '../support/stores/pending-store.ts';

/*
 * Promise: every line of `--json` is as docs/json.md says: no other event, no other field, the types that stand there, and what is always
 * there is there. And the page promises nothing that no command prints. The demonstration is held to it by test/cli/demo.test.ts.
 */

type Line = Record<string, unknown>;
interface Run {
  exitCode: number;
  lines: Line[];
}

const page = new JsonPage();
let world: World;
let lab: CorruptionLab;
let database: EmbeddedDatabase;
let listener: BackupListener;

beforeAll(async () => {
  world = await World.create();
  lab = await CorruptionLab.open();
  database = await EmbeddedDatabase.open(world.path('data', 'live'));
  await database.createIndex('Item', ['n']);
  await database.createUniquenessConstraint('Item', 'key');
  await commit(1, 300);
  listener = await BackupListener.start(serveEmbedded(database), { listen: { host: '127.0.0.1', port: 0 } });
});

afterAll(removePolicyHomes);
afterAll(async () => {
  await listener.stop();
  await database.close();
  await lab.close();
  await world.close();
});

/** Nodes with these numbers, in one transaction. */
async function commit(first: number, last: number): Promise<void> {
  await database.transact((tx) => {
    for (let value = first; value <= last; value++) {
      tx.createNode(['Item'], { n: { type: 'int', value }, key: { type: 'int', value } });
    }
  });
}

/** The clock goes on by itself: every event comes, and speeds are measured however fast the machine is. */
function leapingClock(): () => Date {
  let now = Date.now();
  return () => {
    now += 600;
    return new Date(now);
  };
}

function contextWith(changes: Partial<CommandContext>): CommandContext {
  const { runBackup: _, ...context } = world.context();
  return { ...context, now: leapingClock(), ...changes };
}

/** Runs a command with `--json` and holds each line against the page. `onLine` sees it as it comes; `ask` asks for the state. */
async function run(
  args: readonly string[],
  { onLine = () => {}, ...changes }: Partial<CommandContext> & { onLine?: (line: Line, ask: () => void) => void } = {},
): Promise<Run> {
  const lines: Line[] = [];
  let rest = '';
  let ask = () => {};
  const context = contextWith({
    stdout: (text) => {
      const complete = (rest + text).split('\n');
      rest = complete.pop()!;
      for (const json of complete) {
        const line = JSON.parse(json) as Line;
        lines.push(line);
        onLine(line, ask);
      }
    },
    stderr: (text) => expect.fail(`on stderr: ${text}`),
    onStateRequest: (listener) => {
      ask = listener;
    },
    ...changes,
  });
  const exitCode = await runGraphkeep([...args, '--json'], context);
  expect(rest).toBe('');
  expect(lines.flatMap((line) => page.findDifferences(line))).toEqual([]);
  const isEnd = ({ event }: Line) => event === 'report' || event === 'error';
  expect(lines.map(isEnd)).toEqual(lines.map((_, at) => at === lines.length - 1));
  const notes = lines.filter(({ event }) => event === 'note').map(({ time: _, event: __, ...note }) => note);
  expect(lines.at(-1)!.notes).toEqual(notes);
  return { exitCode, lines };
}

const last = ({ lines }: Run) => lines.at(-1)!;
const eventsOf = ({ lines }: Run) => [...new Set(lines.map(({ event }) => event))];

/** Arguments of a backup from the live database. */
const backup = (name: string, ...more: string[]) => {
  const { host, port } = listener.address;
  return ['backup', `--from=${host}:${port}`, `--to=${world.path('backup', name)}`, ...more];
};

it('a backup from the files of a running database is as the page says', async () => {
  const args = ['backup', `--from=file:${database.directory}`, `--to=${world.path('backup', 'files')}`];
  const made = await run(args);
  expect(last(made)).toMatchObject({ event: 'report', kind: 'full', protocol: 'files', server: database.directory });
  const missing = await run(['backup', `--from=file:${world.path('work')}`, `--to=${world.path('backup', 'none')}`]);
  expect(last(missing)).toMatchObject({ event: 'error', code: 'backup.missing' });
  const other = world.path('data', 'without-log');
  cpSync(database.directory, other, { recursive: true });
  for (const { path } of listLogFiles(other).files) rmSync(path);
  const failed = await run(['backup', `--from=file:${other}`, `--to=${world.path('backup', 'none')}`]);
  expect(last(failed)).toMatchObject({ event: 'error', attempts: [{ protocol: 'files', code: 'log.no-check-point' }] });
});

const corruption = (id: string) => lab.apply(loadCorruptions().find((known) => known.id === id)!);

/** A running `serve`. `next`: resolves with the next of its events of this name. */
interface Serving {
  address: { host: string; port: number };
  server: Server;
  next: (event: string) => Promise<void>;
}

/** Serves a directory with the command itself until `work` is done. */
async function serveWhile(directory: string, work: (serving: Serving) => Promise<void>): Promise<Run> {
  const listen = vi.spyOn(Server.prototype, 'listen');
  const interrupt = new AbortController();
  const waiting = new Map<string, () => void>();
  const next = (event: string) => new Promise<void>((resolve) => waiting.set(event, resolve));
  let working: Promise<void> | undefined;
  const ended = run(['serve', `--database=${directory}`, '--listen=127.0.0.1:20000-60000'], {
    signal: interrupt.signal,
    onLine: ({ event, address }, ask) => {
      waiting.get(String(event))?.();
      if (event !== 'listening') return;
      const [host, port] = String(address).split(':');
      const server = listen.mock.contexts.at(-1) as Server;
      working = work({ address: { host: host!, port: Number(port) }, server, next })
        .then(ask)
        .finally(() => interrupt.abort('SIGTERM'));
    },
  });
  try {
    const result = await ended;
    await working;
    return result;
  } finally {
    listen.mockRestore();
  }
}

const textOf = ({ host, port }: Serving['address']) => `${host}:${port}`;

/** Backs up a directory that nobody works in, from the command `serve`. */
async function backUpStore(directory: string, name: string): Promise<Run> {
  let made: Run | undefined;
  await serveWhile(directory, async ({ address }) => {
    const place = [`--to=${world.path('backup', name)}`, `--cc-report-dir=${world.path('report')}`];
    made = await run(['backup', `--from=${textOf(address)}`, ...place]);
  });
  return made!;
}

it('backups that succeed: full, incremental, unchanged, a full one in place of an incremental', async () => {
  const full = await run(backup('b'), {
    onLine: ({ event }, ask) => {
      if (event === 'backup-started' || event === 'progress') ask();
    },
  });
  expect(full.exitCode).toBe(0);
  expect(eventsOf(full)).toEqual(['progress', 'state', 'backup-started', 'report']);
  expect(last(full)).toMatchObject({ kind: 'full', check: { warnings: 0 } });
  await commit(301, 400);
  const incremental = await run(backup('b', '--protocol=common', '--no-check-consistency', '--verbose'));
  expect(last(incremental)).toMatchObject({ kind: 'incremental', protocol: 'common' });
  expect(eventsOf(incremental)).toContain('debug');
  expect(last(incremental)).not.toHaveProperty('check');
  const unchanged = await run(backup('b', '--quiet'));
  expect({ events: eventsOf(unchanged), kind: last(unchanged).kind }).toEqual({
    events: ['report'],
    kind: 'unchanged',
  });

  const other = await run(['restore', `--from=${world.path('backup', 'b')}`, '--database=other', '--check']);
  expect(last(other)).toMatchObject({ checked: true, needsRecovery: false });
  expect(other.lines.some(({ part }) => part !== undefined)).toBe(true);
  const store = await unpackStore('3.4.9-high_limit', world.path('foreign'));
  const fallback = await backUpStore(store, 'b');
  expect(last(fallback)).toMatchObject({ kind: 'full', fallback: { movedTo: world.path('backup', 'b.err.0') } });
  expect(fallback.lines.filter(({ event }) => event === 'backup-started')).toHaveLength(1);
  expect(fallback.lines.some(({ isEstimate }) => isEstimate === true)).toBe(true);
});

it('a backup that follows its source: a copy anew, an incremental, an interruption, the state, and the stop', async () => {
  const stop = new AbortController();
  const from = world.path('followed', 'graph.db');
  const to = world.path('backup', 'followed');
  const source = await EmbeddedDatabase.open(from);
  const add = () => source.transact((tx) => void tx.createNode(['Item'], {}));
  // A backup of another database: the first one has to be a full one in its place.
  cpSync(world.path('backup', 'b'), to, { recursive: true });
  let lock: Promise<FileLock> | undefined;
  const followed = await run(['backup', `--from=file:${from}`, `--to=${to}`, '--follow=100ms'], {
    signal: stop.signal,
    onLine: ({ event, kind, code, following }, ask) => {
      if (event === 'followed' && kind === 'full') void add();
      if (event === 'followed' && kind === 'incremental') lock ??= lockFile(`${to}.graphkeep-lock`);
      if (lock !== undefined && code === undefined) void add();
      if (code === 'follow-interrupted') void lock!.then((held) => held.release());
      if (event === 'follow-resumed') setImmediate(ask);
      if (following !== undefined) stop.abort('SIGTERM');
    },
  });
  await source.close();
  await run(['backup', `--from=file:${from}`, `--to=${to}`, '--no-check-consistency']);
  const again = new AbortController();
  const unchanged = await run(['backup', `--from=file:${from}`, `--to=${to}`, '--follow'], {
    signal: again.signal,
    onLine: ({ event }) => event === 'followed' && again.abort('SIGTERM'),
  });
  expect(unchanged.lines.find(({ event }) => event === 'followed')).toMatchObject({ kind: 'unchanged' });
  expect(followed.exitCode).toBe(0);
  expect(last(followed)).toMatchObject({ event: 'report', kind: 'followed', fullBackups: 1 });
  expect(eventsOf(followed)).toEqual(expect.arrayContaining(['followed', 'note', 'follow-resumed', 'state']));
});

it('backups that fail: nobody there, an interruption, a wrong command line', async () => {
  const nobody = await run(['backup', '--from=127.0.0.1:1', `--to=${world.path('backup', 'n')}`, '--verbose']);
  expect(nobody.exitCode).toBe(1);
  expect(last(nobody)).toMatchObject({ event: 'error', code: 'peer.unreachable' });
  const controller = new AbortController();
  const stopped = await run(backup('stopped'), {
    signal: controller.signal,
    onLine: ({ event }) => {
      if (event === 'progress') controller.abort('SIGINT');
    },
  });
  expect({ exitCode: stopped.exitCode, code: last(stopped).code }).toEqual({ exitCode: 130, code: 'cancelled' });
  for (const args of [['backup'], ['backup', '--bogus'], ['inspect'], ['nonsense'], ['restore', '--from=']]) {
    const wrong = await run(args);
    expect({ args, exitCode: wrong.exitCode, code: last(wrong).code }).toEqual({ args, exitCode: 1, code: 'usage' });
  }
  await world.configure('dbms.backup.enabled=maybe\n');
  expect(last(await run(backup('n')))).toMatchObject({ code: 'config', place: { line: 1 } });
  await world.configure('');
});

it('backups with something to say: inconsistent, untidy, indexes that are left to the server', async () => {
  const inconsistent = await backUpStore(corruption('base35/rel-06'), 'bad');
  expect({ exitCode: inconsistent.exitCode, code: last(inconsistent).code }).toEqual({
    exitCode: 3,
    code: 'check.inconsistent',
  });
  const untidy = await backUpStore(corruption('base35/dyn-04'), 'untidy');
  expect(last(untidy)).toMatchObject({ check: { warnings: 1 }, notes: [{ code: 'check-warned' }] });
  const store = await unpackStore('3.5.34-standard', world.path('fulltext'));
  rmSync(join(store, 'schema/index/fulltext-1.0'), { recursive: true });
  const { notes } = last(await backUpStore(store, 'fulltext')) as { notes: { code: string }[] };
  const codes = notes.map(({ code }) => code);
  expect(codes).toEqual(expect.arrayContaining(['index-left-to-server', 'fulltext-settings-missing']));
});

it('what is wrong with a TLS policy', async () => {
  const configure = (directory: string, ...more: string[]) =>
    world.configure(
      [
        'dbms.backup.ssl_policy=p',
        ...[`base_directory=${directory}`, ...more].map((line) => `dbms.ssl.policy.p.${line}`),
      ].join('\n'),
    );
  const authority = await TestIdentity.authority('authority');
  const identity = await authority.issue('late', { fromDays: -9, toDays: -1 });
  const early = await TestIdentity.authority('early', { fromDays: 1 });
  const { directory } = layOutPolicy({ identity, trusted: [early.pem] });
  chmodSync(join(directory, 'private.key'), 0o644);
  await configure(directory);
  const used = last(await run(['backup', '--from=127.0.0.1:1', `--to=${world.path('backup', 'n')}`]));
  const codes = (used.notes as { code: string }[]).map(({ code }) => code);
  expect(codes.sort()).toEqual(['certificate-expired', 'certificate-not-yet-valid', 'private-key-readable']);
  await configure(layOutPolicy({}).directory, 'allow_key_generation=true', 'client_auth=NONE');
  const made = last(await run(['backup', '--from=127.0.0.1:1', `--to=${world.path('backup', 'n')}`]));
  expect(made.notes).toMatchObject([{ code: 'key-pair-made' }]);
  await world.configure('');
});

it('restore, dump and load', async () => {
  await unpackCorpus('recovery/3.4.9-standard-dirty.tar.gz', world.path('dirty'));
  const from = world.path('dirty', 'graph.db');
  const restored = await run(['restore', `--from=${from}`]);
  expect(last(restored)).toMatchObject({ needsRecovery: true, notes: [{ code: 'recovery-needed' }] });
  expect(last(await run(['restore', `--from=${from}`]))).toMatchObject({ code: 'database.exists' });
  const refused = await run(['dump', `--to=${world.path('report')}`]);
  expect(last(refused)).toMatchObject({ event: 'error', code: 'store.needs-recovery' });

  const [, ...steps] = (await run(['recover', world.database('graph.db'), '--verbose'])).lines.reverse();
  expect(steps.length).toBeGreaterThan(3);
  expect(last(await run(['recover', world.database('graph.db')]))).toMatchObject({ state: 'clean' });
  writeFileSync(join(world.database('graph.db'), 'notes.txt'), 'mine');
  for (const compression of ['gzip', 'zstd']) {
    const archive = world.path('report', `${compression}.dump`);
    const dumped = await run(['dump', `--to=${archive}`, `--compression=${compression}`]);
    expect(last(dumped)).toMatchObject({ archive, compression, leftOut: ['notes.txt'] });
    expect(last(await run(['load', `--from=${archive}`, `--database=${compression}`]))).toMatchObject({
      database: compression,
      directory: world.database(compression),
    });
  }
});

it('check: consistent, inconsistent, and what cannot be checked', async () => {
  const report = `--report-dir=${world.path('report')}`;
  const sound = await run(['check', lab.copy('base35'), report]);
  expect({ exitCode: sound.exitCode, consistent: last(sound).consistent }).toEqual({ exitCode: 0, consistent: true });
  const found = { bad: 0, kinds: new Set<unknown>() };
  // A warning alone, findings of both origins, one without a record, one with what is expected and found.
  const always = ['dyn-04', 'tok-04', 'node-08', 'sch-08'].map((id) => `base35/${id}`);
  const all = loadCorruptions().filter(
    ({ id, store }, at) => store === 'base35' && (always.includes(id) || at % 8 === 0),
  );
  const others = campaign.few(
    all.filter(({ id }) => !always.includes(id)),
    2,
  );
  for (const { id } of all.filter((one) => always.includes(one.id) || others.includes(one))) {
    const damaged = await run(['check', corruption(id), report]);
    if (damaged.exitCode === 3) found.bad++;
    for (const { kind } of (last(damaged).findings ?? []) as { kind: string }[]) found.kinds.add(kind);
  }
  expect(found.bad).toBeGreaterThan(campaign.size(3, 2));
  expect(found.kinds.size).toBeGreaterThan(5);
  const failed = await run(['check', world.path('nowhere'), report]);
  expect({ exitCode: failed.exitCode, event: last(failed).event }).toEqual({ exitCode: 2, event: 'error' });
});

it('inspect: clean, dirty, incomplete, damaged, without a log', async () => {
  const stateOf = async (directory: string) => (last(await run(['inspect', directory])).log as Line | undefined)?.state;
  expect(await stateOf(world.path('backup', 'b'))).toBe('clean');
  expect(await stateOf(await unpackStore('3.5.34-standard', world.path('all-kinds')))).toBe('clean');
  await unpackCorpus('recovery/3.5.34-standard-dirty.tar.gz', world.path('dirty35'));
  const dirty = world.path('dirty35', 'graph.db');
  expect(await stateOf(dirty)).toBe('needs-recovery');
  rmSync(join(dirty, 'neostore.labeltokenstore.db'));
  expect(last(await run(['inspect', dirty])).faults).toMatchObject([{ name: 'neostore.labeltokenstore.db' }]);
  const store = await unpackStore('3.4.9-standard', world.path('logs'));
  const log = join(store, 'neostore.transaction.db.0');
  expect(existsSync(log)).toBe(true);
  await rename(log, join(store, 'neostore.transaction.db.7'));
  writeFileSync(log, 'damaged, and long enough for a header');
  expect(await stateOf(store)).toBe('unreadable');
  rmSync(log);
  rmSync(join(store, 'neostore.transaction.db.7'));
  expect(await stateOf(store)).toBe('absent');
});

it('inspect: databases of later releases', async () => {
  const home = await unpackModernDatabase('4.4.48-fuzzy', world.path('modern'));
  const store = join(home, 'data/databases/neo4j');
  const logs = join(home, 'data/transactions/neo4j');
  const logOf = async () => last(await run(['inspect', store])).log;
  expect(await logOf()).toMatchObject({ state: 'needs-recovery', kernelVersion: 4, directory: logs });
  writeFileSync(join(logs, 'neostore.transaction.db.2'), 'damaged');
  expect(await logOf()).toMatchObject({ state: 'unreadable' });
});

it('doctor: all in order, a warning, a failure', async () => {
  const from = `--from=file:${database.directory}`;
  const sound = await run(['doctor', from, `--to=${world.path('backup', 'b')}`]);
  expect({ exitCode: sound.exitCode, event: last(sound).event }).toEqual({ exitCode: 0, event: 'report' });
  expect(last(sound).verdict).not.toBe('fail');
  await world.configure('dbms.tx_log.rotation.retention_policy=keep_none\n');
  expect(last(await run(['doctor', from]))).toMatchObject({ verdict: 'warn' });
  await world.configure('');
  expect(last(await run(['doctor', from]))).toMatchObject({ verdict: 'ok' });
  const failed = await run(['doctor', '--from=127.0.0.1:1', `--to=${world.path('backup', 'none')}`]);
  expect({ exitCode: failed.exitCode, verdict: last(failed).verdict }).toEqual({ exitCode: 1, verdict: 'fail' });
});

it('a database of 5.26 is backed up into two repositories and restored as the page says', async () => {
  const home = await unpackModernDatabase('5.26.30-fuzzy', world.path('modern'));
  const places = ['one', 'two'].map((name) => `--repo=${world.path(name)}`);
  for (const place of places) await run(['repo', 'init', place, '--no-encryption']);
  const made = last(await run(['backup', `--from=file:${home}`, ...places]));
  expect(made).toMatchObject({ event: 'report', kind: 'full', others: [{ database: 'neo4j', kind: 'full' }] });
  const doctor = last(await run(['doctor', `--from=file:${home}`, ...places]));
  const seen = (doctor.findings as Line[]).filter(({ check }) => check === 'continuation');
  expect(seen.map(({ database: name, repository }) => [name, repository])).toEqual([
    ['neo4j', world.path('one')],
    ['neo4j', world.path('two')],
  ]);
  const restored = await run(['restore', places[1]!, '--database=neo4j', `--to=${world.path('modern-restored')}`]);
  expect(last(restored)).toMatchObject({ event: 'report', writtenBy: '5.25 or later, before 2025.04' });
  for (const compression of ['gzip', 'zstd']) {
    const to = `--to=${world.path(`${compression}.dump`)}`;
    const packed = await run(['export', places[0]!, to, `--compression=${compression}`, `--scratch=${world.root}`]);
    expect(last(packed)).toMatchObject({ event: 'report', compression });
  }
  const server = FakeServer.make(world.path('fake'), '5.26.30');
  server.behave({ check: 'damaged' });
  const { env } = world.context();
  world.setEnvironment({ ...(env as Record<string, string>), JAVA_HOME: server.javaHome });
  mkdirSync(world.path('drills'));
  const drill = [`--server-home=${server.home}`, `--scratch=${world.path('drills')}`];
  const drilled = await run(['drill', places[0]!, '--database=neo4j', ...drill]);
  expect([drilled.exitCode, last(drilled)]).toMatchObject([3, { server: { findings: [{ severity: 'error' }, {}] } }]);
  expect(last(await run(['info', places[0]!]))).toMatchObject({ databases: [{ drill: { server: '5.26.30' } }] });
  server.behave({});
  cpSync(join(home, 'data/databases/neo4j'), join(home, 'data/databases/other'), { recursive: true });
  cpSync(join(home, 'data/transactions/neo4j'), join(home, 'data/transactions/other'), { recursive: true });
  const both = await run(['backup', `--from=file:${home}`, places[0]!, '--database=*', '--drill', ...drill]);
  expect(last(both)).toMatchObject({ drill: { nodes: 193 }, others: [{ drill: { consistent: true } }] });
});

it('databases of 2026.08 are followed as the page says: copies, an incremental, an interruption, the state, the stop', async () => {
  const database = await GrowingDatabase.unpack('2026.08.1-fuzzy', world.path('modern-followed'), {
    checkPoints: false,
  });
  const { data } = database;
  const ids = database.transactions.map(({ id }) => id);
  database.endAt(ids[3]!);
  for (const place of [filesOf(data), logsOf(data)]) cpSync(place, join(place, '../system'), { recursive: true });
  const repo = `--repo=${world.path('followed-repository')}`;
  await run(['repo', 'init', repo, '--no-encryption']);
  const stop = new AbortController();
  const away = `${filesOf(data)}-away`;
  const followed = await run(['backup', `--from=file:${database.home}`, repo, '--follow=100ms'], {
    signal: stop.signal,
    onLine: ({ event, kind, code, database: name, following }, ask) => {
      if (event === 'followed' && name === 'system') database.growTo(ids[10]!);
      if (event === 'followed' && kind === 'incremental') void rename(filesOf(data), away);
      if (code === 'follow-interrupted') void rename(away, filesOf(data));
      if (event === 'follow-resumed') setImmediate(ask);
      if (event === 'state' && following === undefined) setImmediate(ask);
      if (following !== undefined) stop.abort('SIGTERM');
    },
  });
  expect(followed.exitCode).toBe(0);
  expect(eventsOf(followed)).toEqual(expect.arrayContaining(['followed', 'note', 'follow-resumed', 'state']));
  expect(last(followed)).toMatchObject({ event: 'report', kind: 'followed', others: [{ database: 'system' }] });
});

it('the plan of a restore, which works or not', async () => {
  const { host, port } = listener.address;
  const repo = `--repo=${world.path('planned')}`;
  await run(['repo', 'init', repo, '--no-encryption']);
  await run(['backup', `--from=${host}:${port}`, repo]);
  await setTimeout(20);
  const between = new Date().toISOString();
  await setTimeout(20);
  await commit(5001, 5002);
  await run(['backup', `--from=${host}:${port}`, repo]);
  const to = world.path('planned-databases', 'graph.db');
  const plan = ['restore', repo, `--to=${to}`, '--plan'];
  const works = last(await run([...plan, `--until=${between}`]));
  expect(works).toMatchObject({ plan: { works: true, until: between, firstTransaction: expect.any(Number) } });
  await run(['restore', repo, `--to=${to}`]);
  const lock = await lockFile(world.path('planned-databases', 'store_lock'));
  const user = vi.spyOn(process, 'geteuid').mockReturnValue(54_321);
  const fails = await run(plan);
  user.mockRestore();
  await lock.release();
  expect([fails.exitCode, last(fails).plan]).toMatchObject([
    1,
    { works: false, ownerId: 54_321, problems: [{ code: 'database.exists' }, { code: 'directory.in-use' }] },
  ]);
  const objects = readdirSync(world.path('planned'), { recursive: true, encoding: 'utf8' });
  const object = objects.find((path) => /\/data\/.*\.zst$/.test(path))!;
  truncateSync(world.path('planned', object), 10);
  const damaged = await run([...plan, `--to=${world.path('planned-elsewhere')}`]);
  expect([damaged.exitCode, last(damaged).plan]).toMatchObject([14, { problems: [{ observed: '10' }] }]);
});

it('a repository with gaps, forks and damage is listed as the page says', async () => {
  const repository = await ForkedRepository.make(world.path('forked'), world.path('history'));
  const whole = await run(['list', `--repo=${repository.folder}`]);
  expect([whole.exitCode, last(whole)]).toMatchObject([0, { databases: [{ timelines: [{}, { parent: {} }] }] }]);
  repository.mar();
  const marred = await run(['list', `--repo=${repository.folder}`]);
  expect([marred.exitCode, last(marred)]).toMatchObject([
    14,
    { databases: [{ timelines: [{ log: { gaps: [{}], forks: [{}] } }, {}] }], faultCount: 1 },
  ]);
});

it('a repository is made, filled, described and restored as the page says', async () => {
  const repo = `--repo=${world.path('repository')}`;
  const recipient = 'age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p';
  const encrypted = await run(['repo', 'init', `--repo=${world.path('encrypted')}`, `--recipients=${recipient}`]);
  expect(last(encrypted)).toMatchObject({ recipients: [recipient], refusesOverwriting: true });
  await run(['repo', 'init', repo, '--no-encryption']);
  const { host, port } = listener.address;
  const made = await run(['backup', `--from=${host}:${port}`, repo]);
  expect(last(made)).toMatchObject({ event: 'report', kind: 'full' });
  const interrupted = 'db/graph.db/20260101T000000Z-00000000';
  mkdirSync(world.path('repository', interrupted, 'base/20260101T000000Z-00000001'), { recursive: true });
  cpSync(
    world.path('repository', 'README.txt'),
    world.path('repository', interrupted, 'base/20260101T000000Z-00000001/x'),
  );
  const timeline = readdirSync(world.path('repository', 'db', 'graph.db'))
    .sort()
    .at(-1)!;
  const info = await run(['info', repo]);
  expect(last(info)).toMatchObject({ databases: [{ bases: [{}], ranges: [{}], unfinished: [expect.any(String)] }] });
  const place = `--repo=${world.path('encrypted')}`;
  const copied = await run(['copy', repo, `--to-repo=${world.path('encrypted')}`]);
  expect(last(copied)).toMatchObject({ bases: 1, sealedAnew: true, faults: [] });
  expect(last(await run(['list', place]))).toMatchObject({ databases: [{ timelines: [{ bases: [{}] }] }] });
  expect(last(await run(['restore', repo, `--to=${world.path('from-repository')}`]))).toMatchObject({
    event: 'report',
  });
  expect(last(await run(['info', `--repo=${world.path('none')}`]))).toMatchObject({ code: 'object.no-store' });
  mkdirSync(world.path('empty'));
  const none = await run(['info', `--repo=${world.path('empty')}`]);
  expect(last(none)).toMatchObject({ code: 'repository.missing', place: { object: world.path('empty') } });
  const { bases } = (last(info).databases as { bases: { id: string }[] }[])[0]!;
  rmSync(world.path('repository', 'db', 'graph.db', timeline, 'base', bases[0]!.id, 'data'), { recursive: true });
  const pruneable = ['prune', repo, '--keep-last=1'];
  expect(last(await run(pruneable))).toMatchObject({
    bases: [{ kept: true, reasons: ['last', 'newest-that-restores'] }],
  });
  expect(last(await run([...pruneable, '--confirm']))).toMatchObject({ removedObjects: 0, refusedObjects: 0 });
  expect(last(await run(['verify', repo, '--read']))).toMatchObject({ faults: [{ code: 'object.missing' }] });
  await run(['repo', 'init', `--repo=${world.path('other')}`, '--no-encryption']);
  const failed = await run(['copy', repo, `--to-repo=${world.path('other')}`]);
  expect([failed.exitCode, last(failed)]).toMatchObject([14, { faults: [{ code: 'object.missing' }] }]);
  const damaged = await run(['restore', repo, `--to=${world.path('damaged')}`]);
  expect(last(damaged)).toMatchObject({ code: 'object.missing', place: { file: expect.any(String) } });
  expect([damaged.exitCode, existsSync(world.path('damaged'))]).toEqual([14, false]);
});

it('drills, holds, keys, and what the repository remembers of them, are as the page says', async () => {
  const { host, port } = listener.address;
  const repo = `--repo=${world.path('proved')}`;
  const key = `--identity=${world.path('identity')}`;
  const secret = await generateX25519Identity();
  writeFileSync(world.path('identity'), `${secret}\n`);
  mkdirSync(world.path('scratch'));
  const scratch = `--scratch=${world.path('scratch')}`;
  await run(['repo', 'init', repo, `--recipients=${await identityToRecipient(secret)}`]);
  const notesOf = async () => (last(await run(['info', repo])).notes as { code: string }[]).map(({ code }) => code);
  const made = await run(['backup', `--from=${host}:${port}`, repo, '--drill', key, scratch]);
  expect(last(made)).toMatchObject({ event: 'report', drill: { consistent: true, findings: [] } });
  expect(last(await run(['info', repo]))).toMatchObject({ databases: [{ drill: { result: 'sound' }, keyProved: {} }] });
  const timeline = readdirSync(world.path('proved', 'db', 'graph.db'))[0]!;
  const marks = world.path('proved', 'db', 'graph.db', timeline, 'mark');
  const [proof] = readdirSync(marks).filter((name) => name.includes('.proof.'));
  const [base] = proof!.split('.');
  // Both are as old as the hills.
  const old = '20200101T000000Z-00000000';
  const content = JSON.parse(readFileSync(join(marks, proof!), 'utf8')) as object;
  rmSync(marks, { recursive: true });
  expect(await notesOf()).toEqual(['never-drilled', 'key-never-proved']);
  mkdirSync(marks);
  const made2020 = { made: '2020-01-01T00:00:00.000Z' };
  writeFileSync(join(marks, `${base}.proof.${old}.json`), JSON.stringify({ ...content, ...made2020 }));
  writeFileSync(join(marks, `${base}.key.${old}.json`), JSON.stringify({ ...content, ...made2020, kind: 'key' }));
  expect(await notesOf()).toEqual(['drill-stale', 'key-stale']);

  expect(last(await run(['key', 'check', repo, key]))).toMatchObject({ opens: true, databases: [{ opens: true }] });
  expect(last(await run(['verify', repo]))).toMatchObject({ faultCount: 0 });
  expect(last(await run(['verify', repo, '--read=50%', key]))).toMatchObject({ read: false, readPercent: 50 });
  expect(last(await run(['info', repo]))).toMatchObject({ databases: [{ verified: { readPercent: 50 } }] });
  expect(last(await run(['hold', repo, `--base=${base}`, '--reason=audit']))).toMatchObject({ held: true });
  expect(last(await run(['info', repo]))).toMatchObject({
    databases: [{ verified: { read: false }, holds: [{ base, reason: 'audit' }] }],
  });
  expect(last(await run(['release', repo, `--base=${base}`]))).toMatchObject({ held: false, changed: true });

  // Something else is where marks go.
  rmSync(marks, { recursive: true });
  writeFileSync(marks, '');
  const unrecorded = await run(['drill', repo, key, scratch]);
  expect(last(unrecorded)).toMatchObject({ event: 'report', notes: [{ code: 'result-not-recorded', base }] });
  rmSync(marks);
  rmSync(world.path('proved', 'db', 'graph.db', timeline, 'base', base!, 'data'), { recursive: true });
  const failed = await run(['backup', `--from=${host}:${port}`, repo, '--drill', key, scratch]);
  expect(last(failed)).toMatchObject({ code: 'object.missing', notes: [{ code: 'drill-after-backup-failed' }] });
  expect(await notesOf()).toEqual(['drill-failed', 'key-never-proved']);

  const bad = `--repo=${world.path('inconsistent')}`;
  await run(['repo', 'init', bad, '--no-encryption']);
  await run(['backup', `--from=file:${corruption('base35/rel-06')}`, bad]);
  expect(last(await run(['drill', bad, scratch]))).toMatchObject({ event: 'report', consistent: false });
  expect(last(await run(['info', bad]))).toMatchObject({ databases: [{ drill: { result: 'inconsistent' } }] });
});

it('a store that waits for the server: check, inspect, recover', async () => {
  const directory = world.path('pending');
  await makePendingStore(directory, world.path('report'));
  const checked = await run(['check', directory, `--report-dir=${world.path('report')}`]);
  expect(last(checked)).toMatchObject({ pending: { first: expect.any(Number) } });
  expect(last(await run(['inspect', directory]))).toMatchObject({ log: { state: 'left-to-server' } });
  const recovered = await run(['recover', directory]);
  expect(recovered.exitCode).toBe(2);
  expect(last(recovered)).toMatchObject({ state: 'pending', pendingFrom: expect.any(Number) });
});

it('serve: what clients do, and what goes wrong with them', async () => {
  await world.configure('graphkeep.serve.request_timeout=300ms\n');
  const directory = world.path('backup', 'served');
  expect((await run(backup('served'))).exitCode).toBe(0);
  const served = await serveWhile(directory, async ({ address, server }) => {
    const from = `--from=${textOf(address)}`;
    const to = `--to=${world.path('backup', 'again')}`;
    for (const kind of ['full', 'unchanged']) {
      expect(last(await run(['backup', from, to, '--protocol=common']))).toMatchObject({ kind });
    }
    // A client with another store is told so.
    const refused = [from, `--to=${world.path('backup', 'untidy')}`, '--no-fallback-to-full'];
    expect(last(await run(['backup', ...refused, '--protocol=common']))).toMatchObject({ event: 'error' });
    const silent = await RawClient.connect(address);
    await silent.ended;
    server.emit('error', new Error('EMFILE: too many open files'));
    for (let client = 0; client < 130; client++) {
      const socket = connect(address, () => socket.end('GET / HTTP/1.1\r\n\r\n')).on('error', () => {});
      await new Promise((resolve) => socket.resume().on('close', resolve));
    }
  });
  expect(served.exitCode).toBe(0);
  const wanted = ['started', 'finished', 'failed', 'refused', 'silent', 'left-out', 'trouble'];
  expect(eventsOf(served).sort()).toEqual(['listening', ...wanted, 'state', 'report'].sort());
  await world.configure('');
});

it('serve: a client that goes away, and one that asks for what is not there', async () => {
  const directory = world.path('backup', 'parts');
  expect((await run(backup('parts'))).exitCode).toBe(0);
  const { lines } = await serveWhile(directory, async ({ address, next }) => {
    const caller = await CatchupCaller.connect(address);
    const { outcome } = await caller.ask({ kind: 'storeId' });
    if (outcome?.kind !== 'storeId') return expect.fail('no store id');
    const { storeId } = outcome;
    const failed = next('failed');
    await caller.ask({ kind: 'storeFile', storeId, requiredTransactionId: 1, name: 'nothing' });
    await failed;
    const other = await CatchupCaller.connect(address);
    await other.ask({ kind: 'prepareStoreCopy', storeId });
    const aborted = next('aborted');
    other.close();
    await aborted;
    caller.close();
  });
  expect(lines.find(({ event }) => event === 'failed')).toMatchObject({ request: 'part' });
  expect(lines.find(({ event }) => event === 'aborted')).toMatchObject({ request: 'full' });
});

it('a configuration file: which one counts, that others may change it, and what is wrong in it', async () => {
  const places = ['option', 'variable', 'user'] as const;
  const folder = world.path('xdg', 'graphkeep');
  mkdirSync(folder, { recursive: true });
  const file = join(folder, 'graphkeep.yaml');
  writeFileSync(file, 'commands: { check: { graph: false } }\n');
  chmodSync(file, 0o666);
  const { env } = world.context();
  for (const by of places) {
    const named = by === 'option' ? [`--config=${file}`] : [];
    const variables = by === 'variable' ? { GRAPHKEEP_CONFIG: file } : { XDG_CONFIG_HOME: world.path('xdg') };
    const seen = await run(['check', database.directory, ...named], { env: { ...env, ...variables } });
    expect(seen.lines[0]).toMatchObject({ event: 'configuration', file, by });
    expect(seen.lines.at(-1)!.notes).toMatchObject([{ code: 'configuration-writable', path: file, mode: '0666' }]);
  }
  const told: Line[] = [];
  const context = contextWith({ stdout: (text) => told.push(JSON.parse(text) as Line) });
  const options = { command: 'check', json: true, verbose: false, quiet: false };
  const reporter = new JsonReporter(withPrintableOutput(context), options);
  await tellConfiguration({ file: { file, by: 'system' }, origins: new Map() }, reporter);
  expect(told.flatMap((line) => page.findDifferences(line))).toEqual([]);
  writeFileSync(file, 'commands: { chek: {} }\n');
  const wrong = await run(['inspect', database.directory, `--config=${file}`]);
  expect(last(wrong)).toMatchObject({ event: 'error', code: 'config', place: { file, line: 1, column: 13 } });
});

it('every note of a backup and a restore, also those that are rare', () => {
  const error = new GraphkeepError('file.io', 'EIO', { place: { file: '/b/x', offset: 7 } });
  const path = '/b/x';
  const transactions = { firstTransaction: 3, lastTransaction: 4 };
  const notes: Record<BackupNote['kind'], BackupNote[]> = {
    'request-keeps-failing': [
      { kind: 'request-keeps-failing', attempt: 5, error, request: 'first-files' },
      { kind: 'request-keeps-failing', attempt: 5, error, request: 'file', name: 'neostore' },
      { kind: 'request-keeps-failing', attempt: 5, error, request: 'index', rule: 3 },
      { kind: 'request-keeps-failing', attempt: 5, error, request: 'transactions' },
    ],
    'fallback-began': [{ kind: 'fallback-began', error }],
    'old-backup-moved': [{ kind: 'old-backup-moved', path }],
    'target-left-out': [{ kind: 'target-left-out', target: path, error }],
    'file-left-to-server': (['changing', 'incomplete', 'unknown'] as const).map((cause) => ({
      kind: 'file-left-to-server',
      name: 'neostore.counts.db',
      cause,
    })),
    'finished-backup-set-aside': [{ kind: 'finished-backup-set-aside', backup: path, aside: path, error }],
    'former-work-directory-found': [{ kind: 'former-work-directory-found', path }],
    'full-continued': [{ kind: 'full-continued', objects: 3, bytes: 9 }],
    'rights-not-restored': [{ kind: 'rights-not-restored', path, error }],
    'check-report-failed': [{ kind: 'check-report-failed', error }],
    'check-left-to-server': [{ kind: 'check-left-to-server', ...transactions }],
    'check-warned': [{ kind: 'check-warned', warnings: 1, reportPath: path }],
    'index-left-to-server': (['created-later', 'changes-unknown', 'not-writable'] as const).map((why) => ({
      kind: 'index-left-to-server',
      index: 'i',
      provider: 'p-1',
      why,
    })),
    'fulltext-settings-missing': [{ kind: 'fulltext-settings-missing', index: 'i' }],
    'explicit-indexes-left-to-server': [{ kind: 'explicit-indexes-left-to-server', firstTransaction: 3 }],
  };
  const restored: Record<RestoreNote['kind'], RestoreNote> = {
    'foreign-owner': { kind: 'foreign-owner', path, ownerId: 0, wantedOwnerId: 1, wantedGroupId: 2 },
    'old-database-left': { kind: 'old-database-left', path, error: new Error('EIO') },
  };
  const lines: Line[] = [];
  const context = contextWith({ stdout: (text) => lines.push(JSON.parse(text) as Line) });
  const reporter = new JsonReporter(withPrintableOutput(context), {
    command: 'backup',
    json: true,
    verbose: false,
    quiet: false,
  });
  for (const note of Object.values(notes).flat()) reporter.note(noteOfEvent(note, describeBackupNote(note)));
  for (const note of Object.values(restored)) reporter.note(noteOfEvent(note, describeRestoreNote(note)));
  expect(lines).toHaveLength(Object.values(notes).flat().length + 2);
  expect(lines.flatMap((line) => page.findDifferences(line))).toEqual([]);
});

it('the page has no event and no field that nothing prints', () => {
  const isOfDemo = (name: string) =>
    /^(?:report of demo |backups\[]|line |note code demo-kept)|"(?:writing|demo)"$/.test(name);
  expect(page.findDeadRows(isOfDemo)).toEqual([]);
  for (const { name, options } of nativeCommands) {
    const hasJson = options.some((option) => option.name === 'json');
    expect({ name, hasJson: page.hasReportOf(name) }).toEqual({ name, hasJson });
  }
});
