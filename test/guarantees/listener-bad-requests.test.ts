import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { encodeRequest } from '../../src/protocol/backup-protocol/request.ts';
import { BackupListener, type ListenerEvent } from '../../src/serve/backup-listener.ts';
import { readCapture } from '../support/corpus/common-captures.ts';
import { RawClient, readFailure } from '../support/servers/raw-client.ts';
import { PatternDatabase } from '../support/stores/pattern-database.ts';

/*
 * Promise: whatever a client sends, it gets an answer or a closed connection within a second, it learns nothing about this machine, and all
 * others are served as before. The rows are those of spec common-protocol 12.2.
 */

let database: PatternDatabase;
let listener: BackupListener;
let events: ListenerEvent[];

beforeEach(async () => {
  database = new PatternDatabase();
  events = [];
  listener = await BackupListener.start(database, {
    listen: { host: '127.0.0.1', port: 0 },
    onEvent: (event) => events.push(event),
  });
});

afterEach(() => listener.stop());

const full = encodeRequest({ kind: 'full', forensics: false });
const incremental = (lastTransactionId: number) => encodeRequest({ kind: 'incremental', lastTransactionId });

function frame(payload: Uint8Array): Buffer {
  const bytes = Buffer.alloc(4 + payload.length);
  bytes.writeUInt32BE(payload.length, 0);
  bytes.set(payload, 4);
  return bytes;
}

function changed(bytes: Buffer, at: number, value: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[at] = value;
  return copy;
}

async function expectServed(): Promise<void> {
  const client = await RawClient.connect(listener.address);
  client.send(incremental(5));
  const [message] = await client.messages(1);
  expect(message).toMatchObject({ failure: false });
  expect(message!.body.length).toBe(41);
  client.close();
}

/** Requests that are refused with a failure that says why, and a closed connection. */
const refused: [string, Buffer, RegExp][] = [
  ['another application version', changed(full, 5, 3), /another version.*version 2\.3 instead of 2\.2/],
  ['another internal version', changed(full, 4, 0x0c), /another version.*version 3\.2 instead of 2\.2/],
  ['a real request of another version', readCapture('err-app-version.c2s.bin'), /another version/],
  ['an empty payload', frame(Buffer.alloc(0)), /impossible length/],
  ['a payload of one byte', frame(Buffer.of(8)), /impossible length/],
  ['a header only', frame(Buffer.of(8, 2)), /cut short/],
  ['a request id only', frame(Buffer.of(8, 2, 1)), /cut short/],
  ['a context that is cut short', frame(incremental(5).subarray(4, 30)), /cut short/],
  ['an unknown request', readCapture('err-unknown-type.c2s.bin'), /unknown request/],
  ['request 255', changed(full, 6, 0xff), /unknown request/],
  ['forensics 2', readCapture('err-bad-boolean.c2s.bin'), /forensics byte is neither 0 nor 1/],
  ['a frame that is too long', Buffer.from('0040000108020000', 'hex'), /impossible length/],
  ['a negative frame length', Buffer.from('ffffffff08020000', 'hex'), /impossible length/],
  ['HTTP', Buffer.from('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'), /impossible length/],
  ['random text', Buffer.from('hello?\r\n'), /impossible length/],
  ['TLS', Buffer.from('16030100c8010000c4030300', 'hex'), /impossible length/],
  ['an endless request', Buffer.concat([frame(Buffer.concat([Buffer.of(9, 2), Buffer.alloc(5000)]))]), /too long/],
  ['an impossible transaction', changed(incremental(5), 23, 0x7f), /impossible transaction/],
];

describe.each(refused)('%s', (_name, bytes, message) => {
  it('a bad request is refused at once', async () => {
    const client = await RawClient.connect(listener.address);
    client.send(bytes);
    expect(await client.ended).toBe('end');
    const messages = await client.messages(9);
    expect(messages.length).toBe(1);
    expect(readFailure(messages[0]!)).toMatchObject({ className: 'java.lang.RuntimeException' });
    expect(readFailure(messages[0]!)!.message).toMatch(message);
    expect(events.map(({ kind }) => kind)).toEqual(['refused']);
    await expectServed();
  });
});

describe('a request', () => {
  it('a request may be cut into frames', async () => {
    const body = incremental(5).subarray(6);
    const client = await RawClient.connect(listener.address);
    client.send(frame(Buffer.concat([Buffer.of(9, 2), body.subarray(0, 3)])));
    client.send(frame(Buffer.concat([Buffer.of(9, 2), body.subarray(3, 20)])));
    client.send(frame(Buffer.concat([Buffer.of(8, 2), body.subarray(20)])));
    expect((await client.messages(1))[0]).toMatchObject({ failure: false });
    client.close();
  });

  it('a request may come byte by byte, follow another one, carry the failure bit, lack the forensics byte or have bytes after it', async () => {
    const client = await RawClient.connect(listener.address);
    client.socket.setNoDelay(true);
    for (const byte of incremental(5)) {
      client.send(Buffer.of(byte));
      await new Promise(setImmediate);
    }
    await client.messages(1);
    client.send(changed(incremental(6), 4, 0x0a));
    await client.messages(2);
    client.send(frame(full.subarray(4, full.length - 1)));
    await client.messages(3);
    client.send(frame(Buffer.concat([full.subarray(4), Buffer.from('behind')])));
    const messages = await client.messages(4);
    expect(messages.map(({ failure }) => failure)).toEqual([false, false, false, false]);
    expect(messages[2]!.body.equals(messages[3]!.body)).toBe(true);
    client.close();
  });

  it('a request that comes early waits for its turn', async () => {
    const client = await RawClient.connect(listener.address);
    client.send(Buffer.concat([incremental(1), full, incremental(2), full]));
    client.send(incremental(3));
    const messages = await client.messages(5);
    expect(messages.map(({ body }) => body.length > 41)).toEqual([false, true, false, true, false]);
    client.close();
  });

  it('a request after an impossible transaction fails, and the connection stays open', async () => {
    const client = await RawClient.connect(listener.address);
    for (const after of [0, -1, -5]) client.send(incremental(after));
    client.send(incremental(1));
    const messages = await client.messages(4);
    expect(messages.map(({ failure }) => failure)).toEqual([true, true, true, false]);
    expect(readFailure(messages[0]!)!.message).toContain('after an impossible one');
    client.close();
  });
});

describe('a failure', () => {
  it.each([
    [new Error('/home/secret/neostore is gone')],
    [Object.assign(new Error("ENOENT: open '/home/secret'"), { code: 'ENOENT', path: '/home/secret' })],
  ])('a failure in the middle of a copy reveals nothing of this machine: %s', async (error) => {
    database.files = [
      { name: 'large', alignment: 1, sizeBytes: 9_000_000 },
      { name: 'neostore', alignment: 9, sizeBytes: 8192 },
    ];
    database.beforePiece = (file) => {
      if (file.name === 'neostore') throw error;
    };
    const client = await RawClient.connect(listener.address);
    client.send(full);
    const [message] = await client.messages(1);
    expect(message!.failure).toBe(true);
    const text = message!.body.toString('latin1');
    expect(text).toContain('The backup server failed');
    expect(text).not.toContain('secret');
    await database.unused();
    expect(events.at(-1)).toMatchObject({ kind: 'failed', error });
    database.beforePiece = () => {};
    client.send(full);
    expect((await client.messages(2))[1]).toMatchObject({ failure: false });
    client.close();
  });
});
