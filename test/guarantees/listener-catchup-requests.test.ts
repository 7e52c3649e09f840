import { connect } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EmbeddedDatabase } from '../../src/embedded/embedded-database.ts';
import { encodeRequest } from '../../src/protocol/catchup/catchup-request.ts';
import { encodeClientHandshake, MAGIC_TEXT } from '../../src/protocol/catchup/handshake-messages.ts';
import { BackupListener, type ListenerEvent } from '../../src/serve/backup-listener.ts';
import { serveEmbedded } from '../../src/serve/database/live-store.ts';
import type { ServedPlace } from '../../src/serve/database/served-database.ts';
import { type StoppedStore, serveStore } from '../../src/serve/database/stopped-store.ts';
import { unpackStore } from '../support/corpus/golden-store.ts';
import { makeTemporaryDirectory, removeDirectory } from '../support/corpus/unpack-corpus.ts';
import { CatchupCaller } from '../support/servers/catchup-caller.ts';
import { PatternDatabase } from '../support/stores/pattern-database.ts';

/*
 * Promise: over the catchup protocol every request is answered as by a cluster member (spec catchup-protocol 9 to 14); anything else ends
 * the connection, reveals nothing and harms nobody else.
 */

let scratch: string;
let events: ListenerEvent[];
const closers: (() => Promise<void> | void)[] = [];

beforeEach(async () => {
  scratch = await makeTemporaryDirectory();
  events = [];
});

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
  await removeDirectory(scratch);
});

async function listen(database: ServedPlace, compression: string[] = []): Promise<BackupListener> {
  const listener = await BackupListener.start(database, {
    listen: { host: '127.0.0.1', port: 0 },
    compression,
    onEvent: (event) => events.push(event),
  });
  closers.push(() => listener.stop());
  return listener;
}

async function call(listener: BackupListener, compressions: string[] = []): Promise<CatchupCaller> {
  const caller = await CatchupCaller.connect(listener.address, { compressions });
  closers.push(() => caller.close());
  return caller;
}

const failures = () =>
  events.flatMap((event) => (event.kind === 'failed' ? [(event.error as { code: string }).code] : []));

describe('a closed store', () => {
  let store: StoppedStore;
  let listener: BackupListener;
  let caller: CatchupCaller;

  beforeEach(async () => {
    store = await serveStore(await unpackStore('3.5.34-standard', scratch));
    closers.push(() => store.close());
    listener = await listen(store);
    caller = await call(listener);
  });

  const other = () => ({ ...store.storeId, upgradeTransactionId: store.storeId.upgradeTransactionId + 1 });

  it('a closed store sends its store id', async () => {
    const { outcome } = await caller.ask({ kind: 'storeId' });
    const { storeVersion: _, ...storeId } = store.storeId;
    expect(outcome).toEqual({ kind: 'storeId', storeId });
  });

  it('a closed store sends what replay could not repair, and names each other file once', async () => {
    const { storeId, lastTransaction } = store;
    const { files, outcome } = await caller.ask({ kind: 'prepareStoreCopy', storeId });
    expect(outcome).toMatchObject({ status: 'SUCCESS', transactionId: lastTransaction, indexIds: [] });
    const names = (outcome as { files: string[] }).files;
    expect(names.at(-1)).toBe('neostore');
    const repaired = /^(index\.db|neostore(\.[a-z]+store\.db(\.[a-z.]+)?)?)$/;
    expect(names.filter((name) => !repaired.test(name))).toEqual([]);
    const sent = [...files.keys()];
    expect(sent).toContain('neostore.labelscanstore.db');
    expect(sent.filter((name) => names.includes(name))).toEqual([]);
    expect(sent.filter((name) => name.startsWith('schema/index/')).length).toBeGreaterThan(0);
    const { files: all } = await store.openFullCopy(new AbortController().signal);
    expect([...sent, ...names].sort()).toEqual(all.map(({ name }) => name).sort());
  });

  it('a closed store sends single files, whatever directory is requested, and nothing else', async () => {
    const { storeId, lastTransaction: requiredTransactionId } = store;
    const ask = (name: string) => caller.ask({ kind: 'storeFile', storeId, requiredTransactionId, name });
    for (const name of ['neostore', '../../neostore', '/etc/neostore']) {
      const { files, outcome } = await ask(name);
      expect(outcome).toEqual({ kind: 'copyFinished', status: 'SUCCESS' });
      expect([...files.keys()]).toEqual(['neostore']);
    }
    for (const name of ['neostore.id', 'neostore.transaction.db.0', '/etc/passwd', 'store_lock', '..', '']) {
      caller = await call(listener);
      const { files, outcome } = await ask(name);
      expect(outcome).toEqual({ kind: 'copyFinished', status: 'E_UNKNOWN' });
      expect(files.size).toBe(0);
      await caller.ended;
    }
    expect(new Set(failures())).toEqual(new Set(['serve.no-file']));
  });

  it('a closed store sends the files of an index, none for an unknown one', async () => {
    const { storeId, lastTransaction: requiredTransactionId } = store;
    const { files } = await caller.ask({ kind: 'prepareStoreCopy', storeId });
    const ids = new Set([...files.keys()].flatMap((name) => /^schema\/index\/[^/]+\/(\d+)\//.exec(name)?.[1] ?? []));
    for (const id of [...ids, '4711']) {
      const indexId = Number(id);
      const answer = await caller.ask({ kind: 'indexSnapshot', storeId, requiredTransactionId, indexId });
      expect(answer.outcome).toEqual({ kind: 'copyFinished', status: 'SUCCESS' });
      const expected = [...files].filter(([name]) => new RegExp(`^schema/index/[^/]+/${id}/`).test(name));
      expect([...answer.files.keys()]).toEqual(expected.map(([name]) => name));
      for (const [name, bytes] of expected) expect(answer.files.get(name)!.equals(bytes), name).toBe(true);
      expect(expected.length > 0).toBe(ids.has(id));
    }
  });

  it('a closed store refuses clients with another store, or a newer one, and stays connected', async () => {
    const { storeId, lastTransaction } = store;
    const requiredTransactionId = lastTransaction;
    for (const foreign of [other(), undefined]) {
      expect(await caller.ask({ kind: 'prepareStoreCopy', storeId: foreign })).toMatchObject({
        outcome: { status: 'E_STORE_ID_MISMATCH', transactionId: 0, files: [] },
      });
      const file = { kind: 'storeFile', requiredTransactionId, name: 'neostore' } as const;
      expect((await caller.ask({ ...file, storeId: foreign })).outcome).toMatchObject({
        status: 'E_STORE_ID_MISMATCH',
      });
      const index = { kind: 'indexSnapshot', requiredTransactionId, indexId: 1 } as const;
      expect((await caller.ask({ ...index, storeId: foreign })).outcome).toMatchObject({
        status: 'E_STORE_ID_MISMATCH',
      });
      const { outcome } = await caller.ask({ kind: 'transactions', after: 1, storeId: foreign });
      expect(outcome).toMatchObject({ status: 'E_STORE_ID_MISMATCH', transactionId: lastTransaction });
    }
    const newer = { storeId, requiredTransactionId: lastTransaction + 1 };
    for (const request of [
      { kind: 'storeFile', ...newer, name: 'neostore' },
      { kind: 'indexSnapshot', ...newer, indexId: 1 },
    ] as const) {
      expect((await caller.ask(request)).outcome).toEqual({ kind: 'copyFinished', status: 'E_TOO_FAR_BEHIND' });
    }
    expect(new Set(failures())).toEqual(new Set(['serve.other-store', 'serve.behind']));
    expect((await caller.ask({ kind: 'storeId' })).outcome).toBeDefined();
  });

  it('a closed store sends its transactions one by one, and says why it cannot', async () => {
    const { storeId, lastTransaction: last } = store;
    const pull = (after: number) => caller.ask({ kind: 'transactions', after, storeId });
    const whole = await pull(last - 5);
    expect(whole.outcome).toEqual({ kind: 'streamFinished', status: 'SUCCESS_END_OF_STREAM', transactionId: last });
    expect(whole.transactions.map(({ id }) => id)).toEqual([last - 4, last - 3, last - 2, last - 1, last]);
    for (const after of [last, last + 7]) {
      const { outcome, transactions } = await pull(after);
      expect(outcome).toMatchObject({ status: 'SUCCESS_END_OF_STREAM', transactionId: last });
      expect(transactions).toEqual([]);
    }
    for (const after of [0, -1, -4711]) {
      expect((await pull(after)).outcome).toMatchObject({ status: 'E_INVALID_REQUEST', transactionId: -1 });
    }
    expect((await pull(last - 1)).transactions.length).toBe(1);
  });

  it('a closed store compresses nothing that was not allowed, and understands what was', async () => {
    const names = ['Gzip', 'Snappy', 'Snappy_validating', 'LZ4', 'LZ_validating', 'LZ4_high_compression'];
    const packing = await listen(store, names);
    for (const name of names) {
      for (const on of [listener, packing]) {
        const client = await call(on, [name]);
        const { outcome, transactions } = await client.ask({ kind: 'transactions', after: 5, storeId: store.storeId });
        expect(outcome).toMatchObject({ status: 'SUCCESS_END_OF_STREAM' });
        expect(transactions[0]!.id).toBe(6);
        expect((await client.ask({ kind: 'storeId' })).outcome).toBeDefined();
      }
    }
  });

  it('a closed store answers early requests in turn, and ignores unknown ones', async () => {
    const { storeId, lastTransaction: last } = store;
    const answers: Buffer[] = [];
    caller.socket.removeAllListeners('data').on('data', (bytes) => answers.push(bytes));
    const unknown = Buffer.from('00000001090000000102', 'hex');
    const known = encodeRequest({ kind: 'storeId' });
    const pull = encodeRequest({ kind: 'transactions', after: last, storeId });
    caller.socket.write(Buffer.concat([unknown, known, pull, unknown, known]));
    const expected = 42 + 21 + 42;
    while (Buffer.concat(answers).length < expected) await new Promise(setImmediate);
    const all = Buffer.concat(answers);
    expect(all.length).toBe(expected);
    expect(all.subarray(0, 42).equals(all.subarray(63))).toBe(true);
    expect(all.subarray(42, 63).toString('hex')).toBe(
      `0000000106${'0000000c'}${'00000001'}${last.toString(16).padStart(16, '0')}`,
    );
  });
});

describe('a database that has just been created', () => {
  it('a new database has no transaction to begin a log with, and says that this is all', async () => {
    const database = await EmbeddedDatabase.open(join(scratch, 'graph.db'));
    closers.push(() => database.close());
    const served = serveEmbedded(database);
    const caller = await call(await listen(served));
    const { storeId } = served;
    const { outcome } = await caller.ask({ kind: 'prepareStoreCopy', storeId });
    expect(outcome).toMatchObject({ status: 'SUCCESS', transactionId: 1 });
    expect((await caller.ask({ kind: 'transactions', after: 0, storeId })).outcome).toEqual({
      kind: 'streamFinished',
      status: 'SUCCESS_END_OF_STREAM',
      transactionId: 1,
    });
  });

  it('a new database makes a check point for clients that request files too early', async () => {
    const database = await EmbeddedDatabase.open(join(scratch, 'graph.db'));
    closers.push(() => database.close());
    await database.transact((tx) => tx.createNode());
    const served = serveEmbedded(database);
    const caller = await call(await listen(served));
    const ask = () =>
      caller.ask({
        kind: 'storeFile',
        storeId: served.storeId,
        requiredTransactionId: database.lastTransaction,
        name: 'neostore.nodestore.db',
      });
    expect((await ask()).outcome).toMatchObject({ status: 'E_TOO_FAR_BEHIND' });
    let status = '';
    while (status !== 'SUCCESS') ({ status } = (await ask()).outcome as { status: string });
    const { files } = await ask();
    expect(files.get('neostore.nodestore.db')![0]).toBe(1);
  });
});

describe('a database in trouble', () => {
  it('a database in trouble fails the preparation with its type, reveals nothing of this machine, and closes', async () => {
    const database = new PatternDatabase();
    database.checkPoint = () => Promise.reject(new Error('/home/secret is full'));
    const listener = await listen(database);
    const caller = await call(listener);
    const { storeId } = database;
    expect((await caller.ask({ kind: 'prepareStoreCopy', storeId })).outcome).toEqual({
      kind: 'prepared',
      status: 'E_LISTING_STORE',
      transactionId: 0,
      files: [],
      indexIds: [],
    });
    await caller.ended;
    expect(events.map(({ kind }) => kind)).toEqual(['started', 'failed']);
  });

  it('a database that cannot continue with a file breaks the connection', async () => {
    const database = new PatternDatabase();
    database.files = [{ name: 'neostore.nodestore.db', alignment: 15, sizeBytes: 9_000_000 }];
    database.beforePiece = (_file, at) => {
      if (at > 5_000_000) throw new Error('no more');
    };
    const listener = await listen(database);
    const caller = await call(listener);
    const { storeId } = database;
    const request = { kind: 'storeFile', storeId, requiredTransactionId: 5, name: 'neostore.nodestore.db' } as const;
    const { outcome, files } = await caller.ask(request);
    expect({ outcome, files: files.size }).toEqual({ outcome: undefined, files: 0 });
    await database.unused();
    expect(events.at(-1)).toMatchObject({ kind: 'aborted', request: 'part' });
    database.beforePiece = () => {};
    expect((await (await call(listener)).ask(request)).outcome).toMatchObject({ status: 'SUCCESS' });
  });

  it('a closed database says that it cannot be asked', async () => {
    const database = await EmbeddedDatabase.open(join(scratch, 'graph.db'));
    await database.transact((tx) => tx.createNode());
    const served = serveEmbedded(database);
    const caller = await call(await listen(served));
    await database.close();
    const { storeId } = served;
    expect((await caller.ask({ kind: 'prepareStoreCopy', storeId })).outcome).toMatchObject({
      status: 'E_LISTING_STORE',
    });
  });
});

const magic = encodeClientHandshake({ kind: 'magic', text: MAGIC_TEXT });
const application = encodeClientHandshake({ kind: 'applicationRequest', protocol: 'catchup', versions: [1] });

describe('what is no handshake', () => {
  it.each<[string, Buffer, string]>([
    ['another magic', encodeClientHandshake({ kind: 'magic', text: 'ONGDB_CLUSTER' }), ''],
    ['the magic twice', Buffer.concat([magic, magic]), ''],
    ['an unknown message', Buffer.concat([magic, Buffer.from('0000000400000063', 'hex')]), ''],
    ['a frame without end', Buffer.concat([magic, Buffer.from('7fffffff00000001', 'hex')]), ''],
    ['a negative length', Buffer.concat([magic, Buffer.from('ffffffff', 'hex')]), ''],
    [
      'an unknown protocol',
      Buffer.concat([magic, encodeClientHandshake({ kind: 'applicationRequest', protocol: 'raft', versions: [1] })]),
      '00000000ffffffff0000000000000000',
    ],
    [
      'a switch-over to nothing',
      Buffer.concat([
        magic,
        encodeClientHandshake({ kind: 'switchOverRequest', protocol: 'catchup', version: 1, modifiers: [] }),
      ]),
      '00000002ffffffff',
    ],
  ])('%s instead of a handshake ends the connection', async (_name, bytes, lastAnswer) => {
    const listener = await listen(new PatternDatabase());
    const socket = connect(listener.address);
    let received = Buffer.alloc(0);
    const ended = new Promise((resolve) => socket.on('close', resolve));
    socket
      .on('error', () => {})
      .on('data', (piece) => {
        received = Buffer.concat([received, piece]);
      });
    socket.write(bytes);
    await ended;
    expect(received.subarray(received.length - lastAnswer.length / 2).toString('hex')).toBe(lastAnswer);
    expect(received.length > 0).toBe(lastAnswer !== '');
    expect(events.map(({ kind }) => kind)).toEqual(['refused']);
    expect((await (await call(listener)).ask({ kind: 'storeId' })).outcome).toBeDefined();
  });

  it('the magic alone, or with a request, waits for more, up to the request time', async () => {
    const listener = await BackupListener.start(new PatternDatabase(), {
      listen: { host: '127.0.0.1', port: 0 },
      limits: { requestTimeoutMs: 200 },
      onEvent: (event) => events.push(event),
    });
    closers.push(() => listener.stop());
    for (const bytes of [magic.subarray(0, 7), magic, Buffer.concat([magic, application])]) {
      const socket = connect(listener.address);
      const ended = new Promise((resolve) => socket.on('close', resolve));
      socket.on('error', () => {}).resume();
      socket.write(bytes);
      await ended;
    }
    expect(events.map(({ kind }) => kind)).toEqual(['silent', 'silent', 'silent']);
  });
});

describe('what is no request', () => {
  it.each<[string, Buffer]>([
    ['a core snapshot', encodeRequest({ kind: 'coreSnapshot' })],
    ['a body that is cut short', Buffer.from('0000000105000000020100', 'hex')],
    ['a body that is too long', Buffer.from('00000001050000000100ff', 'hex').fill(0x7f, 5, 9)],
    ['a store id with flag 2', Buffer.from('00000001050000000102', 'hex')],
    ['an empty type', Buffer.from('00000000', 'hex')],
    ['a negative length', Buffer.from('ffffffff', 'hex')],
    ['unknown types without end', Buffer.from('0000000109'.repeat(2000), 'hex')],
  ])('%s instead of a request ends the connection', async (_name, bytes) => {
    const listener = await listen(new PatternDatabase());
    const caller = await call(listener);
    caller.socket.write(bytes);
    await caller.ended;
    expect(['refused', 'failed']).toContain(events.at(-1)!.kind);
    expect((await (await call(listener)).ask({ kind: 'storeId' })).outcome).toBeDefined();
  });
});
