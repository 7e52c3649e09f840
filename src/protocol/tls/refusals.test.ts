import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type PolicyFiles, TestIdentity } from '../../../test/support/corpus/test-certificates.ts';
import { campaign } from '../../../test/support/random/campaign-size.ts';
import { openTappedWire, type TappedWire } from '../../../test/support/servers/tapped-wire.ts';
import {
  converse,
  loadPolicy,
  openClient,
  openServer,
  readExactly,
} from '../../../test/support/servers/tls-conversation.ts';
import type { ErrorCode } from '../../base/error-codes.ts';
import { GraphkeepError } from '../../base/errors.ts';

let authority: TestIdentity;
let server: TestIdentity;
let client: TestIdentity;

beforeAll(async () => {
  authority = await TestIdentity.authority('authority');
  server = await authority.issue('server', { names: ['db.example', '10.0.0.1', '::1'] });
  client = await authority.issue('client');
});

const wires: TappedWire[] = [];
afterEach(() => {
  for (const wire of wires.splice(0)) wire.close();
});

async function openWire(): Promise<TappedWire> {
  const wire = await openTappedWire();
  wires.push(wire);
  return wire;
}

interface Side extends PolicyFiles {
  settings?: Record<string, string>;
  host?: string;
}

/** The outcome at both ends: 'fine' or the error. Each side trusts the authority unless it says otherwise. */
async function meet(clientSide: Side, serverSide: Side): Promise<{ client: Outcome; server: Outcome }> {
  const trusted = [authority.pem];
  const [clientPolicy, serverPolicy] = await Promise.all([
    loadPolicy({ identity: client, trusted, ...clientSide }, clientSide.settings),
    loadPolicy({ identity: server, trusted, ...serverSide }, serverSide.settings),
  ]);
  const wire = await openWire();
  const { host } = clientSide;
  const results = await converse(
    wire,
    { policy: clientPolicy, ...(host === undefined ? {} : { host }) },
    { policy: serverPolicy },
  );
  const [atClient, atServer] = results.map((result) => (result.status === 'fulfilled' ? 'fine' : result.reason));
  return { client: atClient, server: atServer };
}

type Outcome = 'fine' | Error;

function codeOf(outcome: Outcome): string {
  if (outcome === 'fine') return outcome;
  return outcome instanceof GraphkeepError ? outcome.code : outcome.message;
}

/** The error at one end must have this code and name the peer; the error at the other end must be a TLS error too. */
function expectRefusal(outcome: Outcome, code: ErrorCode): GraphkeepError {
  expect(codeOf(outcome)).toBe(code);
  const error = outcome as GraphkeepError;
  expect(error.place?.peer).toMatch(/^(server:6362|client:5000)$/);
  expect(error.hint.length).toBeGreaterThan(20);
  return error;
}

const PUT_OUT = ['tls.refused-by-peer', 'tls.closed'];

describe.each(campaign.sample(['TLSv1.2', 'TLSv1.3']))('%s', (version) => {
  const settings = { tls_versions: version };
  const both = (more: Record<string, string> = {}) => ({ settings: { ...settings, ...more } });

  test("sides that trust each other's issuer connect", async () => {
    expect(await meet(both(), both())).toEqual({ client: 'fine', server: 'fine' });
  });

  test('a certificate in trusted_dir is trusted, whoever issued it: its own, and what it issued', async () => {
    const elsewhere = await TestIdentity.authority('elsewhere');
    const middle = await elsewhere.issue('middle', { isAuthority: true });
    const leaf = await middle.issue('leaf');
    const [stranger, alone] = await Promise.all([elsewhere.issue('stranger'), TestIdentity.selfSigned('alone')]);
    for (const [identity, trusted] of [
      [stranger, stranger.der],
      [alone, alone.pem],
      [leaf, middle.pem],
      [leaf, leaf.pem],
    ] as const) {
      const side = { trusted: [trusted, authority.pem], ...both() };
      expect(await meet({ identity, ...both() }, side)).toEqual({ client: 'fine', server: 'fine' });
      expect(await meet(side, { identity, ...both() })).toEqual({ client: 'fine', server: 'fine' });
    }
  });

  test('the chain of a certificate is sent along', async () => {
    const middle = await authority.issue('middle', { isAuthority: true });
    const [serverLeaf, clientLeaf] = await Promise.all([middle.issue('leaf a'), middle.issue('leaf b')]);
    expect(await meet({ identity: clientLeaf, ...both() }, { identity: serverLeaf, ...both() })).toEqual({
      client: 'fine',
      server: 'fine',
    });
  });

  test.each([
    ['expired', 'tls.certificate-expired', () => authority.issue('late', { fromDays: -9, toDays: -1 })],
    ['not valid yet', 'tls.certificate-not-yet-valid', () => authority.issue('early', { fromDays: 2 })],
    [
      'of an unknown issuer',
      'tls.unknown-issuer',
      async () => (await TestIdentity.authority('other')).issue('stranger'),
    ],
    ['self-signed', 'tls.unknown-issuer', () => TestIdentity.selfSigned('alone')],
  ] as const)('a certificate that is %s is refused by both roles', async (_, code, make) => {
    const identity = await make();
    const refusedServer = await meet(both(), { identity, ...both() });
    const clientError = expectRefusal(refusedServer.client, code);
    expect(String(clientError.observed)).toContain(identity.certificate.subject);
    expect(refusedServer.server).not.toBe('fine');

    const refusedClient = await meet({ identity, ...both() }, both());
    const serverError = expectRefusal(refusedClient.server, code);
    expect(String(serverError.observed)).toContain(identity.certificate.subject);
    expect(PUT_OUT).toContain(codeOf(refusedClient.client));
  });

  test('a certificate for another use is refused', async () => {
    const onlyServer = await authority.issue('only server', { usage: '1.3.6.1.5.5.7.3.1' as never });
    expectRefusal((await meet({ identity: onlyServer, ...both() }, both())).server, 'tls.certificate-refused');
    expect(await meet(both(), { identity: onlyServer, ...both() })).toEqual({ client: 'fine', server: 'fine' });
  });

  test('revoked certificates are refused by both roles, others are not', async () => {
    const list = await authority.revoke([server, client]);
    const other = await authority.issue('other');
    expectRefusal((await meet({ revoked: [list.pem], ...both() }, both())).client, 'tls.certificate-revoked');
    expectRefusal((await meet(both(), { revoked: [list.der], ...both() })).server, 'tls.certificate-revoked');
    expect(await meet({ revoked: [list.der], ...both() }, { identity: other, ...both() })).toEqual({
      client: 'fine',
      server: 'fine',
    });
  });

  test('one list in revoked_dir makes lists of all issuers necessary', async () => {
    const second = await TestIdentity.authority('second');
    const stranger = await second.issue('stranger');
    const lists = await Promise.all([authority.revoke([]), second.revoke([])]);
    const trusted = [authority.pem, second.pem];
    const strangeServer = { identity: stranger, ...both() };
    expectRefusal(
      (await meet({ trusted, revoked: [lists[0].pem], ...both() }, strangeServer)).client,
      'tls.revocation-unknown',
    );
    const revoked = [`${lists[0].pem}\n${lists[1].pem}`];
    expect((await meet({ trusted, revoked, ...both() }, strangeServer)).client).toBe('fine');
  });

  test('a certificate in trusted_dir itself needs no revocation list, but valid dates', async () => {
    const revoked = [(await authority.revoke([])).pem];
    const elsewhere = await TestIdentity.authority('elsewhere');
    const [alone, stranger, late, alsoStrange] = await Promise.all([
      TestIdentity.selfSigned('alone'),
      elsewhere.issue('stranger'),
      TestIdentity.selfSigned('late', { fromDays: -9, toDays: -1 }),
      elsewhere.issue('also strange'),
    ]);
    const side = { trusted: [authority.pem, alone.pem, stranger.pem, late.pem], revoked, ...both() };
    for (const identity of [alone, stranger]) {
      expect((await meet(side, { identity, ...both() })).client).toBe('fine');
      expect(codeOf((await meet({ identity, ...both() }, side)).server)).toBe('fine');
    }
    for (const identity of [late, alsoStrange]) {
      expect(codeOf((await meet(side, { identity, ...both() })).client)).toMatch(/^tls\./);
    }
  });

  test('an expired revocation list does not count', async () => {
    const list = await authority.revoke([], { toDays: -1 });
    expectRefusal((await meet({ revoked: [list.pem], ...both() }, both())).client, 'tls.revocation-unknown');
  });

  test('trust_all accepts anyone', async () => {
    const alone = await TestIdentity.selfSigned('alone', { fromDays: -9, toDays: -1 });
    const all = both({ trust_all: 'true' });
    expect(await meet({ identity: alone, ...all }, { identity: alone, ...all })).toEqual({
      client: 'fine',
      server: 'fine',
    });
  });

  test('client_auth NONE asks for no certificate, OPTIONAL checks one that is shown', async () => {
    const alone = await TestIdentity.selfSigned('alone');
    expect((await meet({ identity: alone, ...both() }, both({ client_auth: 'NONE' }))).server).toBe('fine');
    expectRefusal(
      (await meet({ identity: alone, ...both() }, both({ client_auth: 'OPTIONAL' }))).server,
      'tls.unknown-issuer',
    );
  });

  test('an empty trusted_dir trusts nobody, not what the system trusts', async () => {
    const side = { trusted: [], ...both({ client_auth: 'NONE' }) };
    expectRefusal((await meet(side, both())).client, 'tls.unknown-issuer');
  });

  test.each(['db.example', '10.0.0.1', '[::1]'])(
    'verify_hostname accepts %s, which the certificate holds',
    async (host) => {
      expect((await meet({ host, ...both({ verify_hostname: 'true' }) }, both())).client).toBe('fine');
    },
  );

  test.each(['other.example', '10.0.0.2', '[::2]', undefined])('verify_hostname refuses %s', async (host) => {
    const side = { ...(host === undefined ? {} : { host }), ...both({ verify_hostname: 'true' }) };
    const { client: outcome } = await meet(side, both());
    expect(String(expectRefusal(outcome, 'tls.host-name').observed)).toContain('db.example');
    expect((await meet({ ...side, settings }, both())).client).toBe('fine');
  });

  test('verify_hostname is for clients, and holds with trust_all too', async () => {
    const side = both({ verify_hostname: 'true', trust_all: 'true' });
    expectRefusal((await meet({ host: 'other.example', ...side }, both())).client, 'tls.host-name');
    expect((await meet(both(), both({ verify_hostname: 'true' }))).server).toBe('fine');
  });
});

test('sides without a common version say so', async () => {
  const [old, recent] = ['TLSv1.2', 'TLSv1.3'].map((tls_versions) => ({ settings: { tls_versions } }));
  for (const [one, other] of [
    [old, recent],
    [recent, old],
  ] as const) {
    const outcome = await meet(one!, other!);
    expectRefusal(outcome.client, 'tls.no-common-version');
    expectRefusal(outcome.server, 'tls.no-common-version');
  }
});

test('versions with a gap between them leave the gap out', async () => {
  const gap = { settings: { tls_versions: 'TLSv1.1,TLSv1.3' } };
  const outcome = await meet(gap, { settings: { tls_versions: 'TLSv1.2' } });
  expectRefusal(outcome.client, 'tls.no-common-version');
  expect(await meet(gap, { settings: { tls_versions: 'TLSv1.1' } })).toEqual({ client: 'fine', server: 'fine' });
});

test('sides without a common cipher suite say so', async () => {
  const outcome = await meet(
    { settings: { ciphers: 'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256' } },
    { settings: { ciphers: 'ECDHE-ECDSA-AES256-GCM-SHA384' } },
  );
  expectRefusal(outcome.client, 'tls.no-common-cipher');
  expectRefusal(outcome.server, 'tls.no-common-cipher');
});

test("a cipher suite that does not suit the server's key is not usable", async () => {
  const cipher = { settings: { ciphers: 'TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384' } };
  expectRefusal((await meet(cipher, cipher)).client, 'tls.no-common-cipher');
  const rsa = await authority.issue('rsa server', { key: 'RSA' });
  expect((await meet(cipher, { identity: rsa, ...cipher })).client).toBe('fine');
});

test('a client without a certificate is distinguished from one with a wrong one', async () => {
  const policy = await loadPolicy({ identity: server, trusted: [authority.pem] });
  const { connect } = await import('node:tls');
  const wire = await openWire();
  const opening = openServer(wire, { policy });
  const bare = connect({ socket: wire.client, rejectUnauthorized: false }).on('error', () => {});
  await expect(opening).rejects.toMatchObject({ code: 'tls.no-client-certificate', place: { peer: 'client:5000' } });
  bare.destroy();
});

test('a client without TLS is refused before anything is sent to it', async () => {
  const policy = await loadPolicy({ identity: server, trusted: [authority.pem] });
  const magic = Buffer.from('00000015344f454e0000000d4e454f344a5f434c5553544552', 'hex');
  for (const bytes of [magic, Buffer.from('GET / HTTP/1.1\r\n\r\n'), Buffer.from([22, 1])]) {
    const wire = await openWire();
    wire.client.write(bytes);
    await expect(openServer(wire, { policy })).rejects.toMatchObject({
      code: 'tls.plaintext-peer',
      observed: `first bytes ${bytes.subarray(0, 8).toString('hex')}`,
    });
    expect(wire.toClient().length).toBe(0);
    expect(wire.server.destroyed).toBe(true);
  }
});

test('a server that answers without TLS is distinguished from one that does not answer', async () => {
  const policy = await loadPolicy({ identity: client, trusted: [authority.pem] });
  const talking = await openWire();
  talking.server.once('data', () => talking.server.write('\x00\x00\x00\x15no TLS here')).resume();
  await expect(openClient(talking, { policy })).rejects.toMatchObject({ code: 'tls.plaintext-peer' });

  const silent = await openWire();
  await expect(openClient(silent, { policy, timeoutMs: 50 })).rejects.toMatchObject({
    code: 'tls.timeout',
    observed: 'nothing within 50 ms',
  });
  expect(silent.client.destroyed).toBe(true);
});

test('a peer that does not begin its second session is given up in time', async () => {
  const files = { trusted: [authority.pem] };
  const [clientPolicy, serverPolicy] = await Promise.all([
    loadPolicy({ identity: client, ...files }),
    loadPolicy({ identity: server, ...files }),
  ]);
  const wire = await openWire();
  const [first] = await Promise.all([
    openServer(wire, { policy: serverPolicy, timeoutMs: 2000 }),
    openClient(wire, { policy: clientPolicy }),
  ]);
  await expect(first.switchOver()).rejects.toMatchObject({ code: 'tls.timeout' });
  expect(wire.server.destroyed).toBe(true);
});

test('a second session without TLS is refused by both roles', async () => {
  const files = { trusted: [authority.pem] };
  const [clientPolicy, serverPolicy] = await Promise.all([
    loadPolicy({ identity: client, ...files }),
    loadPolicy({ identity: server, ...files }),
  ]);
  for (const role of ['client', 'server'] as const) {
    const wire = await openWire();
    const [atClient, atServer] = await Promise.all([
      openClient(wire, { policy: clientPolicy }),
      openServer(wire, { policy: serverPolicy }),
    ]);
    const [channel, liar] = role === 'client' ? [atClient, wire.server] : [atServer, wire.client];
    const switching = channel.switchOver();
    // The client waits for its second session only after its hello was sent.
    if (role === 'client') await new Promise((resolve) => wire.server.once('data', resolve));
    liar.write('\x00\x00\x00\x15 plain bytes where TLS should be');
    await expect(switching).rejects.toMatchObject({ code: expect.stringMatching(/^tls\.(plaintext-peer|failed)$/) });
  }
});

test('an abort ends a handshake that waits', async () => {
  const policy = await loadPolicy({ identity: client, trusted: [authority.pem] });
  for (const early of [true, false]) {
    const wire = await openWire();
    const abort = new AbortController();
    if (early) abort.abort();
    const opening = openClient(wire, { policy, signal: abort.signal });
    abort.abort();
    await expect(opening).rejects.toMatchObject({ code: 'cancelled' });
    expect(wire.client.destroyed).toBe(true);
  }
});

test('data after the switch-over of a session is refused', async () => {
  const files = { trusted: [authority.pem] };
  const [clientPolicy, serverPolicy] = await Promise.all([
    loadPolicy({ identity: client, ...files }),
    loadPolicy({ identity: server, ...files }),
  ]);
  const wire = await openWire();
  const [atClient, atServer] = await Promise.all([
    openClient(wire, { policy: clientPolicy }),
    openServer(wire, { policy: serverPolicy }),
  ]);
  atClient.stream.on('error', () => {});
  atClient.stream.write('request and something more');
  expect(String(await readExactly(atServer.stream, 7))).toBe('request');
  await expect(atServer.switchOver()).rejects.toMatchObject({ code: 'peer.hostile' });
  expect(wire.server.destroyed).toBe(true);
});
