import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import {
  cutBytes,
  expectedAnswers,
  fullAnswers,
  incrementalAnswers,
  RecordingHandler,
  readCapture,
  recutFrames,
  sha256,
} from '../../../test/support/corpus/common-captures.ts';
import { fakeNeostore } from '../../../test/support/corpus/fake-neostore.ts';
import { type Script, ScriptedServer } from '../../../test/support/servers/scripted-server.ts';
import { openSequentially } from '../../../test/support/servers/sequential-receiver.ts';
import type { ErrorCode } from '../../base/error-codes.ts';
import { describeError, GraphkeepError } from '../../base/errors.ts';
import { writeJavaException } from '../../protocol/backup-protocol/java-exception-writer.ts';
import type { StoreId } from '../../store/files/store-id.ts';
import type {
  CopyReceiver,
  FileReceiver,
  StoreFileStream,
  StoreIdReceiver,
  TransactionReceiver,
} from '../backup-source.ts';
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

/** Receives with the checks of {@link RecordingHandler}: one call at a time, none after the end. */
class TestReceiver implements CopyReceiver, TransactionReceiver, StoreIdReceiver {
  readonly record: RecordingHandler;
  isOver = false;

  constructor(slow = false) {
    this.record = new RecordingHandler(slow);
  }

  get names(): string[] {
    return this.record.files.map((file) => file.name);
  }

  openFile(file: StoreFileStream): Promise<FileReceiver> {
    return openSequentially(this, file);
  }

  beginFile(file: StoreFileStream): Promise<void> | undefined {
    this.check();
    return this.record.beginFile(file.name, file.alignment, file.empty);
  }

  fileBytes(chunk: Buffer): Promise<void> | undefined {
    this.check();
    return this.record.fileBytes(chunk);
  }

  endFile(): Promise<void> | undefined {
    this.check();
    return this.record.endFile();
  }

  storeId(_id: StoreId): void {
    this.check();
  }

  transactionBytes(chunk: Buffer): Promise<void> | undefined {
    this.check();
    this.record.id ??= {} as StoreId;
    return this.record.transactionBytes(chunk);
  }

  private check(): void {
    if (this.isOver) throw new Error('called after the end');
  }
}

const never = new AbortController().signal;

function ask(source: CommonSource, kind: 'full' | 'incremental', receiver = new TestReceiver(), signal = never) {
  const asked = kind === 'full' ? source.fullCopy(receiver, signal) : source.transactionsAfter(5, receiver, signal);
  return asked.finally(() => {
    receiver.isOver = true;
  });
}

async function failure(asked: Promise<unknown>): Promise<GraphkeepError> {
  const error: unknown = await asked.then(
    () => new Error('no failure'),
    (caught: unknown) => caught,
  );
  if (!(error instanceof GraphkeepError)) throw error;
  return error;
}

/** An answer whose last chunk holds `body`, in hexadecimal. */
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
  it.each(fullAnswers.filter((name) => !name.includes('forensics')))('%s is received', async (name) => {
    const expected = expectedAnswers[name]!;
    const server = await serve({ pieces: [readCapture(name)], requestBytes: 40 });
    for (const slow of [false, true]) {
      const receiver = new TestReceiver(slow);
      const { storeId } = await ask(sourceFor(server), 'full', receiver);
      expect(String(storeId.randomId)).toBe(String(expected.storeId![1]));
      expect(receiver.record.files.map((f) => [f.name, f.bytes.length, sha256(f.bytes)])).toEqual(
        expected.files!.map((f) => [f.name, f.size, f.sha256]),
      );
      expect(receiver.record.transactions.length).toBe(expected.txStreamBytes);
    }
    expect(server.requests.map((bytes) => bytes.toString('hex'))).toEqual(
      Array(2).fill(readCapture('full-quiet.c2s.bin').toString('hex')),
    );
    await server.allGone();
  });

  it.each(incrementalAnswers)('%s is received', async (name) => {
    const server = await serve({ pieces: cutBytes(readCapture(name), [10, 40]) });
    const receiver = new TestReceiver();
    const { storeId } = await ask(sourceFor(server), 'incremental', receiver);
    expect(String(storeId.creationTime)).toBe(expectedAnswers[name]!.storeId![0]);
    expect(receiver.record.transactions.length).toBe(expectedAnswers[name]!.txStreamBytes);
    expect(server.requests[0]!.toString('hex')).toBe(readCapture('inc-one-tx.c2s.bin').toString('hex'));
    await server.allGone();
  });

  it('is the same however the transport cuts it', async () => {
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
        const receiver = new TestReceiver(slow);
        await ask(sourceFor(server), 'full', receiver);
        expect(receiver.record.files.map((f) => sha256(f.bytes))).toEqual(
          expectedAnswers[name]!.files!.map((f) => f.sha256),
        );
        expect(sha256(receiver.record.transactions)).toBe(expectedAnswers[name]!.txStreamSha256);
        await server.stop();
      }),
      { numRuns: 25 },
    );
  });

  it('does not hurry a receiver: what is not taken is not read', async () => {
    const block = Buffer.alloc(256, 1);
    block[0] = 0;
    const chunk = Buffer.concat([Buffer.from('003fff020902', 'hex'), Buffer.alloc(16383 * 256)]);
    for (let at = 6; at < chunk.length; at += 256) block.copy(chunk, at);
    let sent = 0;
    const pieces = (function* () {
      yield Buffer.concat([answer(`${file('a', '').slice(0, -2)}`)]);
    })();
    // The beginning as a chunk of its own, with more to follow.
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
    const receiver = new TestReceiver();
    let release: () => void = () => {};
    let calls = 0;
    receiver.fileBytes = () => {
      calls++;
      return new Promise((resolve) => {
        release = resolve;
      });
    };
    const controller = new AbortController();
    const asked = failure(ask(sourceFor(server, '127.0.0.1', 400), 'full', receiver, controller.signal));
    await sleep(1500);
    expect(calls).toBe(1);
    // Far less than 60 chunks: what fits into the buffers of the two sockets.
    expect(sent).toBeLessThan(30 * chunk.length);
    controller.abort();
    release();
    expect((await asked).code).toBe('cancelled');
  });

  it('hands the store id to the receiver before any transaction, which may refuse it', async () => {
    const server = await serve({ pieces: [readCapture('inc-one-tx.s2c.bin')] });
    const receiver = new TestReceiver();
    const refusal = new GraphkeepError('peer.other-store', 'another store');
    receiver.storeId = (storeId) => {
      expect(storeId.creationTime).toBe(1795337991041);
      throw refusal;
    };
    expect(await failure(ask(sourceFor(server), 'incremental', receiver))).toBe(refusal);
    expect(receiver.record.calls).toBe(0);
    await server.allGone();
  });

  it('passes on what the receiver throws, closes the connection and calls it no more', async () => {
    for (const late of [false, true]) {
      for (const method of ['beginFile', 'fileBytes', 'endFile', 'transactionBytes'] as const) {
        const server = await serve({ pieces: cutBytes(readCapture('full-live.s2c.bin'), [30_000]) });
        const receiver = new TestReceiver();
        const full = new GraphkeepError('file.io', 'disk full');
        receiver[method] = () => {
          receiver.isOver = true;
          if (!late) throw full;
          return sleep(5).then(() => Promise.reject(full));
        };
        expect(await failure(ask(sourceFor(server), 'full', receiver))).toBe(full);
        await server.allGone();
      }
    }
  });

  it('notices a failing receiver although the server is silent', async () => {
    const server = await serve({ pieces: [readCapture('full-live.s2c.bin').subarray(0, 60_000)] });
    const receiver = new TestReceiver();
    receiver.endFile = () => sleep(20).then(() => Promise.reject(new GraphkeepError('file.io', 'disk full')));
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
  it.each(cases)('%s for a %s request is %s', async (name, kind, code, observed) => {
    for (const ending of ['stay', 'close'] as const) {
      const server = await serve({ pieces: [readCapture(name)], ending });
      const error = await failure(ask(sourceFor(server), kind));
      expect([error.code, error.place?.peer]).toEqual([code, `127.0.0.1:${server.port}`]);
      expect(error.observed).toMatch(observed);
    }
  });

  it('is noticed in the middle of a copy', async () => {
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

  it('need not be readable', async () => {
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
  it('are made to this machine for 0.0.0.0, to IPv6, and to any address of a name', async () => {
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

  it('are refused when nobody listens', async () => {
    const server = await serve({ pieces: [] });
    const source = sourceFor(server, 'localhost');
    await server.stop();
    const error = await failure(ask(source, 'full'));
    expect([error.code, error.observed]).toEqual(['peer.unreachable', 'ECONNREFUSED']);
    expect(error.message).toBe('cannot connect: nobody listens there');
    expect(error.hint).toContain('dbms.backup.address');
  });

  it('fail for unknown names', async () => {
    const source = new CommonSource({ address: { host: 'no-such-host.invalid', port: 6362 }, timeoutMs: 1000 });
    const error = await failure(ask(source, 'full'));
    expect(error.code).toBe('peer.unreachable');
    expect(error.message).toMatch(/host name/);
    expect(error.place).toEqual({ peer: 'no-such-host.invalid:6362' });
  });

  it('fail in time', async () => {
    // A test network (RFC 5737): either nobody answers or the machine says at once that there is no way.
    const source = new CommonSource({
      address: { host: '192.0.2.1', port: 6362 },
      timeoutMs: 600_000,
      connectTimeoutMs: 50,
    });
    expect((await failure(ask(source, 'full'))).code).toBe('peer.unreachable');
  });

  it('time out in silence, before and within the answer', async () => {
    const whole = readCapture('full-live.s2c.bin');
    for (const [size, message] of [
      [0, /does not answer/],
      [5, /stopped sending, at its start/],
      [100_000, /stopped sending, in the data of a file/],
      [whole.length - 1, /stopped sending, in the transactions/],
    ] as const) {
      const server = await serve({ pieces: [whole.subarray(0, size)] });
      const error = await failure(ask(sourceFor(server, '127.0.0.1', 500), 'full'));
      expect(error.code).toBe('peer.timeout');
      expect(error.message).toMatch(message);
      expect([error.observed, error.place?.offset]).toEqual(['silent for 500 ms', size]);
      await server.allGone();
    }
  });

  it('do not time out while bytes trickle in, nor while the receiver is busy', async () => {
    const trickle = await serve({ pieces: cutBytes(readCapture('inc-one-tx.s2c.bin'), [10]), delayMs: 60 });
    await ask(sourceFor(trickle, '127.0.0.1', 900), 'incremental');
    const server = await serve({ pieces: cutBytes(readCapture('full-live.s2c.bin'), [90_000]) });
    const receiver = new TestReceiver();
    let slept = false;
    receiver.endFile = () => {
      const wait = slept ? 0 : 1200;
      slept = true;
      return sleep(wait).then(() => receiver.record.endFile());
    };
    await ask(sourceFor(server, '127.0.0.1', 500), 'full', receiver);
  });

  it('are closed when the command is interrupted, at any time', async () => {
    const whole = readCapture('full-live.s2c.bin');
    for (const size of [0, 3, 1000, 100_000, whole.length - 1]) {
      const server = await serve({ pieces: [whole.subarray(0, size)] });
      const controller = new AbortController();
      const asked = failure(ask(sourceFor(server), 'full', new TestReceiver(), controller.signal));
      await sleep(20);
      const reason = new Error('SIGINT');
      controller.abort(reason);
      const error = await asked;
      expect([error.code, error.cause]).toEqual(['cancelled', reason]);
      await server.allGone();
    }
    expect(
      (
        await failure(
          ask(
            new CommonSource({ address: { host: 'x', port: 1 }, timeoutMs: 1 }),
            'full',
            new TestReceiver(),
            AbortSignal.abort(),
          ),
        )
      ).code,
    ).toBe('cancelled');
  });

  it('an interruption waits for the receiver', async () => {
    const server = await serve({ pieces: [readCapture('full-live.s2c.bin')] });
    const controller = new AbortController();
    const receiver = new TestReceiver();
    let isWriting = false;
    receiver.endFile = async () => {
      isWriting = true;
      controller.abort();
      await sleep(50);
      isWriting = false;
    };
    expect((await failure(ask(sourceFor(server), 'full', receiver, controller.signal))).code).toBe('cancelled');
    expect(isWriting).toBe(false);
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
    const receiver = new TestReceiver();
    const error = await failure(ask(sourceFor(server), kind, receiver));
    const calls = receiver.record.calls;
    if (size === 0) expect(error.code).toBe('peer.protocol');
    else expect([error.code, error.place?.offset]).toEqual(['peer.closed', size]);
    await server.allGone();
    expect(receiver.record.calls).toBe(calls);
  }

  it.each(['inc-empty.s2c.bin', 'inc-one-tx.s2c.bin', 'inc-one-tx-35.s2c.bin'])('%s, at every offset', async (name) => {
    const server = await serve({ pieces: [] });
    const whole = readCapture(name);
    for (let size = 0; size < whole.length; size++) await expectCut(server, 'incremental', whole, size);
    const chunks = recutFrames(whole, [30]);
    for (let size = 0; size < chunks.length; size += 3) await expectCut(server, 'incremental', chunks, size);
  });

  it('full-live.s2c.bin, at many offsets', async () => {
    const server = await serve({ pieces: [] });
    const whole = recutFrames(readCapture('full-live.s2c.bin'), [8000]);
    for (let size = 1; size < whole.length; size += size < 100 || size > whole.length - 100 ? 1 : 1223) {
      await expectCut(server, 'full', whole, size);
    }
  });

  it('by a reset', async () => {
    const whole = readCapture('full-live.s2c.bin');
    const server = await serve({ pieces: [whole.subarray(0, 50_000)], ending: 'reset' });
    // A reset may overtake the bytes before it.
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
    const receiver = new TestReceiver();
    const error = await failure(ask(sourceFor(server), 'full', receiver));
    expect(error.code).toBe('peer.hostile');
    expect(error.message).toMatch(reason);
    expect(error.place).toEqual({ peer: `127.0.0.1:${server.port}`, offset: 6 + neostore.length / 2 });
    expect(receiver.names).toEqual(['neostore']);
  });

  it('a file twice', async () => {
    const server = await serve({ pieces: [answer(`${neostore}${neostore}0000${id}01`)] });
    expect((await failure(ask(sourceFor(server), 'full'))).message).toMatch(/came before/);
  });

  it('a copy without neostore, with half of it, or with that of another store', async () => {
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
    const receiver = new TestReceiver();
    await ask(sourceFor(server), 'full', receiver);
    expect(receiver.names).toEqual(['neostore', 'index.db']);
  });
});

it('refuses to ask for transactions after none', async () => {
  const source = new CommonSource({ address: { host: '127.0.0.1', port: 1 }, timeoutMs: 1000 });
  for (const last of [0, -1, 1.5, 2 ** 53]) {
    expect((await failure(source.transactionsAfter(last, new TestReceiver(), never))).code).toBe('internal');
  }
});
