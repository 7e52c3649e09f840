import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { TestIdentity } from '../../../test/support/corpus/test-certificates.ts';
import {
  listRecords,
  openTappedWire,
  type TappedWire,
  type WireOptions,
} from '../../../test/support/servers/tapped-wire.ts';
import {
  converse,
  loadPolicy,
  openClient,
  openServer,
  readExactly,
  talkAsClient,
  talkAsServer,
  writeAll,
} from '../../../test/support/servers/tls-conversation.ts';
import type { SslPolicy } from '../../config/ssl-policy/ssl-policy.ts';

const MEGABYTE = 1024 * 1024;
const DATA = 23;
const HANDSHAKE = 22;
const ALERT = 21;

let authority: TestIdentity;
let serverIdentity: TestIdentity;
let clientIdentity: TestIdentity;
let serverPolicy: SslPolicy;
let clientPolicy: SslPolicy;

beforeAll(async () => {
  authority = await TestIdentity.authority('authority');
  serverIdentity = await authority.issue('server');
  clientIdentity = await authority.issue('client');
  [clientPolicy, serverPolicy] = await makePolicies();
});

function makePolicies(policySettings: Record<string, string> = {}): Promise<[SslPolicy, SslPolicy]> {
  const trusted = [authority.pem];
  return Promise.all([
    loadPolicy({ identity: clientIdentity, trusted }, policySettings),
    loadPolicy({ identity: serverIdentity, trusted }, policySettings),
  ]);
}

const wires: TappedWire[] = [];
afterEach(() => {
  for (const wire of wires.splice(0)) wire.close();
});

async function openWire(options?: WireOptions): Promise<TappedWire> {
  const wire = await openTappedWire(options);
  wires.push(wire);
  return wire;
}

function values(results: PromiseSettledResult<Buffer>[]): Buffer[] {
  return results.map((result) => {
    if (result.status === 'rejected') throw result.reason;
    return result.value;
  });
}

describe.each(['TLSv1.2', 'TLSv1.3', 'TLSv1,TLSv1.1', 'TLSv1.2,TLSv1.3'])('with %s', (versions) => {
  test('two sessions carry megabytes both ways at once, and nothing but TLS is on the wire', async () => {
    const [client, server] = await makePolicies({ tls_versions: versions });
    const wire = await openWire();
    const body = randomBytes(8 * MEGABYTE);
    const [atClient, atServer] = values(await converse(wire, { policy: client }, { policy: server }, body));
    expect(atClient!.equals(body)).toBe(true);
    expect(atServer!.equals(body)).toBe(true);

    const toServer = wire.toServer();
    const records = [...listRecords(toServer), ...listRecords(wire.toClient())];
    expect(records.filter(({ type }) => type === ALERT)).toEqual([]);
    const hellos = listRecords(toServer).filter(({ type, at }) => type === HANDSHAKE && toServer[at + 5] === 1);
    expect(hellos.length).toBe(2);
  });
});

test('each session is a full handshake: client and server show their certificates in both', async () => {
  // Up to TLS 1.2, certificates are sent unencrypted.
  const wire = await openWire();
  values(await converse(wire, { policy: clientPolicy }, { policy: serverPolicy }));
  const { der: client } = clientIdentity;
  const { der: server } = serverIdentity;
  expect(countOccurrences(wire.toServer(), client)).toBe(2);
  expect(countOccurrences(wire.toClient(), server)).toBe(2);
});

function countOccurrences(bytes: Buffer, part: Buffer): number {
  let count = 0;
  for (let at = bytes.indexOf(part); at >= 0; at = bytes.indexOf(part, at + 1)) count++;
  return count;
}

/** The kinds of records in order. Consecutive handshake messages count as one: some implementations send each in its own record. */
function shapeOf(bytes: Buffer): number[] {
  const types = listRecords(bytes).map(({ type }) => type);
  return types.filter((type, index) => type !== HANDSHAKE || types[index - 1] !== HANDSHAKE);
}

test('the sequence of records is the one of a Java client and server', async () => {
  const corpus = new URL('../../../test/corpus/tls/', import.meta.url);
  const javaClient = readFileSync(new URL('tls-349.c2s.bin', corpus));
  const javaServer = readFileSync(new URL('tls-349.s2c.head.bin', corpus));
  const wire = await openWire();
  const [client, server] = await Promise.all([
    openClient(wire, { policy: clientPolicy }),
    openServer(wire, { policy: serverPolicy }),
  ]);
  // The sizes are those of the messages in the capture.
  await Promise.all([
    (async () => {
      await writeAll(client.stream, Buffer.alloc(52));
      await readExactly(client.stream, 52);
      await writeAll(client.stream, Buffer.alloc(27));
      await readExactly(client.stream, 12);
      const second = await client.switchOver();
      await writeAll(second, Buffer.alloc(10));
      await readExactly(second, 42);
    })(),
    (async () => {
      await readExactly(server.stream, 52);
      await writeAll(server.stream, Buffer.alloc(25));
      await writeAll(server.stream, Buffer.alloc(27));
      await readExactly(server.stream, 27);
      await writeAll(server.stream, Buffer.alloc(12));
      const second = await server.switchOver();
      await readExactly(second, 10);
      await writeAll(second, Buffer.alloc(5));
      await writeAll(second, Buffer.alloc(37));
    })(),
  ]);
  const ours = wire.toServer();
  expect(shapeOf(ours)).toEqual(shapeOf(javaClient).slice(0, shapeOf(ours).length));
  expect(shapeOf(wire.toClient())).toEqual(shapeOf(javaServer));
  const dataLengths = (bytes: Buffer) =>
    listRecords(bytes).flatMap(({ type, length }) => (type === DATA ? length : []));
  expect(dataLengths(ours)).toEqual(dataLengths(javaClient).slice(0, 3));
  expect(dataLengths(wire.toClient())).toEqual(dataLengths(javaServer));
});

test.each(['TLSv1.2', 'TLSv1.3'])(
  '%s: the start of session 2 may come in one segment with the end of session 1',
  async (versions) => {
    const [clientSide, serverSide] = await makePolicies({ tls_versions: versions });
    let last = false;
    let merged = 0;
    const wire = await openWire({
      gatherToServer: (waiting) => {
        if (!last) return waiting.length;
        // Holds back the last record of session 1 until the ClientHello of session 2 has arrived.
        const hello = listWholeRecords(waiting).find((at) => waiting[at] === HANDSHAKE && waiting[at + 5] === 1);
        if (hello === undefined || hello === 0) return 0;
        merged = hello;
        last = false;
        return waiting.length;
      },
    });
    const [client, server] = await Promise.all([
      openClient(wire, { policy: clientSide }),
      openServer(wire, { policy: serverSide }),
    ]);
    const heard = readExactly(client.stream, 5);
    await writeAll(server.stream, 'hello');
    await heard;
    last = true;
    client.stream.write('the last words of session 1');
    const clientSecond = client.switchOver();
    expect(String(await readExactly(server.stream, 27))).toBe('the last words of session 1');
    // The server takes its time: what has arrived meanwhile must wait.
    await new Promise((resolve) => setImmediate(resolve));
    const [second, atServer] = await Promise.all([clientSecond, server.switchOver()]);
    expect(merged).toBeGreaterThan(0);
    const answer = readExactly(second, 2);
    second.write('ping');
    expect(String(await readExactly(atServer, 4))).toBe('ping');
    atServer.write('ok');
    expect(String(await answer)).toBe('ok');
  },
);

function listWholeRecords(bytes: Buffer): number[] {
  const places: number[] = [];
  for (let at = 0; at + 5 <= bytes.length && at + 5 + bytes.readUInt16BE(at + 3) <= bytes.length; ) {
    places.push(at);
    at += 5 + bytes.readUInt16BE(at + 3);
  }
  return places;
}

test('bytes that were looked at before the channel was opened are not lost', async () => {
  const wire = await openWire();
  const opening = openClient(wire, { policy: clientPolicy });
  const first = await readExactly(wire.server, 1);
  expect(first[0]).toBe(HANDSHAKE);
  wire.server.pause();
  wire.server.unshift(first);
  const [client, server] = await Promise.all([opening, openServer(wire, { policy: serverPolicy })]);
  const body = randomBytes(1000);
  const [atClient, atServer] = await Promise.all([talkAsClient(client, body), talkAsServer(server, body)]);
  expect([atClient, atServer]).toEqual([body, body]);
});

test('without a policy the channel is the socket, before and after the switch-over', async () => {
  const wire = await openWire();
  const [client, server] = await Promise.all([
    openClient(wire, { policy: undefined }),
    openServer(wire, { policy: undefined }),
  ]);
  expect(client.stream).toBe(wire.client);
  expect(await server.switchOver()).toBe(wire.server);
  const body = randomBytes(1000);
  expect(await Promise.all([talkAsClient(client, body), talkAsServer(server, body)])).toEqual([body, body]);
});

test('listeners of session 1 hear nothing of its end, and no data of session 2', async () => {
  const wire = await openWire();
  const [client, server] = await Promise.all([
    openClient(wire, { policy: clientPolicy }),
    openServer(wire, { policy: serverPolicy }),
  ]);
  const heard: string[] = [];
  for (const event of ['data', 'end', 'close', 'error']) client.stream.on(event, () => heard.push(event));
  const body = randomBytes(1000);
  const [first, second] = await Promise.all([client.switchOver(), server.switchOver()]);
  const received = readExactly(second, body.length);
  await writeAll(first, body);
  expect(await received).toEqual(body);
  second.destroy();
  first.resume();
  await new Promise((resolve) => first.on('close', resolve));
  expect(heard).toEqual([]);
});

test('destroying the stream of either session closes the connection', async () => {
  for (const sessions of [1, 2]) {
    const wire = await openWire();
    const [client, server] = await Promise.all([
      openClient(wire, { policy: clientPolicy }),
      openServer(wire, { policy: serverPolicy }),
    ]);
    let streams = [client.stream, server.stream];
    if (sessions === 2) streams = await Promise.all([client.switchOver(), server.switchOver()]);
    const gone = new Promise((resolve) => wire.server.once('close', resolve));
    streams[1]!.on('error', () => {}).resume();
    streams[0]!.destroy();
    await gone;
    expect([wire.client.destroyed, wire.server.destroyed]).toEqual([true, true]);
  }
});
