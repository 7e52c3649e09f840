import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Decrypter, generateX25519Identity, identityToRecipient } from 'age-encryption';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { makeTemporaryDirectory, removeDirectory } from '../../../test/support/corpus/unpack-corpus.ts';
import { type GeneratedHistory, generateHistory } from '../../../test/support/history/generated-history.ts';
import { answer, type Fault, FaultyStore, faults } from '../../../test/support/objects/faulty-store.ts';
import { MemoryObjects, MemoryStore } from '../../../test/support/objects/memory-store.ts';
import { PretendedTime } from '../../../test/support/objects/pretended-time.ts';
import { backUpInto } from '../../../test/support/repositories/repository-runs.ts';
import { BackupServer } from '../../../test/support/servers/backup-server.ts';
import { hasCode } from '../../base/errors.ts';
import type { ObjectStore } from '../../objects/object-store.ts';
import { Retries } from '../../objects/retry.ts';
import { RetryingStore } from '../../objects/retrying-store.ts';
import type { Moment } from '../../repository/catalogue/restore-plan.ts';
import type { UnwrittenMark } from '../../repository/marks/mark-store.ts';
import { readTrust, type Trust } from '../../repository/marks/trust.ts';
import { initRepository, openRepository } from '../../repository/opening/repository.ts';
import { readHistory } from '../../repository/reading/database-history.ts';
import { type DrillReport, drillRepository } from './repository-drill.ts';

const FIRST = 5;
const NEWEST = 13;
const never = new AbortController().signal;
const identities = new Decrypter();

let root: string;
let scratch: string;
let history: GeneratedHistory;
let filled: MemoryObjects;
let objects: MemoryObjects;

beforeAll(async () => {
  root = await makeTemporaryDirectory();
  scratch = join(root, 'scratch');
  mkdirSync(scratch);
  history = await generateHistory(join(root, 'source'), { nodes: 40, transactions: NEWEST - 1 });
  const identity = await generateX25519Identity();
  identities.addIdentity(identity);
  filled = new MemoryObjects();
  const store = new MemoryStore(filled);
  await initRepository(store, { method: 'age', recipients: [await identityToRecipient(identity)] }, never);
  const server = await BackupServer.start(history, FIRST);
  await backUpInto(store, server, 'full');
  server.newest = NEWEST;
  await backUpInto(store, server, 'incremental');
  await server.stop();
});
afterAll(() => removeDirectory(root));
beforeEach(() => {
  objects = filled.copy();
});
afterEach(() => {
  expect(readdirSync(scratch)).toEqual([]);
});

interface Drilled {
  report: DrillReport;
  unwritten: UnwrittenMark[];
}

async function drill(
  store: ObjectStore = new MemoryStore(objects),
  { moment = { kind: 'latest' } as Moment, signal = never, onEvent = (_: { kind: string }) => {} } = {},
): Promise<Drilled> {
  const unwritten: UnwrittenMark[] = [];
  const report = await drillRepository({
    repository: await openRepository(store, never),
    database: 'graph.db',
    moment,
    identities,
    scratch,
    budgetBytes: 1 << 20,
    signal,
    onEvent,
    onUnwritten: (mark) => unwritten.push(mark),
  });
  return { report, unwritten };
}

async function trust(): Promise<Trust> {
  const store = new MemoryStore(objects);
  return await readTrust(store, await readHistory(store, 'graph.db', never), never);
}

const keysOf = (pattern: RegExp) => [...objects.byKey.keys()].filter((key) => pattern.test(key)).sort();

describe('a drill', () => {
  it('a drill restores the newest moment, checks it, counts it, and records all that', async () => {
    const before = keysOf(/./);
    const { report, unwritten } = await drill();
    const nodes = history.graphAt(NEWEST).size;
    expect(report).toMatchObject({ transaction: NEWEST, nodes, check: { consistent: true }, findings: [] });
    expect(unwritten).toEqual([]);
    const { base, transaction, relationships, files, bytes, restoreMs, checkMs } = report;
    const { proof, keyProvedAt, verification } = await trust();
    expect(proof).toMatchObject({ base, moment: 'latest', result: 'sound', neededKey: true, errors: 0, warnings: 0 });
    expect(proof).toMatchObject({ transaction, nodes, relationships, files, bytes, restoreMs, checkMs });
    expect([keyProvedAt, verification]).toEqual([proof!.made, undefined]);
    // Nothing else was changed.
    expect(keysOf(/./).filter((key) => !key.includes('/mark/'))).toEqual(before);
  });

  it('a drill restores the moment that was asked for', async () => {
    const { report } = await drill(undefined, { moment: { kind: 'transaction', transaction: FIRST + 2 } });
    expect(report).toMatchObject({ transaction: FIRST + 2, nodes: history.graphAt(FIRST + 2).size });
    expect((await trust()).proof).toMatchObject({ moment: `${FIRST + 2}`, transaction: FIRST + 2 });
    const { commitTime } = report;
    await drill(undefined, { moment: { kind: 'time', time: commitTime } });
    expect((await trust()).proof).toMatchObject({ moment: commitTime.toISOString() });
  });

  it('an object that is missing or changed fails the drill, and that is recorded', async () => {
    for (const key of [keysOf(/\/data\//)[0]!, keysOf(/^db\/[^/]+\/[^/]+\/log\//)[0]!]) {
      objects = filled.copy();
      const bytes = Buffer.from(objects.byKey.get(key)!.bytes);
      bytes[50] = bytes[50]! ^ 1;
      objects.put(key, bytes);
      await expect(drill()).rejects.toMatchObject({ code: 'repository.object-damaged' });
      expect(await trust()).toMatchObject({
        proof: { result: 'failed', failure: 'repository.object-damaged' },
        keyProvedAt: undefined,
      });
      objects.byKey.delete(key);
      if (key.includes('/data/')) await expect(drill()).rejects.toMatchObject({ code: 'object.missing' });
    }
  });

  it.each<[string, Fault, string]>([
    ['no right to write', faults.before(answer(403)), 'object.denied'],
    ['a name that is taken', faults.before(answer(412)), 'object.exists'],
    ['a full disk', faults.before(answer('ENOSPC')), 'object.full'],
    ['a server that stays away', faults.before(answer(503)), 'object.unavailable'],
  ])('a repository that does not take the proof does not hide the result: %s', async (_, fault, code) => {
    const inner = new FaultyStore(new MemoryStore(objects), ({ key, operation }) =>
      operation === 'create' && key.includes('/mark/') ? fault : undefined,
    );
    const { report, unwritten } = await drill(new RetryingStore(inner, new Retries(undefined, new PretendedTime())));
    expect(report.check.consistent).toBe(true);
    expect(unwritten).toMatchObject([{ error: { code } }]);
    expect(keysOf(/\/mark\//)).toEqual([]);
  });

  it('a lost answer leaves one proof', async () => {
    const lost = new Set<string>();
    const inner = new FaultyStore(new MemoryStore(objects), ({ key, operation }) => {
      if (operation !== 'create' || lost.has(key)) return undefined;
      lost.add(key);
      return faults.lostAnswer;
    });
    const { unwritten } = await drill(new RetryingStore(inner, new Retries(undefined, new PretendedTime())));
    expect(unwritten).toEqual([]);
    expect(keysOf(/\.proof\./)).toHaveLength(1);
    expect(keysOf(/\.key\./)).toHaveLength(1);
  });

  it('whatever call of the store fails, the drill ends with an error or a result, and leaves nothing', async () => {
    const counting = new FaultyStore(new MemoryStore(objects));
    await drill(counting);
    for (let number = 1; number < counting.calls.length; number++) {
      objects = filled.copy();
      const script = (call: { number: number }) => (call.number === number ? faults.before(answer(403)) : undefined);
      const error = await drill(new FaultyStore(new MemoryStore(objects), script)).then(
        ({ unwritten }) => unwritten[0]?.error,
        (thrown: unknown) => thrown,
      );
      expect(hasCode(error, 'object.denied'), `call ${number}`).toBe(true);
      // That is no fault of what is stored.
      expect(keysOf(/\.proof\./).length, `call ${number}`).toBeLessThanOrEqual(1);
      if (keysOf(/\.proof\./).length === 1) expect((await trust()).proof).toMatchObject({ result: 'sound' });
    }
  });

  it('a drill that is interrupted leaves nothing, and is no proof', async () => {
    for (const kind of ['copy-began', 'copy-progress', 'check-began', 'check-progress']) {
      const controller = new AbortController();
      const stop = (event: { kind: string }) => {
        if (event.kind === kind) controller.abort('SIGINT');
      };
      const stopped = drill(undefined, { signal: controller.signal, onEvent: stop });
      await expect(stopped, kind).rejects.toMatchObject({ code: 'cancelled' });
      expect(readdirSync(scratch)).toEqual([]);
    }
    expect(keysOf(/\/mark\//)).toEqual([]);
  });

  it('a drill asks for room before it fetches anything', async () => {
    const [key] = keysOf(/manifest\.json$/);
    const manifest = JSON.parse(String(objects.byKey.get(key!)!.bytes)) as Record<string, unknown>;
    objects.put(key!, Buffer.from(JSON.stringify({ ...manifest, bytes: `${Number.MAX_SAFE_INTEGER}` })));
    const store = new FaultyStore(new MemoryStore(objects));
    await expect(drill(store)).rejects.toMatchObject({
      code: 'file.io',
      observed: expect.stringContaining(`${Number.MAX_SAFE_INTEGER} needed`),
    });
    expect(store.calls.filter((call) => /\/data\//.test(call.key))).toEqual([]);
    expect(keysOf(/\/mark\//)).toEqual([]);
  });
});
