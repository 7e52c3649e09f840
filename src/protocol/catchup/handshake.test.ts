import { describe, expect, it } from 'vitest';
import {
  CLIENT_HANDSHAKE_BYTES,
  readCatchupCapture,
  SERVER_HANDSHAKE_BYTES,
} from '../../../test/support/corpus/catchup-captures.ts';
import { cutBytes, readCapture } from '../../../test/support/corpus/common-captures.ts';
import { GraphkeepError } from '../../base/errors.ts';
import { ClientHandshake, type ClientHandshakeStep } from './client-handshake.ts';
import { encodeFrame } from './frame-reader.ts';
import {
  CATCHUP_START,
  type ClientHandshakeMessage,
  encodeClientHandshake,
  encodeServerHandshake,
  MAGIC_TEXT,
  type Modifier,
  type ServerHandshakeMessage,
} from './handshake-messages.ts';
import { ServerHandshake, type ServerHandshakeStep } from './server-handshake.ts';

const magic = { kind: 'magic', text: MAGIC_TEXT } as const;
const application = { kind: 'applicationRequest', protocol: 'catchup', versions: [1] } as const;
const gzip: Modifier = { category: 'compression', implementation: 'Gzip' };

function fromClient(...messages: ClientHandshakeMessage[]): Buffer {
  return Buffer.concat(messages.map(encodeClientHandshake));
}

function fromServer(...messages: ServerHandshakeMessage[]): Buffer {
  return Buffer.concat(messages.map(encodeServerHandshake));
}

function switchOver(modifiers: Modifier[] = [], version = 1, protocol = 'catchup'): ClientHandshakeMessage {
  return { kind: 'switchOverRequest', protocol, version, modifiers };
}

function refusalOf(act: () => unknown): GraphkeepError {
  try {
    act();
  } catch (error) {
    if (error instanceof GraphkeepError) return error;
    throw error;
  }
  throw new Error('accepted');
}

/** Lets two sides talk in pieces of one size; returns what each side sent. */
function talk(client: ClientHandshake, server: ServerHandshake, pieceSize: number) {
  const sent = { client: [client.begin()], server: [] as Buffer[] };
  const ends: { client?: ClientHandshakeStep['done']; server?: ServerHandshakeStep['done'] } = {};
  let toServer = sent.client[0]!;
  while (ends.client === undefined) {
    const answers: Buffer[] = [];
    for (const piece of cutBytes(toServer, [pieceSize])) {
      const step = server.feed(piece);
      if (step.refused !== undefined) throw step.refused;
      if (step.send !== undefined) answers.push(step.send);
      if (step.done !== undefined) ends.server = step.done;
    }
    sent.server.push(...answers);
    const requests: Buffer[] = [];
    for (const piece of cutBytes(Buffer.concat(answers), [pieceSize])) {
      const step = client.feed(piece);
      if (step.send !== undefined) requests.push(step.send);
      if (step.done !== undefined) ends.client = step.done;
    }
    sent.client.push(...requests);
    toServer = Buffer.concat(requests);
  }
  return { client: Buffer.concat(sent.client), server: Buffer.concat(sent.server), ends };
}

describe('a handshake', () => {
  it('a handshake matches the captured one, however it is cut', () => {
    for (const name of ['full-349', 'full-350b3']) {
      for (const size of [1, 2, 7, 30, 1000]) {
        const client = new ClientHandshake('test:6362');
        const server = new ServerHandshake('client');
        const said = talk(client, server, size);
        const captured = (direction: string, bytes: number) =>
          readCatchupCapture(`${name}.${direction}.bin`).toString('hex', 0, bytes);
        expect(said.client.toString('hex')).toBe(captured('c2s', CLIENT_HANDSHAKE_BYTES));
        expect(said.server.toString('hex')).toBe(captured('s2c', SERVER_HANDSHAKE_BYTES));
        expect(said.ends.client).toEqual({ modifiers: [], rest: Buffer.alloc(0) });
        expect(said.ends.server).toEqual({ modifiers: [], rest: Buffer.alloc(0) });
        expect([client.offset, server.offset]).toEqual([SERVER_HANDSHAKE_BYTES, CLIENT_HANDSHAKE_BYTES]);
        expect(client.position).toBe('after the handshake');
      }
    }
    expect(readCatchupCapture('full-349.s2c.bin').subarray(0, 8)).toEqual(CATCHUP_START);
  });

  it('a handshake with compression matches the captured one', () => {
    for (const [name, implementation, end] of [
      ['gzip', 'Gzip', 137],
      ['snappy', 'Snappy', 141],
      ['lz4', 'LZ4', 135],
    ] as const) {
      const said = talk(
        new ClientHandshake('x', [implementation]),
        new ServerHandshake('y', ['LZ4', 'Snappy', 'Gzip']),
        9,
      );
      expect(said.client.toString('hex')).toBe(readCatchupCapture(`${name}-349.c2s.bin`).toString('hex', 0, end));
      if (name === 'gzip') {
        expect(said.server.toString('hex')).toBe(readCatchupCapture('gzip-349.s2c.head.bin').toString('hex', 0, 99));
      }
      expect(said.ends.client!.modifiers).toEqual([{ category: 'compression', implementation }]);
      expect(said.ends.server!.modifiers).toEqual(said.ends.client!.modifiers);
    }
  });

  it('a handshake does not touch what follows it', () => {
    const session = readCatchupCapture('gzip-349.c2s.bin');
    const step = new ServerHandshake('client', ['Gzip']).feed(session);
    expect(step.done!.rest.equals(session.subarray(137))).toBe(true);
    const client = new ClientHandshake('test:6362');
    client.begin();
    const answers = readCatchupCapture('full-349.s2c.bin');
    expect(client.feed(answers).done!.rest.length).toBe(answers.length - SERVER_HANDSHAKE_BYTES);
  });

  it('a handshake follows the order of the server, and continues without compression', () => {
    const chosen = (offered: string[], allowed: string[]) =>
      talk(new ClientHandshake('x', offered), new ServerHandshake('y', allowed), 1000).ends.client!.modifiers;
    expect(chosen(['Gzip', 'LZ4'], ['LZ4', 'Gzip'])).toEqual([{ category: 'compression', implementation: 'LZ4' }]);
    expect(chosen(['Gzip'], ['LZ4'])).toEqual([]);
    expect(chosen(['Gzip'], [])).toEqual([]);
    expect(chosen([], ['LZ4'])).toEqual([]);
  });
});

describe('a server', () => {
  const recorded = readCatchupCapture('answers-350b3.txt').toString();
  /** The bytes that a real member answered, and whether it closed. */
  const recordedAnswer = (name: string) => {
    const line = recorded.split('\n').find((candidate) => candidate.startsWith(`${name} `))!;
    const [, hex = '', state] = /^.*?\s{2,}\s*([0-9a-f]{8,})? ?(open|closed)$/.exec(line)!;
    return { hex, isClosed: state === 'closed' };
  };
  const cases: [string, Buffer][] = [
    ['proto raft', fromClient(magic, { ...application, protocol: 'raft' })],
    ['version 2', fromClient(magic, { ...application, versions: [2] })],
    ['versions 1,2,3', fromClient(magic, { ...application, versions: [1, 2, 3] })],
    [
      'modifier',
      fromClient(magic, { kind: 'modifierRequest', category: 'compression', implementations: ['Gzip'] }, application),
    ],
    [
      'modifier unknown category',
      fromClient(magic, { kind: 'modifierRequest', category: 'zzz', implementations: ['a'] }),
    ],
    ['switchover early', fromClient(magic, switchOver())],
    ['switchover mod mismatch', fromClient(magic, application, switchOver([gzip]))],
    ['bad magic', fromClient({ kind: 'magic', text: 'NEO4J_CLUSTEX' }, application)],
    ['no magic, app req', fromClient(application)],
    ['unknown hs code', Buffer.concat([fromClient(magic), encodeFrame(Buffer.from('00000063', 'hex'))])],
  ];

  for (const [name, bytes] of cases) {
    it(`a server answers like a member: ${name}`, () => {
      const expected = recordedAnswer(name);
      const server = new ServerHandshake('client');
      if (expected.hex === '') {
        const refusal = refusalOf(() => server.feed(bytes));
        expect(refusal.code).toBe('peer.protocol');
        expect(expected.isClosed).toBe(true);
      } else {
        const step = server.feed(bytes);
        expect(step.send!.toString('hex')).toBe(expected.hex);
        expect(step.refused !== undefined).toBe(expected.isClosed);
        expect(step.done).toBeUndefined();
      }
    });
  }

  it('a server says nothing before the first request', () => {
    const server = new ServerHandshake('client');
    expect(server.feed(fromClient(magic))).toEqual({});
    expect(server.feed(fromClient(application)).send!.subarray(0, 8)).toEqual(CATCHUP_START);
  });

  it('a server agrees to one compression only, and to nothing else at the switch-over', () => {
    const request = { kind: 'modifierRequest', category: 'compression', implementations: ['Gzip'] } as const;
    const server = () => {
      const made = new ServerHandshake('client', ['Gzip']);
      made.feed(fromClient(magic, request, { ...request, implementations: ['Gzip'] }, application));
      return made;
    };
    expect(server().feed(fromClient(switchOver([gzip]))).done!.modifiers).toEqual([gzip]);
    for (const wrong of [
      switchOver(),
      switchOver([gzip, gzip]),
      switchOver([gzip], 2),
      switchOver([gzip], 1, 'raft'),
    ]) {
      const step = server().feed(fromClient(wrong));
      expect(step.done).toBeUndefined();
      expect(step.refused!.message).toContain('not agreed');
      expect(step.send!.toString('hex')).toBe('0000000800000002ffffffff');
    }
  });

  it('a server refuses endless and damaged input, with its place', () => {
    const offsetOf = (bytes: Buffer) => refusalOf(() => new ServerHandshake('client').feed(bytes)).place!.offset;
    expect(offsetOf(Buffer.from('7fffffff', 'hex'))).toBe(0);
    expect(offsetOf(Buffer.from('ffffffff', 'hex'))).toBe(0);
    expect(offsetOf(Buffer.concat([fromClient(magic), Buffer.from('00002001', 'hex')]))).toBe(25);
    // Extra bytes after the message in its frame; a list and a text longer than the frame; an unknown message.
    expect(offsetOf(encodeFrame(Buffer.concat([fromClient(magic).subarray(4), Buffer.from([0])])))).toBe(25);
    expect(offsetOf(encodeFrame(Buffer.from('0000000100000001617fffffff', 'hex')))).toBe(4 + 9);
    expect(offsetOf(encodeFrame(Buffer.from('344f454e0000000e4e', 'hex')))).toBe(12);
    expect(offsetOf(encodeFrame(Buffer.from('344f454effffffff', 'hex')))).toBe(8);
    expect(offsetOf(encodeFrame(Buffer.from('00000009', 'hex')))).toBe(4);
    expect(offsetOf(encodeFrame(Buffer.alloc(0)))).toBe(4);
    const endless = Buffer.concat([fromClient(magic), ...Array(70).fill(fromClient(application))]);
    expect(refusalOf(() => new ServerHandshake('client').feed(endless)).code).toBe('peer.hostile');
    const again = refusalOf(() => new ServerHandshake('client').feed(fromClient(magic, magic)));
    expect(again.message).toContain('again');
  });
});

describe('a client', () => {
  const greeting = fromServer(magic);
  const agreed = fromServer({ kind: 'applicationResponse', status: 'success', protocol: 'catchup', version: 1 });
  const refusal = (bytes: Buffer, compression: string[] = []) => {
    const client = new ClientHandshake('test:6362', compression);
    client.begin();
    return refusalOf(() => client.feed(bytes));
  };

  it('a client recognizes what the peer speaks instead', () => {
    const cases: [Buffer, RegExp, RegExp][] = [
      [Buffer.from('00000bf10a02aced0005', 'hex'), /common backup protocol/, /--protocol=common/],
      [Buffer.from('15030100020228', 'hex'), /TLS/, /ssl_policy/],
      [Buffer.from('HTTP/1.1 400 Bad Request\r\n'), /HTTP/, /--from/],
      [Buffer.from('SSH-2.0-OpenSSH_9.2\r\n'), /SSH/, /--from/],
      [Buffer.from('0000001544474e4f0000000d4f4e4744425f434c5553544552', 'hex'), /ONgDB/, /not supported/],
      [Buffer.from('00000015344f454f', 'hex'), /another protocol/, /--protocol/],
    ];
    for (const [bytes, message, hint] of cases) {
      const error = refusal(bytes);
      expect(error.code).toBe('peer.protocol');
      expect(error.message).toMatch(message);
      expect(error.hint).toMatch(hint);
      expect(error.place).toEqual({ peer: 'test:6362', offset: 0 });
      expect(error.observed).toBe(`first bytes ${bytes.toString('hex', 0, 8)}`);
    }
    expect(refusal(readCapture('catchup-hello.s2c.bin')).message).toContain('common backup protocol');
  });

  it('a client waits for enough bytes before it judges', () => {
    const client = new ClientHandshake('test:6362');
    client.begin();
    for (const byte of Buffer.from('HTTP/', 'latin1')) expect(client.feed(Buffer.from([byte]))).toEqual({});
    expect(refusalOf(() => client.feed(Buffer.from('1'))).message).toContain('HTTP');
    expect(client.position).toBe('before the handshake');
  });

  it('a client refuses a server that breaks the protocol', () => {
    const failed = fromServer({ kind: 'applicationResponse', status: 'failure', protocol: '', version: 0 });
    expect(refusal(Buffer.concat([greeting, failed])).message).toContain('does not offer version 1');
    const ongoing = fromServer({ kind: 'applicationResponse', status: 'ongoing', protocol: 'catchup', version: 1 });
    expect(refusal(Buffer.concat([greeting, ongoing])).observed).toBe('ongoing');
    const other = fromServer({ kind: 'applicationResponse', status: 'success', protocol: 'raft', version: 1 });
    expect(refusal(Buffer.concat([greeting, other])).observed).toBe('raft 1');
    const early = fromServer({ kind: 'switchOverResponse', status: 'success' });
    expect(refusal(Buffer.concat([greeting, early]))).toMatchObject({
      place: { offset: 29 },
      observed: 'switchOverResponse',
    });
    expect(refusal(Buffer.concat([greeting, greeting])).message).toContain('out of turn');
    expect(
      refusal(Buffer.concat([greeting, agreed, early.subarray(0, 8), Buffer.from('ffffffff', 'hex')])).message,
    ).toContain('refuses to switch over');
    expect(refusal(Buffer.concat([greeting, agreed, agreed])).message).toContain('out of turn');
    const unknown = encodeFrame(Buffer.from('0000000200000005', 'hex'));
    expect(refusal(Buffer.concat([greeting, unknown]))).toMatchObject({ observed: 5, place: { offset: 33 } });
    expect(refusal(encodeServerHandshake({ kind: 'magic', text: 'NEO4J_CLUSTEX' })).observed).toBe('NEO4J_CLUSTEX');
  });

  it('a client refuses a modifier that it did not offer, and an answer to a request it did not send', () => {
    const lz4 = fromServer({
      kind: 'modifierResponse',
      status: 'success',
      category: 'compression',
      implementation: 'LZ4',
    });
    expect(refusal(Buffer.concat([greeting, lz4]), ['Gzip']).observed).toBe('compression LZ4');
    expect(refusal(Buffer.concat([greeting, lz4])).message).toContain('out of turn');
    expect(refusal(Buffer.concat([greeting, agreed]), ['Gzip']).message).toContain('out of turn');
  });
});
