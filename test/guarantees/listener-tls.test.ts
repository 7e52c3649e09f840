import { connect } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { SslPolicy } from '../../src/config/ssl-policy/ssl-policy.ts';
import { encodeRequest } from '../../src/protocol/backup-protocol/request.ts';
import { encodeClientHandshake, MAGIC_TEXT } from '../../src/protocol/catchup/handshake-messages.ts';
import { BackupListener, type ListenerEvent } from '../../src/serve/backup-listener.ts';
import { type StoppedStore, serveStore } from '../../src/serve/database/stopped-store.ts';
import { attemptBackup, makeBackup } from '../support/commands/backup-attempt.ts';
import { unpackStore } from '../support/corpus/golden-store.ts';
import { TestIdentity } from '../support/corpus/test-certificates.ts';
import { makeTemporaryDirectory, removeDirectory } from '../support/corpus/unpack-corpus.ts';
import { findContentDifferences } from '../support/history/model-graph.ts';
import { CatchupCaller } from '../support/servers/catchup-caller.ts';
import { loadPolicy } from '../support/servers/tls-conversation.ts';
import { readContent } from '../support/stores/stored-content.ts';

/*
 * Promise: with a TLS policy, a client that does not satisfy it gets nothing, whatever protocol it speaks, and nothing is sent unencrypted.
 */

let scratch: string;
let directory: string;
let store: StoppedStore;
let listener: BackupListener;
let events: ListenerEvent[];
let server: SslPolicy;
let friend: SslPolicy;
let stranger: SslPolicy;

beforeAll(async () => {
  const authority = await TestIdentity.authority('authority');
  const elsewhere = await TestIdentity.authority('elsewhere');
  const trusted = [authority.pem];
  server = await loadPolicy({ identity: await authority.issue('server'), trusted });
  friend = await loadPolicy({ identity: await authority.issue('friend'), trusted });
  stranger = await loadPolicy({ identity: await elsewhere.issue('stranger'), trusted });
});

beforeEach(async () => {
  scratch = await makeTemporaryDirectory();
  events = [];
  directory = await unpackStore('3.5.34-standard', scratch);
  store = await serveStore(directory);
  listener = await BackupListener.start(store, {
    listen: { host: '127.0.0.1', port: 0 },
    sslPolicy: server,
    compression: ['Gzip'],
    onEvent: (event) => events.push(event),
  });
});

afterEach(async () => {
  await listener.stop();
  await store.close();
  await removeDirectory(scratch);
});

const codes = () => events.flatMap((event) => ('error' in event ? [(event.error as { code: string }).code] : []));

/** Number of bytes sent to a client that sends these bytes unencrypted. */
async function sendPlain(bytes: Buffer): Promise<number> {
  const socket = connect(listener.address);
  let received = 0;
  const ended = new Promise((resolve) => socket.on('close', resolve));
  socket
    .on('error', () => {})
    .on('data', (piece) => {
      received += piece.length;
    });
  socket.write(bytes);
  await ended;
  return received;
}

describe('a client of the policy', () => {
  it('a client that satisfies the policy makes a full and an incremental backup', async () => {
    const options = { protocol: 'catchup', sslPolicy: friend } as const;
    expect(await makeBackup(join(scratch, 'b'), listener.address, options)).toMatchObject({ kind: 'full' });
    expect(await makeBackup(join(scratch, 'b'), listener.address, options)).toMatchObject({ kind: 'unchanged' });
    const copy = readContent(join(scratch, 'b', 'db'));
    expect(findContentDifferences(readContent(directory), copy)).toEqual([]);
    expect(events.map(({ kind }) => kind)).toEqual(['started', 'finished', 'started', 'finished']);
  });

  it('a client that satisfies the policy may compress its requests too', async () => {
    const caller = await CatchupCaller.connect(listener.address, { policy: friend, compressions: ['Gzip'] });
    expect((await caller.ask({ kind: 'storeId' })).outcome).toBeDefined();
    caller.close();
  });
});

describe('everybody else', () => {
  it.each<[string, () => Buffer]>([
    ['the catchup protocol', () => encodeClientHandshake({ kind: 'magic', text: MAGIC_TEXT })],
    ['a request for a full backup', () => encodeRequest({ kind: 'full', forensics: false })],
    ['text', () => Buffer.from('GET / HTTP/1.1\r\n\r\n')],
  ])('a client without encryption gets nothing for %s', async (_name, bytes) => {
    expect(await sendPlain(bytes())).toBe(0);
    expect(events.map(({ kind }) => kind)).toEqual(['refused']);
    expect(codes()).toEqual(['tls.plaintext-peer']);
  });

  it.each([
    ['without encryption', undefined],
    ['with a certificate of somebody else', 'stranger'],
  ])('a client %s gets no backup, over either protocol', async (_name, who) => {
    const sslPolicy = who === undefined ? undefined : stranger;
    for (const protocol of ['catchup', 'common'] as const) {
      if (protocol === 'common' && sslPolicy !== undefined) continue;
      const { error } = await attemptBackup(join(scratch, 'b'), listener.address, { protocol, sslPolicy });
      expect(error).toBeDefined();
    }
    while (listener.clients > 0) await new Promise(setImmediate);
    expect(new Set(events.map(({ kind }) => kind))).toEqual(new Set(['refused']));
    expect(codes()[0]).toBe(who === undefined ? 'tls.plaintext-peer' : 'tls.unknown-issuer');
  });

  it('an unauthenticated client is told nothing even when there is no room', async () => {
    await listener.stop();
    listener = await BackupListener.start(store, {
      listen: { host: '127.0.0.1', port: 0 },
      sslPolicy: server,
      limits: { maxConnections: 1 },
      onEvent: (event) => events.push(event),
    });
    const caller = await CatchupCaller.connect(listener.address, { policy: friend });
    expect(await sendPlain(encodeRequest({ kind: 'full', forensics: false }))).toBe(0);
    expect((await caller.ask({ kind: 'storeId' })).outcome).toBeDefined();
    caller.close();
  });

  it('an unauthenticated client has the request time to begin, including the TLS handshake', async () => {
    await listener.stop();
    listener = await BackupListener.start(store, {
      listen: { host: '127.0.0.1', port: 0 },
      sslPolicy: server,
      limits: { requestTimeoutMs: 200 },
      onEvent: (event) => events.push(event),
    });
    expect(await sendPlain(Buffer.alloc(0))).toBe(0);
    expect(await sendPlain(Buffer.from('16030100c8010000c40303', 'hex'))).toBe(0);
    expect(events.map(({ kind }) => kind)).toEqual(['silent', 'silent']);
  });
});
