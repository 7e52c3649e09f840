import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { attemptBackup } from '../../test/support/commands/backup-attempt.ts';
import { makeTemporaryDirectory, removeDirectory } from '../../test/support/corpus/unpack-corpus.ts';
import {
  forkHistory,
  type GeneratedHistory,
  generateHistory,
  readSimpleGraph,
} from '../../test/support/history/generated-history.ts';
import { answer, FaultyStore, faults } from '../../test/support/objects/faulty-store.ts';
import { MemoryStore } from '../../test/support/objects/memory-store.ts';
import { restoreInto } from '../../test/support/repositories/repository-runs.ts';
import { BackupServer } from '../../test/support/servers/backup-server.ts';
import type { ObjectStore } from '../objects/object-store.ts';
import { initRepository } from '../repository/opening/repository.ts';
import { listDatabases, readHistory } from '../repository/reading/database-history.ts';

const never = new AbortController().signal;
const NEWEST = 13;

let scratch: string;
let history: GeneratedHistory;
let server: BackupServer;

beforeEach(async () => {
  scratch = await makeTemporaryDirectory();
  history = await generateHistory(join(scratch, 'source'), { nodes: 30, transactions: NEWEST - 1 });
  server = await BackupServer.start(history, 5);
});
afterEach(async () => {
  await server.stop();
  await removeDirectory(scratch);
});

async function makeRepository(): Promise<FaultyStore> {
  const store = new FaultyStore(new MemoryStore());
  await initRepository(store, { method: 'none' }, never);
  return store;
}

async function makeRepositories(count: number): Promise<FaultyStore[]> {
  return await Promise.all(Array.from({ length: count }, makeRepository));
}

const nameOf = (at: number) => `repository-${at}`;

async function backUp(stores: readonly ObjectStore[], change: { fallbackToFull?: boolean } = {}) {
  const repositories = stores.map((store, at) => ({
    open: async () => store,
    location: nameOf(at),
    database: 'graph.db',
    renew: false,
  }));
  return await attemptBackup(scratch, server.address, { repositories, protocol: 'common', ...change });
}

/** The newest moment of a repository is exactly the database as of a transaction. */
async function expectNewest(store: ObjectStore, transaction: number, of = history): Promise<void> {
  const folder = join(await mkdtemp(join(scratch, 'read-')), 'store');
  await restoreInto(folder, store, { kind: 'latest' }, 'none');
  expect(readSimpleGraph(folder)).toEqual(of.graphAt(transaction));
}

const requests = () => server.requests.map(({ kind }) => kind);

it('a full backup is read once, whatever the number of repositories', async () => {
  const stores = await makeRepositories(3);
  const { report } = await backUp(stores);
  expect(report).toMatchObject({ kind: 'full', lastTransaction: 5 });
  expect(requests()).toEqual(['full']);
  for (const store of stores) await expectNewest(store, 5);
});

it('repositories that are behind, ahead and empty are all brought up to date', async () => {
  const [behind, ahead, empty] = await makeRepositories(3);
  await backUp([behind!, ahead!]);
  server.newest = 9;
  await backUp([ahead!]);
  server.newest = NEWEST;
  const { report } = await backUp([behind!, ahead!, empty!]);
  expect(report).toMatchObject({ lastTransaction: NEWEST });
  for (const store of [behind!, ahead!, empty!]) {
    await expectNewest(store, NEWEST);
    expect(await readHistory(store, 'graph.db', never)).toHaveLength(1);
  }
});

it('one that refuses to be written does not keep the others from their backup', async () => {
  const stores = await makeRepositories(3);
  const isDenied = { is: true };
  stores[1]!.script = ({ operation, key }) =>
    isDenied.is && operation === 'create' && key.includes('/data/') ? faults.before(answer(403)) : undefined;
  const { error, events } = await backUp(stores);
  expect(error).toMatchObject({ code: 'backup.left-out', message: '1 of 3 repositories have no new backup' });
  expect(events.filter(({ kind }) => kind === 'target-left-out')).toMatchObject([{ error: { code: 'object.denied' } }]);
  await expectNewest(stores[0]!, 5);
  await expectNewest(stores[2]!, 5);
  isDenied.is = false;
  server.newest = NEWEST;
  expect((await backUp(stores)).report).toMatchObject({ lastTransaction: NEWEST });
  for (const store of stores) await expectNewest(store, NEWEST);
});

it('one whose trouble passes gets a backup of its own in the same run', async () => {
  const stores = await makeRepositories(2);
  let left = 1;
  stores[0]!.script = ({ operation, key }) =>
    operation === 'create' && key.includes('/data/') && left-- > 0 ? faults.before(answer('ENOSPC')) : undefined;
  expect((await backUp(stores)).report).toMatchObject({ kind: 'full', lastTransaction: 5 });
  expect(requests()).toEqual(['full', 'full']);
  for (const store of stores) await expectNewest(store, 5);
});

it('one that cannot be opened is named, and the others have their backup', async () => {
  const [good] = await makeRepositories(1);
  const { error, events } = await backUp([new MemoryStore(), good!]);
  expect(error).toMatchObject({
    code: 'backup.left-out',
    place: { object: 'repository-0/db/graph.db' },
  });
  expect(events).toContainEqual(
    expect.objectContaining({ kind: 'target-left-out', target: 'repository-0/db/graph.db' }),
  );
  await expectNewest(good!, 5);
});

it('none of them can be opened: the error is that of the first one', async () => {
  const { error } = await backUp([new MemoryStore(), new MemoryStore()]);
  expect(error).toMatchObject({ code: 'repository.missing' });
});

it('an error of the source is told once, and leaves all as they were', async () => {
  const stores = await makeRepositories(2);
  await backUp(stores);
  await server.stop();
  const { error, events } = await backUp(stores);
  expect(error?.code).toBe('peer.unreachable');
  const attempts = events.flatMap((event) => (event.kind === 'attempt-began' ? [event.backup] : []));
  expect(attempts).toEqual(['incremental', 'full']);
  for (const store of stores) await expectNewest(store, 5);
});

it('one with another history gets a timeline of its own, the others go on', async () => {
  const [same, other] = await makeRepositories(2);
  await backUp([same!]);
  const fork = forkHistory(history, 4, 7);
  const forked = await BackupServer.start(fork, 5);
  const ours = server;
  server = forked;
  await backUp([other!]);
  server = ours;
  server.newest = NEWEST;
  const { report } = await backUp([same!, other!]);
  expect(report).toMatchObject({ lastTransaction: NEWEST });
  await expectNewest(same!, NEWEST);
  await expectNewest(other!, NEWEST);
  expect(await readHistory(same!, 'graph.db', never)).toHaveLength(1);
  expect(await readHistory(other!, 'graph.db', never)).toHaveLength(2);
  await forked.stop();
  expect(await listDatabases(other!, never)).toEqual(['graph.db']);
});
