import { once } from 'node:events';
import { afterEach, beforeAll, expect, test } from 'vitest';
import { TestIdentity } from '../../../test/support/corpus/test-certificates.ts';
import { campaign } from '../../../test/support/random/campaign-size.ts';
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
} from '../../../test/support/servers/tls-conversation.ts';
import { hasCode } from '../../base/errors.ts';

let authority: TestIdentity;
let serverIdentity: TestIdentity;
let clientIdentity: TestIdentity;

beforeAll(async () => {
  authority = await TestIdentity.authority('authority');
  [serverIdentity, clientIdentity] = await Promise.all([authority.issue('server'), authority.issue('client')]);
});

function loadBoth(version: string) {
  const trusted = [authority.pem];
  return Promise.all([
    loadPolicy({ identity: clientIdentity, trusted }, { tls_versions: version }),
    loadPolicy({ identity: serverIdentity, trusted }, { tls_versions: version }),
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

/** More than handshake lengths vary from run to run. */
const BODY = Buffer.alloc(400);

/**
 * Cut positions in the header of each record and inside it, up to the record with the body: with TLS 1.3 a server may send something after
 * that.
 */
function placesToCut(bytes: Buffer): number[] {
  const records = listRecords(bytes);
  const last = records.findLastIndex(
    ({ type, length }) => type === 23 && length > BODY.length && length < BODY.length + 64,
  );
  return records.slice(0, last + 1).flatMap(({ at, length }) => [at, at + 1, at + 5, at + 5 + (length >> 1)]);
}

/** Covers every record in both directions, and so every phase of both sessions and the time between them. */
test.each(['TLSv1.2', 'TLSv1.3'])(
  '%s: wherever the connection is cut, both ends notice and hold nothing',
  async (version) => {
    const [client, server] = await loadBoth(version);
    const model = await openWire();
    const whole = await converse(model, { policy: client }, { policy: server }, BODY);
    expect(whole.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled']);

    const cuts: WireOptions[] = [
      ...placesToCut(model.toServer()).map((cutToServerAt) => ({ cutToServerAt })),
      ...placesToCut(model.toClient()).map((cutToClientAt) => ({ cutToClientAt })),
    ];
    expect(cuts.length).toBeGreaterThan(60);
    for (const cut of campaign.some(cuts)) {
      const wire = await openWire(cut);
      const gone = Promise.all([wire.client, wire.server].map((socket) => once(socket, 'close')));
      const results = await converse(wire, { policy: client }, { policy: server }, BODY);
      const failures = results.flatMap((result) => (result.status === 'rejected' ? [result.reason as Error] : []));
      expect(failures.length, JSON.stringify(cut)).toBeGreaterThan(0);
      for (const failure of failures) expect(hasCode(failure, 'tls.timeout'), JSON.stringify(cut)).toBe(false);
      wire.close();
      await gone;
    }
  },
);

test('a cut in a handshake is a TLS error, a cut in a session the end of its stream', async () => {
  const [client, server] = await loadBoth('TLSv1.2');
  const early = await openWire({ cutToClientAt: 100 });
  const [atClient, atServer] = await Promise.allSettled([
    openClient(early, { policy: client }),
    openServer(early, { policy: server }),
  ]);
  expect(atClient).toMatchObject({
    status: 'rejected',
    reason: { code: 'tls.closed', place: { peer: 'server:6362' } },
  });
  expect(atServer).toMatchObject({
    status: 'rejected',
    reason: { code: 'tls.closed', place: { peer: 'client:5000' } },
  });

  const late = await openWire();
  const [open] = await Promise.all([openClient(late, { policy: client }), openServer(late, { policy: server })]);
  late.server.destroy();
  await expect(readExactly(open.stream, 1)).rejects.toMatchObject({ code: 'tls.refused-by-peer' });
});

test('a peer that closes after it has answered has not refused anything', async () => {
  for (const sessions of [1, 2]) {
    const [client, server] = await loadBoth('TLSv1.2');
    const wire = await openWire();
    const channels = await Promise.all([openClient(wire, { policy: client }), openServer(wire, { policy: server })]);
    let [near, far] = channels.map(({ stream }) => stream);
    if (sessions === 2) [near, far] = await Promise.all(channels.map((channel) => channel.switchOver()));
    far!.end('answer');
    expect(String(await readExactly(near!, 6))).toBe('answer');
    if (!near!.readableEnded) {
      const ended = once(near!, 'end');
      near!.resume();
      await ended;
    }
    expect(near!.readableEnded).toBe(true);
  }
});

test('a switch-over on a connection that is gone fails at once', async () => {
  const [client, server] = await loadBoth('TLSv1.2');
  const wire = await openWire();
  const [channel] = await Promise.all([openClient(wire, { policy: client }), openServer(wire, { policy: server })]);
  channel.stream.on('error', () => {}).resume();
  const closed = new Promise((resolve) => channel.stream.once('close', resolve));
  wire.server.destroy();
  await closed;
  await expect(channel.switchOver()).rejects.toMatchObject({ code: 'tls.closed' });
});
