import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import fsPromises from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type BackupEvent, isNote } from '../../src/backup/backup-events.ts';
import type { BackupOptions } from '../../src/backup/backup-options.ts';
import { runModernBackup } from '../../src/backup/modern/modern-backup.ts';
import { EmbeddedDatabase } from '../../src/embedded/embedded-database.ts';
import { LogWriter } from '../../src/log/v3/log-writer.ts';
import { findRecoveryStart } from '../../src/log/v3/recovery-start.ts';
import { decodeTransaction, encodeTransaction } from '../../src/log/v3/transaction-codec.ts';
import { initRepository } from '../../src/repository/opening/repository.ts';
import { BackupListener } from '../../src/serve/backup-listener.ts';
import { serveStore } from '../../src/serve/database/stopped-store.ts';
import { type Attempt, type AttemptOptions, attemptBackup } from '../support/commands/backup-attempt.ts';
import { CorruptionLab, loadCorruptions } from '../support/corpus/corruptions.ts';
import { unpackStore } from '../support/corpus/golden-store.ts';
import { makeTemporaryDirectory, removeDirectory } from '../support/corpus/unpack-corpus.ts';
import { type GeneratedHistory, generateHistory } from '../support/history/generated-history.ts';
import { unpackModernDatabase } from '../support/modern/modern-corpus.ts';
import { answer, FaultyStore, faults } from '../support/objects/faulty-store.ts';
import { MemoryStore } from '../support/objects/memory-store.ts';
import { BackupServer } from '../support/servers/backup-server.ts';
import { CatchupMember, memberOf } from '../support/servers/catchup-member.ts';

/*
 * Promise: a backup reports what it does as events, and some run reports each of them; the notes among them are in the report; and the
 * numbers of files and bytes add up.
 */

const { readdir } = fsPromises;

let scratch: string;
let history: GeneratedHistory;
let lab: CorruptionLab;
/** Every kind, with how often the runs of this file reported it. */
const told = new Map<BackupEvent['kind'], number>();

beforeAll(async () => {
  scratch = await makeTemporaryDirectory();
  history = await generateHistory(join(scratch, 'source'), { nodes: 20 });
  lab = await CorruptionLab.open();
});

afterAll(async () => {
  await lab.close();
  await removeDirectory(scratch);
});

/** A directory for the backups of one test. */
function directoryOf(name: string): string {
  const directory = join(scratch, name);
  mkdirSync(directory, { recursive: true });
  return directory;
}

/** Runs one backup; its report must contain its notes. */
async function run(backupDir: string, from: BackupOptions['from'], options: AttemptOptions = {}): Promise<Attempt> {
  const attempt = await attemptBackup(backupDir, from, options);
  for (const { kind } of attempt.events) told.set(kind, (told.get(kind) ?? 0) + 1);
  if (attempt.report !== undefined) expect(attempt.report.notes).toEqual(attempt.events.filter(isNote));
  return attempt;
}

function kindsOf({ events }: Attempt): BackupEvent['kind'][] {
  return [...new Set(events.map(({ kind }) => kind))];
}

/** The last event of a kind. */
function lastOf<Kind extends BackupEvent['kind']>({ events }: Attempt, kind: Kind) {
  return events.findLast((event): event is Extract<BackupEvent, { kind: Kind }> => event.kind === kind);
}

async function withMember<T>(newest: number, use: (member: CatchupMember) => Promise<T>): Promise<T> {
  const member = await CatchupMember.start(memberOf(history));
  member.newest = newest;
  try {
    return await use(member);
  } finally {
    await member.stop();
  }
}

async function withServer<T>(newest: number, use: (server: BackupServer) => Promise<T>): Promise<T> {
  const server = await BackupServer.start(history, newest);
  try {
    return await use(server);
  } finally {
    await server.stop();
  }
}

/** Backs up a stopped store from our own listener. */
async function backUpStore(name: string, directory: string, options: AttemptOptions = {}): Promise<Attempt> {
  const store = await serveStore(directory);
  const listener = await BackupListener.start(store, { listen: { host: '127.0.0.1', port: 0 } });
  try {
    return await run(directoryOf(name), listener.address, options);
  } finally {
    await listener.stop();
    await store.close();
  }
}

it('a full and an incremental backup of a cluster member are reported', async () => {
  const directory = directoryOf('member');
  await withMember(9, async (member) => {
    const full = await run(directory, member.address, { protocol: 'any', checkConsistency: true });
    expect(kindsOf(full)).toEqual([
      'backup-began',
      'attempt-began',
      'protocol-chosen',
      'file-began',
      'file-progress',
      'file-ended',
      'files-announced',
      'transactions-began',
      'transactions-progress',
      'transactions-ended',
      'copy-ended',
      'replay-progress',
      'flush-began',
      'log-applied',
      'published',
      'check-began',
      'check-progress',
      'check-ended',
      'backup-ended',
    ]);
    const { report } = full;
    const { files, bytes } = lastOf(full, 'copy-ended')!;
    expect(lastOf(full, 'file-ended')).toMatchObject({ copiedFiles: files, copiedBytes: bytes });
    expect(lastOf(full, 'files-announced')).toEqual({ kind: 'files-announced', files, indexes: 0 });
    const received = lastOf(full, 'transactions-ended')!;
    expect(report).toMatchObject({ files, bytes: bytes + received.bytes, lastTransaction: 9, notes: [] });
    expect(received).toMatchObject({ last: 9 });
    expect(lastOf(full, 'transactions-progress')).toMatchObject({ bytes: received.bytes, last: 9 });
    expect(lastOf(full, 'check-ended')).toMatchObject({ consistent: true, errors: 0, warnings: 0 });
    member.newest = 14;
    const more = await run(directory, member.address, { protocol: 'any' });
    expect(lastOf(more, 'transactions-began')).toEqual({ kind: 'transactions-began', first: 10 });
    expect(lastOf(more, 'transactions-ended')).toMatchObject({ transactions: 5, last: 14, bytes: more.report!.bytes });
    expect(lastOf(more, 'log-pruned')?.versions).toHaveLength(1);
    const ended = { backup: 'incremental', lastTransaction: 14, files: 1, bytes: more.report!.bytes };
    expect(more.events.at(-1)).toMatchObject({ kind: 'backup-ended', ...ended });
  });
});

it('the phases of a replay are reported from beginning to end', async () => {
  const { events } = await withServer(9, (server) => run(directoryOf('phases'), server.address));
  const phases = new Map<string, { done: number; total: number }[]>();
  for (const event of events) {
    if (event.kind === 'replay-progress') phases.set(event.phase, [...(phases.get(event.phase) ?? []), event]);
  }
  expect([...phases.keys()]).toEqual(['collect', 'records', 'label-scan', 'indexes', 'counts']);
  for (const [phase, steps] of phases) {
    const { total } = steps[0]!;
    if (phase !== 'indexes') expect(total, phase).toBeGreaterThan(0);
    expect([steps[0]!.done, steps.at(-1)!.done], phase).toEqual([0, total]);
    expect(steps.map(({ done }) => done).sort((a, b) => a - b)).toEqual(steps.map(({ done }) => done));
    expect(new Set(steps.map((step) => step.total)).size, phase).toBe(1);
  }
});

it('a member whose connections break is reported', async () => {
  await withMember(9, async (member) => {
    let cuts = 0;
    member.fault = ({ kind }) => {
      if (kind === 'prepareStoreCopy' && cuts === 0) return { cutAfter: 20_000 * ++cuts };
      return kind === 'storeFile' && ++cuts < 5 ? { cutAfter: 0 } : undefined;
    };
    const attempt = await run(directoryOf('broken'), member.address, { protocol: 'catchup' });
    expect(attempt.report?.kind).toBe('full');
    expect(kindsOf(attempt)).toEqual(expect.arrayContaining(['request-repeated', 'file-dropped']));
    expect(attempt.events.find(({ kind }) => kind === 'request-repeated')).toMatchObject({
      request: 'first-files',
      attempt: 1,
      error: { code: 'peer.closed' },
    });
    const { files, bytes } = lastOf(attempt, 'copy-ended')!;
    expect(lastOf(attempt, 'file-ended')).toMatchObject({ copiedFiles: files, copiedBytes: bytes });
  });
});

it('a member whose trouble lasts is reported', async () => {
  await withMember(9, async (member) => {
    let cuts = 0;
    member.fault = ({ kind }) => (kind === 'transactions' && cuts++ < 6 ? { cutAfter: 0 } : undefined);
    const attempt = await run(directoryOf('trouble'), member.address, { protocol: 'catchup' });
    expect(attempt.report?.notes).toMatchObject([
      { kind: 'request-keeps-failing', request: 'transactions', attempt: 5, error: { code: 'peer.closed' } },
    ]);
  });
});

it('a server of the other protocol, a waiting log and a fallback are reported', async () => {
  const directory = directoryOf('single');
  await withServer(9, async (server) => {
    const first = await run(directory, server.address, { protocol: 'any' });
    expect(lastOf(first, 'protocol-rejected')).toMatchObject({ protocol: 'catchup' });
    expect(lastOf(first, 'protocol-chosen')).toMatchObject({ protocol: 'common' });
    const { lastGoodEnd } = findRecoveryStart(join(directory, 'db'));
    const writer = LogWriter.open(join(directory, 'db'), lastGoodEnd!);
    for (const { id, bytes } of history.transactions) if (id === 10) writer.appendRaw(bytes, id);
    writer.close();
    server.newest = 11;
    const second = await run(directory, server.address);
    expect(lastOf(second, 'recovery-began')).toMatchObject({ transactions: 1 });
  });
  const other = await generateHistory(join(scratch, 'other'), { nodes: 30, randomId: 7n, seed: 9 });
  const server = await BackupServer.start(other, 9);
  try {
    const third = await run(directory, server.address);
    const moved = join(directory, 'db.err.0');
    expect(third.report?.notes).toMatchObject([
      { kind: 'fallback-began', error: { code: 'peer.other-store' } },
      { kind: 'old-backup-moved', path: moved },
    ]);
    expect(lastOf(third, 'published')).toEqual({ kind: 'published', path: join(directory, 'db'), replaced: moved });
  } finally {
    await server.stop();
  }
});

it('indexes that only a server can write are reported', async () => {
  const store = await unpackStore('3.5.34-standard', scratch);
  rmSync(join(store, 'schema/index/fulltext-1.0'), { recursive: true });
  const { report } = await backUpStore('indexes', store);
  expect(report?.notes).toContainEqual(
    expect.objectContaining({ kind: 'index-left-to-server', provider: 'fulltext-1.0', why: 'not-writable' }),
  );
  expect(report?.notes).toContainEqual({ kind: 'fulltext-settings-missing', index: expect.any(String) });
});

it('transactions that wait for the server are reported', async () => {
  await withMember(9, async (member) => {
    const transaction = decodeTransaction(member.content.transactions.get(8)!);
    transaction.commands.push({ kind: 'indexDefine', names: [{ name: 'people', id: 0 }], keys: [] });
    member.content.transactions.set(8, encodeTransaction(transaction).toBuffer());
    const directory = directoryOf('waiting');
    const { report } = await run(directory, member.address, { protocol: 'catchup', checkConsistency: true });
    expect(report?.notes).toEqual([
      { kind: 'explicit-indexes-left-to-server', firstTransaction: 8 },
      { kind: 'check-left-to-server', firstTransaction: member.content.checkPoint + 1, lastTransaction: 9 },
    ]);
  });
});

it('a check with warnings, and one whose report cannot be written, are reported', async () => {
  const untidy = await lab.apply(loadCorruptions().find(({ id }) => id === 'base35/dyn-04')!);
  const warned = await backUpStore('untidy', untidy, { checkConsistency: true });
  expect(warned.report?.notes).toEqual([
    { kind: 'check-warned', warnings: 1, reportPath: expect.stringMatching(/\.report$/) },
  ]);
  const bad = await lab.apply(loadCorruptions().find(({ id }) => id === 'base35/rel-06')!);
  const failed = await backUpStore('bad', bad, { checkConsistency: true, reportDir: '/proc/self' });
  expect(failed.error?.code).toBe('check.inconsistent');
  expect(lastOf(failed, 'check-ended')).toMatchObject({ consistent: false });
  expect(lastOf(failed, 'check-report-failed')).toMatchObject({ error: { place: expect.anything() } });
  expect(lastOf(failed, 'backup-ended')).toBeUndefined();
});

it('what is found in the target, and what cannot be repaired there, is reported', async () => {
  const directory = directoryOf('found');
  await withServer(9, async (server) => {
    await run(directory, server.address);
    const target = join(directory, 'db');
    const ready = join(directory, 'db.graphkeep-work', 'ready');
    mkdirSync(join(directory, 'db.graphkeep-work'), { mode: 0o700 });
    cpSync(target, ready, { recursive: true });
    rmSync(join(ready, 'neostore.nodestore.db'));
    writeFileSync(join(directory, 'db.graphkeep-ready'), '');
    server.newest = 11;
    const attempt = await run(directory, server.address, {
      onEvent: ({ kind }) => {
        if (kind === 'backup-ended') failToList(target);
      },
    });
    const aside = join(directory, 'db.graphkeep-unpublished.0');
    expect(attempt.report?.notes).toMatchObject([
      { kind: 'finished-backup-set-aside', aside, backup: join(aside, 'ready') },
      { kind: 'former-work-directory-found', path: join(directory, 'db.graphkeep-ready') },
      { kind: 'rights-not-restored', path: target, error: { code: 'file.io' } },
    ]);
  });
});

/** The next listing of a directory fails. */
function failToList(directory: string): void {
  const failing = async (...args: Parameters<typeof readdir>) => {
    if (args[0] !== directory) return await readdir(...args);
    Object.assign(fsPromises, { readdir });
    syncBuiltinESMExports();
    throw Object.assign(new Error('EIO: i/o error'), { code: 'EIO' });
  };
  Object.assign(fsPromises, { readdir: failing });
  syncBuiltinESMExports();
}

it('a repository that is left out is reported', async () => {
  const good = new MemoryStore();
  await initRepository(good, { method: 'none' }, new AbortController().signal);
  await withServer(9, async (server) => {
    const repositories = [new MemoryStore(), good].map((store, at) => ({
      open: async () => store,
      location: `repository-${at}`,
      database: 'graph.db',
      renew: false,
    }));
    const { events, error } = await run(directoryOf('left-out'), server.address, { repositories });
    expect(events.filter(isNote)).toMatchObject([{ kind: 'target-left-out', error: { code: 'repository.missing' } }]);
    expect(error?.code).toBe('backup.left-out');
  });
});

it('a full backup that goes on after an interruption is reported', async () => {
  const directory = directoryOf('continued');
  const database = await EmbeddedDatabase.open(join(directory, 'graph.db'));
  const tx = database.begin();
  for (const digit of ['1', '2', '3', '4']) {
    tx.createNode([], { text: { type: 'string', value: digit.repeat(800_000) } });
  }
  await tx.commit();
  await database.close();
  const store = new FaultyStore(new MemoryStore());
  await initRepository(store, { method: 'none' }, new AbortController().signal);
  const stateDirectory = join(directory, 'state');
  const place = { location: 'memory', database: 'graph.db', renew: false, open: async () => store, stateDirectory };
  const live = { directory: join(directory, 'graph.db'), logDirectory: join(directory, 'graph.db') };
  store.script = ({ key }) => (key.includes('bundle') ? faults.before(answer(403)) : undefined);
  expect((await run(directory, live, { repositories: [place] })).error?.code).toBe('object.denied');
  store.script = () => undefined;
  const { events, report } = await run(directory, live, { repositories: [place] });
  expect(report?.kind).toBe('full');
  expect(events.filter(isNote)).toMatchObject([{ kind: 'full-continued', objects: 1 }]);
});

it('a tree of a database of 5.26 that is left to the server is reported', async () => {
  const directory = directoryOf('modern');
  const home = await unpackModernDatabase('5.26.30-fuzzy', directory);
  const place = (kind: string) => join(home, 'data', kind, 'neo4j');
  const from = { name: 'neo4j', directory: place('databases'), logDirectory: place('transactions') };
  writeFileSync(join(from.directory, 'neostore.counts.db'), Buffer.alloc(8192));
  const store = new MemoryStore();
  await initRepository(store, { method: 'none' }, new AbortController().signal);
  const repository = { location: 'memory', database: 'neo4j', renew: false, open: async () => store };
  const events: BackupEvent[] = [];
  const options = { from, repository, fallbackToFull: true, bytesPerSecond: undefined };
  const { notes } = await runModernBackup(options, (event) => events.push(event), new AbortController().signal);
  for (const { kind } of events) told.set(kind, (told.get(kind) ?? 0) + 1);
  expect(notes).toEqual([{ kind: 'file-left-to-server', name: 'neostore.counts.db', cause: 'incomplete' }]);
  expect(events.filter(isNote)).toEqual(notes);
});

it('every kind of event was reported', () => {
  const every: Record<BackupEvent['kind'], true> = {
    'backup-began': true,
    'attempt-began': true,
    'protocol-chosen': true,
    'protocol-rejected': true,
    'request-repeated': true,
    'request-keeps-failing': true,
    'copy-expected': true,
    'files-announced': true,
    'file-began': true,
    'file-progress': true,
    'file-ended': true,
    'file-dropped': true,
    'transactions-began': true,
    'transactions-progress': true,
    'transactions-ended': true,
    'copy-ended': true,
    'recovery-began': true,
    'replay-progress': true,
    'flush-began': true,
    'log-applied': true,
    'index-left-to-server': true,
    'fulltext-settings-missing': true,
    'explicit-indexes-left-to-server': true,
    'log-pruned': true,
    'fallback-began': true,
    published: true,
    'old-backup-moved': true,
    'target-left-out': true,
    'file-left-to-server': true,
    'finished-backup-set-aside': true,
    'former-work-directory-found': true,
    'full-continued': true,
    'rights-not-restored': true,
    'check-began': true,
    'check-progress': true,
    'check-ended': true,
    'check-report-failed': true,
    'check-left-to-server': true,
    'check-warned': true,
    'backup-ended': true,
  };
  expect([...told.keys()].sort()).toEqual(Object.keys(every).sort());
});
