import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import {
  describeBackupSource,
  type SourceWorld,
  type Trouble,
} from '../../../test/support/conformance/backup-source.ts';
import {
  cutBytes,
  expectedAnswers,
  fullAnswers,
  incrementalAnswers,
  readCapture,
  recutFrames,
  sha256,
} from '../../../test/support/corpus/common-captures.ts';
import { fakeNeostore } from '../../../test/support/corpus/fake-neostore.ts';
import { campaign } from '../../../test/support/random/campaign-size.ts';
import { BackupServer } from '../../../test/support/servers/backup-server.ts';
import { CopyRecorder } from '../../../test/support/servers/copy-recorder.ts';
import { type Script, ScriptedServer } from '../../../test/support/servers/scripted-server.ts';
import type { ErrorCode } from '../../base/error-codes.ts';
import { describeError, GraphkeepError } from '../../base/errors.ts';
import { writeJavaException } from '../../protocol/backup-protocol/java-exception-writer.ts';
import { listServedFiles } from '../../serve/database/served-files.ts';
import { formatByVersion } from '../../store/files/store-format.ts';
import type { StoreId } from '../../store/files/store-id.ts';
import { CommonSource } from './common-source.ts';

const servers: ScriptedServer[] = [];

afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop();
});

async function serve(script: Script, host?: string): Promise<ScriptedServer> {
  const server = await ScriptedServer.start(script, host);
  servers.push(server);
  return server;
}

function sourceFor(server: ScriptedServer, host = '127.0.0.1', timeoutMs = 10_000): CommonSource {
  return new CommonSource({ address: { host, port: server.port }, timeoutMs });
}

const never = new AbortController().signal;

function ask(source: CommonSource, kind: 'full' | 'incremental', receiver = new CopyRecorder(), signal = never) {
  const asked = kind === 'full' ? source.fullCopy(receiver, signal) : source.transactionsAfter(5, receiver, signal);
  return asked.finally(() => {
    receiver.isOver = true;
  });
}

/** Name, size and hash of the received files, in order of arrival. */
function filesOf({ ended, contents }: CopyRecorder): [string, number, string][] {
  return ended.map((name) => [name, contents[name]!.length, sha256(contents[name]!)]);
}

async function failure(asked: Promise<unknown>): Promise<GraphkeepError> {
  const error: unknown = await asked.then(
    () => new Error('no failure'),
    (caught: unknown) => caught,
  );
  if (!(error instanceof GraphkeepError)) throw error;
  return error;
}

/** An answer whose last chunk holds `body`, given in hexadecimal. */
function answer(body: string): Buffer {
  const bytes = Buffer.from(`000000000802${body.replaceAll(' ', '')}`, 'hex');
  bytes.writeUInt32BE(bytes.length - 4, 0);
  return bytes;
}

const id = '000001a2027bb381 1efb47aa4f9f42ab 00392e412e307606 000001a2027bb381 0000000000000001';

function file(name: string, data?: string): string {
  const length = name.length.toString(16).padStart(4, '0');
  const units = Buffer.from(name, 'utf16le').swap16().toString('hex');
  if (data === undefined) return `${length}${units}00`;
  const bytes = Buffer.from(data.replaceAll(' ', ''), 'hex');
  return `${length}${units}0100000001${bytes.length.toString(16).padStart(2, '0')}${bytes.toString('hex')}`;
}

const storeId: StoreId = {
  creationTime: 0x1a2027bb381,
  randomId: 0x1efb47aa4f9f42abn,
  storeVersion: 0x00392e412e307606n,
  upgradeTime: 0x1a2027bb381,
  upgradeTransactionId: 1,
};
const neostoreFile = (changed: Partial<StoreId> = {}): string =>
  file('neostore', fakeNeostore({ ...storeId, ...changed }).toString('hex'));
const neostore = neostoreFile();

describe('answers', () => {
  it.each(fullAnswers.filter((name) => !name.includes('forensics')))('the answer %s is received', async (name) => {
    const expected = expectedAnswers[name]!;
    const server = await serve({ pieces: [readCapture(name)], requestBytes: 40 });
    for (const slow of [false, true]) {
      const receiver = new CopyRecorder(slow);
      const { storeId } = await ask(sourceFor(server), 'full', receiver);
      expect(String(storeId.randomId)).toBe(String(expected.storeId![1]));
      expect(filesOf(receiver)).toEqual(expected.files!.map((f) => [f.name, f.size, f.sha256]));
      expect(receiver.transactions.length).toBe(expected.txStreamBytes);
    }
    expect(server.requests.map((bytes) => bytes.toString('hex'))).toEqual(
      Array(2).fill(readCapture('full-quiet.c2s.bin').toString('hex')),
    );
    await server.allGone();
  });

  it.each(incrementalAnswers)('the answer %s is received', async (name) => {
    const server = await serve({ pieces: cutBytes(readCapture(name), [10, 40]) });
    const receiver = new CopyRecorder();
    const { storeId } = await ask(sourceFor(server), 'incremental', receiver);
    expect(String(storeId.creationTime)).toBe(expectedAnswers[name]!.storeId![0]);
    expect(receiver.transactions.length).toBe(expectedAnswers[name]!.txStreamBytes);
    expect(server.requests[0]!.toString('hex')).toBe(readCapture('inc-one-tx.c2s.bin').toString('hex'));
    await server.allGone();
  });

  it('an answer is the same however the transport cuts it', async () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 40_000 }), { minLength: 1, maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(sizes, sizes, fc.boolean(), async (frames, pieces, slow) => {
        const name = 'full-live.s2c.bin';
        const cut = cutBytes(
          recutFrames(
            readCapture(name),
            frames.map((size) => size + 100),
          ),
          pieces.map((size) => size + 400),
        );
        const server = await serve({ pieces: cut });
        const receiver = new CopyRecorder(slow);
        await ask(sourceFor(server), 'full', receiver);
        expect(filesOf(receiver)).toEqual(expectedAnswers[name]!.files!.map((f) => [f.name, f.size, f.sha256]));
        expect(sha256(receiver.transactions)).toBe(expectedAnswers[name]!.txStreamSha256);
        await server.stop();
      }),
      { numRuns: campaign.rounds(25) },
    );
  });

  it('a source does not hurry a receiver: what it does not accept is not read', async () => {
    const block = Buffer.alloc(256, 1);
    block[0] = 0;
    const chunk = Buffer.concat([Buffer.from('003fff020902', 'hex'), Buffer.alloc(16383 * 256)]);
    for (let at = 6; at < chunk.length; at += 256) block.copy(chunk, at);
    let sent = 0;
    const pieces = (function* () {
      yield Buffer.concat([answer(`${file('a', '').slice(0, -2)}`)]);
    })();
    // The beginning as a separate chunk, with more to follow.
    const start = Buffer.concat([...pieces]);
    start[4] = 0x09;
    const server = await serve({
      pieces: (function* () {
        yield start;
        for (let i = 0; i < 60; i++) {
          sent += chunk.length;
          yield chunk;
        }
      })(),
    });
    const receiver = new CopyRecorder();
    let release: () => void = () => {};
    let calls = 0;
    const called = new Promise<void>((begun) => {
      receiver.onBytes = () => {
        calls++;
        begun();
        return new Promise((resolve) => {
          release = resolve;
        });
      };
    });
    const controller = new AbortController();
    const asked = failure(ask(sourceFor(server, '127.0.0.1', 400), 'full', receiver, controller.signal));
    await called;
    // The buffers of the two sockets may still fill, but not without end.
    for (let before = -1; before !== sent; ) {
      before = sent;
      await sleep(200);
    }
    // Longer than the source waits for a silent server.
    await sleep(500);
    expect(calls).toBe(1);
    // Far less than 60 chunks.
    expect(sent).toBeLessThan(30 * chunk.length);
    controller.abort();
    release();
    expect((await asked).code).toBe('cancelled');
  });

  it('a failing receiver is noticed although the server is silent', async () => {
    const server = await serve({ pieces: [readCapture('full-live.s2c.bin').subarray(0, 60_000)] });
    const receiver = new CopyRecorder();
    receiver.onCall = (kind) =>
      kind === 'end' ? sleep(20).then(() => Promise.reject(new GraphkeepError('file.io', 'disk full'))) : undefined;
    expect((await failure(ask(sourceFor(server), 'full', receiver))).code).toBe('file.io');
  });
});

describe('failures of the server', () => {
  const cases: [string, 'full' | 'incremental', ErrorCode, RegExp][] = [
    [
      'err-pruned.s2c.bin',
      'incremental',
      'peer.history-pruned',
      /NoSuchTransactionException: Unable to find transaction 3/,
    ],
    ['err-pruned.s2c.bin', 'full', 'peer.failure', /NoSuchTransactionException/],
    ['err-unknown-type.s2c.bin', 'full', 'peer.failure', /ArrayIndexOutOfBoundsException: Index 2/],
    ['err-bad-boolean.s2c.bin', 'full', 'peer.failure', /IllegalArgumentException/],
    [
      'err-app-version.s2c.bin',
      'incremental',
      'peer.protocol',
      /IllegalProtocolVersionException: Unexpected application/,
    ],
    ['catchup-hello.s2c.bin', 'full', 'peer.protocol', /IllegalProtocolVersionException/],
  ];
  it.each(cases)('the failure %s for a %s request is reported as %s', async (name, kind, code, observed) => {
    for (const ending of ['stay', 'close'] as const) {
      const server = await serve({ pieces: [readCapture(name)], ending });
      const error = await failure(ask(sourceFor(server), kind));
      expect([error.code, error.place?.peer]).toEqual([code, `127.0.0.1:${server.port}`]);
      expect(error.observed).toMatch(observed);
    }
  });

  it('a failure of the server is noticed in the middle of a copy', async () => {
    const start = recutFrames(readCapture('full-live.s2c.bin'), [50_000]).subarray(0, 100_012);
    const payload = writeJavaException('runtime', 'no space left\u001b[31m on device');
    const failing = Buffer.concat([Buffer.from('000000000a02', 'hex'), payload]);
    failing.writeUInt32BE(payload.length + 2, 0);
    const server = await serve({ pieces: [start, failing] });
    const error = await failure(ask(sourceFor(server), 'full'));
    expect([error.code, error.observed]).toEqual([
      'peer.failure',
      'java.lang.RuntimeException: no space left\\x1b[31m on device',
    ]);
  });

  it('a failure of the server need not be readable', async () => {
    const server = await serve({ pieces: [Buffer.from('000000050a02010203', 'hex')] });
    const error = await failure(ask(sourceFor(server), 'incremental'));
    expect([error.code, error.observed]).toEqual(['peer.failure', '3 bytes, 010203']);
  });
});

describe('other servers', () => {
  it.each([
    ['HTTP', 'HTTP/1.1 400 Bad Request\r\n\r\n', /speaks HTTP/],
    ['TLS', '\x15\x03\x01\x00\x02\x02\x28', /speaks TLS/],
    ['SSH', 'SSH-2.0-OpenSSH_9.2p1\r\n', /speaks SSH/],
    ['Bolt', '\0\0\0\0', /impossible length/],
    ['catchup', '\0\0\0\x154OEN\0\0\0\rNEO4J_CLUSTER', /speaks the catchup protocol/],
  ])('%s is refused by name', async (_name, text, message) => {
    const server = await serve({ pieces: [Buffer.from(text, 'latin1')], ending: 'close' });
    const error = await failure(ask(sourceFor(server), 'full'));
    expect(error.code).toBe('peer.protocol');
    expect(error.message).toMatch(message);
    expect(describeError(error)).toContain(`server 127.0.0.1:${server.port}, offset`);
  });

  it('a catchup server closes without an answer, and the hint says so', async () => {
    for (const ending of ['close', 'reset'] as const) {
      const server = await serve({ pieces: [], ending });
      const error = await failure(ask(sourceFor(server), 'incremental'));
      expect(error.code).toBe('peer.protocol');
      expect(error.hint).toContain('--protocol=catchup');
    }
  });
});

describe('connections', () => {
  it('connections are made to this machine for 0.0.0.0, to IPv6, and to any address of a name', async () => {
    const pieces = [readCapture('inc-empty.s2c.bin')];
    const four = await serve({ pieces });
    const six = await serve({ pieces }, '::1');
    await ask(sourceFor(four, '0.0.0.0'), 'incremental');
    await ask(sourceFor(four, 'localhost'), 'incremental');
    await ask(sourceFor(six, '::1'), 'incremental');
    await ask(sourceFor(six, '[::1]'), 'incremental');
    expect(sourceFor(six, '[::1]').place).toEqual({ peer: `[::1]:${six.port}` });
    expect(sourceFor(four, '0.0.0.0').place).toEqual({ peer: `0.0.0.0:${four.port}` });
  });

  it('connections are refused when nobody listens', async () => {
    const server = await serve({ pieces: [] });
    const source = sourceFor(server, 'localhost');
    await server.stop();
    const error = await failure(ask(source, 'full'));
    expect([error.code, error.observed]).toEqual(['peer.unreachable', 'ECONNREFUSED']);
    expect(error.message).toBe('cannot connect: nobody listens there');
    expect(error.hint).toContain('dbms.backup.address');
  });

  it('connections fail for unknown names', async () => {
    const source = new CommonSource({ address: { host: 'no-such-host.invalid', port: 6362 }, timeoutMs: 1000 });
    const error = await failure(ask(source, 'full'));
    expect(error.code).toBe('peer.unreachable');
    expect(error.message).toMatch(/host name/);
    expect(error.place).toEqual({ peer: 'no-such-host.invalid:6362' });
  });

  it('connections fail in time', async () => {
    // A test network (RFC 5737): either nobody answers, or the machine says at once that there is no route.
    const source = new CommonSource({
      address: { host: '192.0.2.1', port: 6362 },
      timeoutMs: 600_000,
      connectTimeoutMs: 50,
    });
    expect((await failure(ask(source, 'full'))).code).toBe('peer.unreachable');
  });

  it('connections time out in silence, before and within the answer', async () => {
    const whole = readCapture('full-live.s2c.bin');
    const expectTimeout = async (size: number, message: RegExp): Promise<void> => {
      const server = await serve({ pieces: [whole.subarray(0, size)] });
      const error = await failure(ask(sourceFor(server, '127.0.0.1', 500), 'full'));
      expect(error.code).toBe('peer.timeout');
      expect(error.message).toMatch(message);
      expect([error.observed, error.place?.offset]).toEqual(['silent for 500 ms', size]);
      await server.allGone();
    };
    await Promise.all([
      expectTimeout(0, /does not answer/),
      expectTimeout(5, /stopped sending, at its start/),
      expectTimeout(100_000, /stopped sending, in the data of a file/),
      expectTimeout(whole.length - 1, /stopped sending, in the transactions/),
    ]);
  });

  it('connections do not time out while bytes trickle in, nor while the receiver is busy', async () => {
    const trickle = await serve({ pieces: cutBytes(readCapture('inc-one-tx.s2c.bin'), [10]), delayMs: 40 });
    const trickled = ask(sourceFor(trickle, '127.0.0.1', 600), 'incremental');
    const server = await serve({ pieces: cutBytes(readCapture('full-live.s2c.bin'), [90_000]) });
    const receiver = new CopyRecorder();
    let slept = false;
    receiver.onCall = (kind) => {
      if (kind !== 'end' || slept) return undefined;
      slept = true;
      return sleep(900);
    };
    await Promise.all([trickled, ask(sourceFor(server, '127.0.0.1', 500), 'full', receiver)]);
  });
});

describe('connections that are cut', () => {
  async function expectCut(
    server: ScriptedServer,
    kind: 'full' | 'incremental',
    whole: Buffer,
    size: number,
  ): Promise<void> {
    server.script = { pieces: [whole.subarray(0, size)], ending: 'close' };
    const receiver = new CopyRecorder();
    const error = await failure(ask(sourceFor(server), kind, receiver));
    const { calls } = receiver;
    if (size === 0) expect(error.code).toBe('peer.protocol');
    else expect([error.code, error.place?.offset]).toEqual(['peer.closed', size]);
    await server.allGone();
    expect(receiver.calls).toBe(calls);
  }

  it.each(['inc-empty.s2c.bin', 'inc-one-tx.s2c.bin', 'inc-one-tx-35.s2c.bin'])(
    'an answer of %s that is cut at any offset is an error',
    async (name) => {
      const server = await serve({ pieces: [] });
      const whole = readCapture(name);
      for (const size of campaign.places(0, whole.length - 1)) await expectCut(server, 'incremental', whole, size);
      const chunks = recutFrames(whole, [30]);
      for (const size of campaign.places(0, chunks.length - 1, 3)) await expectCut(server, 'incremental', chunks, size);
    },
  );

  it('an answer of full-live.s2c.bin that is cut at many offsets is an error', async () => {
    const server = await serve({ pieces: [] });
    const whole = recutFrames(readCapture('full-live.s2c.bin'), [8000]);
    const sizes: number[] = [];
    for (let size = 1; size < whole.length; size += size < 100 || size > whole.length - 100 ? 1 : 1223)
      sizes.push(size);
    for (const size of campaign.some(sizes)) await expectCut(server, 'full', whole, size);
  });

  it('a reset connection is an error', async () => {
    const whole = readCapture('full-live.s2c.bin');
    const server = await serve({ pieces: [whole.subarray(0, 50_000)], ending: 'reset' });
    // A reset may overtake the bytes sent before it.
    const error = await failure(ask(sourceFor(server), 'full'));
    expect(['peer.closed', 'peer.protocol']).toContain(error.code);
  });
});

describe('answers of hostile servers', () => {
  it.each([
    ['/etc/passwd', /absolute/],
    ['../x', /leaves/],
    ['C:\\x', /drive letter/],
    ['a\0b', /control/],
    ['store_lock', /lock file/],
    ['neostore.nodestore.db.id', /id file/],
    ['neostore.transaction.db.7', /transaction log/],
  ])('the name %j is refused before anything is written', async (name, reason) => {
    const server = await serve({ pieces: [answer(`${neostore}${file(name, '00')}0000${id}01`)] });
    const receiver = new CopyRecorder();
    const error = await failure(ask(sourceFor(server), 'full', receiver));
    expect(error.code).toBe('peer.hostile');
    expect(error.message).toMatch(reason);
    expect(error.place).toEqual({ peer: `127.0.0.1:${server.port}`, offset: 6 + neostore.length / 2 });
    expect(receiver.ended).toEqual(['neostore']);
  });

  it('a file that comes twice is refused', async () => {
    const server = await serve({ pieces: [answer(`${neostore}${neostore}0000${id}01`)] });
    expect((await failure(ask(sourceFor(server), 'full'))).message).toMatch(/came before/);
  });

  it('a copy without neostore, with half of it, or with that of another store is refused', async () => {
    const head = fakeNeostore(storeId);
    const withoutRecord = (record: number) => {
      const bytes = Buffer.from(head);
      bytes[9 * record] = 0;
      return file('neostore', bytes.toString('hex'));
    };
    for (const [files, message] of [
      ['', /no usable file neostore/],
      [file('neostore'), /no usable file neostore/],
      [file('neostore', head.toString('hex', 0, 80)), /no usable file neostore/],
      [neostoreFile({ randomId: 5n }), /do not belong/],
      [neostoreFile({ creationTime: 5 }), /do not belong/],
      [neostoreFile({ storeVersion: 0x00342e482e457606n }), /do not belong/],
      [neostoreFile({ upgradeTime: 5 }), /do not belong/],
      [neostoreFile({ upgradeTransactionId: 5 }), /do not belong/],
      ...[0, 1, 4, 7, 8].map((record) => [withoutRecord(record), /do not belong/] as const),
    ] as const) {
      const server = await serve({ pieces: [answer(`${files}0000${id}01`)] });
      const error = await failure(ask(sourceFor(server), 'full'));
      expect(error.code).toBe('peer.protocol');
      expect(error.message).toMatch(message);
    }
  });

  it('neostore need not be the last file', async () => {
    const server = await serve({ pieces: [answer(`${neostore}${file('index.db')}0000${id}01`)] });
    const receiver = new CopyRecorder();
    await ask(sourceFor(server), 'full', receiver);
    expect(receiver.ended).toEqual(['neostore', 'index.db']);
  });
});

class CommonWorld implements SourceWorld {
  readonly goesOn = false;
  readonly absence = 'peer.unreachable';
  readonly files: ReadonlyMap<string, Buffer>;
  private readonly server: BackupServer;

  constructor(server: BackupServer) {
    this.server = server;
    const { folder, storeId } = server.history;
    const served = listServedFiles(folder, formatByVersion(storeId.storeVersion), { logs: false });
    this.files = new Map(served.map(({ name, path }) => [name, readFileSync(path)]));
  }

  get newest(): number {
    return this.server.newest;
  }
  set newest(id: number) {
    this.server.newest = id;
  }

  get prunedTo(): number {
    return this.server.prunedTo;
  }
  set prunedTo(id: number) {
    this.server.prunedTo = id;
  }

  openSource({ silenceMs = 20_000 } = {}): CommonSource {
    return new CommonSource({ address: this.server.address, timeoutMs: silenceMs });
  }

  spoil(request: 'full' | 'transactions', trouble: Trouble, part: number): Promise<void> {
    const { server } = this;
    const wanted = request === 'full' ? 'full' : 'incremental';
    return new Promise((resolve) => {
      server.fault = ({ kind }) => {
        if (kind !== wanted) return undefined;
        server.fault = () => undefined;
        resolve();
        const replace = (answer: Buffer) => answer.subarray(0, Math.floor(part * answer.length));
        return trouble === 'breaks off' ? { replace, cutAfter: Number.MAX_SAFE_INTEGER } : { replace };
      };
    });
  }

  countOpen(): number {
    return this.server.openConnections;
  }

  vanish(): Promise<void> {
    return this.server.stop();
  }

  stop(): Promise<void> {
    return this.server.stop();
  }
}

describeBackupSource('CommonSource', async (history) => new CommonWorld(await BackupServer.start(history)));
