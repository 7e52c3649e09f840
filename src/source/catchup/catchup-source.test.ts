import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  describeBackupSource,
  type SourceWorld,
  type Trouble,
} from '../../../test/support/conformance/backup-source.ts';
import { TestIdentity } from '../../../test/support/corpus/test-certificates.ts';
import { campaign } from '../../../test/support/random/campaign-size.ts';
import {
  CatchupMember,
  type MemberContent,
  type MemberFault,
  memberOf,
  readCapturedMember,
} from '../../../test/support/servers/catchup-member.ts';
import { CopyRecorder } from '../../../test/support/servers/copy-recorder.ts';
import { copyOf, fakeTransaction, smallMember } from '../../../test/support/servers/small-member.ts';
import { loadPolicy } from '../../../test/support/servers/tls-conversation.ts';
import type { ErrorCode } from '../../base/error-codes.ts';
import { describeError, GraphkeepError } from '../../base/errors.ts';
import type { SslPolicy } from '../../config/ssl-policy/ssl-policy.ts';
import type { CatchupRequest } from '../../protocol/catchup/catchup-request.ts';
import { CatchupSource, type CatchupSourceOptions } from './catchup-source.ts';

const never = new AbortController().signal;
const members: CatchupMember[] = [];
afterEach(async () => {
  for (const member of members.splice(0)) await member.stop();
});

async function startMember(content: MemberContent = smallMember()): Promise<CatchupMember> {
  const member = await CatchupMember.start(content);
  members.push(member);
  return member;
}

function sourceFor({ address }: CatchupMember, changed: Partial<CatchupSourceOptions> = {}): CatchupSource {
  return new CatchupSource({
    address,
    policy: undefined,
    compressions: [],
    connectTimeoutMs: 5000,
    handshakeTimeoutMs: 5000,
    inactivityTimeoutMs: 5000,
    connections: 3,
    retry: { maxTimeMs: 5000, maxWaitMs: 20 },
    onRetry: () => {},
    ...changed,
  });
}

function copy(source: CatchupSource, recorder = new CopyRecorder(), signal = never): Promise<unknown> {
  return source.fullCopy(recorder, signal).finally(() => {
    recorder.isOver = true;
  });
}

function pull(source: CatchupSource, after: number, recorder = new CopyRecorder(), signal = never): Promise<unknown> {
  return source.transactionsAfter(after, recorder, signal).finally(() => {
    recorder.isOver = true;
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

function expectWhole(recorder: CopyRecorder, content: MemberContent): void {
  const { files, transactions } = copyOf(content);
  const received = recorder.contents;
  expect(Object.keys(received).sort()).toEqual(Object.keys(files).sort());
  for (const [name, bytes] of Object.entries(files)) expect(received[name]!.equals(bytes), name).toBe(true);
  expect(recorder.transactions.equals(transactions)).toBe(true);
}

/** Spoils the first answer to a request of this kind, or for this file. */
function once(kind: CatchupRequest['kind'], fault: MemberFault, name?: string): CatchupMember['fault'] {
  let isDone = false;
  return (request) => {
    if (isDone || request.kind !== kind || (name !== undefined && 'name' in request && request.name !== name))
      return undefined;
    isDone = true;
    return fault;
  };
}

describe('a full copy', () => {
  it.each(['349', '350b3'] as const)('a full copy of a real member (%s) is received', async (version) => {
    const content = await readCapturedMember(version);
    for (const slow of [false, true]) {
      const member = await startMember(content);
      const recorder = new CopyRecorder(slow);
      const source = sourceFor(member);
      expect(await copy(source, recorder)).toEqual({ storeId: content.storeId });
      expectWhole(recorder, content);
      expect(recorder.transactionsAskedFrom).toBe(content.checkPoint);
      expect(source.isRightProtocol).toBe(true);
    }
  });

  it('a full copy uses several connections, does not fetch again what came with the list, and gets neostore last and alone', async () => {
    const member = await startMember();
    let underWay = 0;
    let most = 0;
    let besideNeostore = 0;
    let haveThree: () => void = () => {};
    const three = new Promise<void>((resolve) => {
      haveThree = resolve;
    });
    member.fault = (request) => {
      if (request.kind !== 'storeFile') return undefined;
      most = Math.max(most, ++underWay);
      if (request.name === 'neostore') besideNeostore = underWay - 1;
      if (underWay === 3) setImmediate(haveThree);
      return { before: () => three.then(() => void underWay--) };
    };
    const recorder = new CopyRecorder();
    await copy(sourceFor(member), recorder);
    expectWhole(recorder, member.content);
    const asked = member.seen.flatMap(({ request }) => (request.kind === 'storeFile' ? [request.name] : []));
    expect(asked).toHaveLength(5);
    expect(asked).not.toContain('neostore.labelscanstore.db');
    expect(asked.at(-1)).toBe('neostore');
    expect([most, besideNeostore, member.connections]).toEqual([3, 0, 3]);
    // The first connection prepares and pulls.
    expect(
      member.seen.filter(({ request }) => request.kind === 'transactions').map(({ connection }) => connection),
    ).toEqual([0]);
  });

  it('a full copy of a store whose check point is transaction 1 requests what comes after it', async () => {
    const content = { ...smallMember(), checkPoint: 1, transactions: new Map([[2, fakeTransaction(2, 100)]]) };
    const member = await startMember(content);
    const recorder = new CopyRecorder();
    await copy(sourceFor(member), recorder);
    expectWhole(recorder, content);
    expect(member.seen.at(-1)?.request).toMatchObject({ kind: 'transactions', after: 1 });
  });

  it('a full copy does without the transaction of the check point if the log begins after it', async () => {
    const member = await startMember();
    member.prunedTo = 12;
    const recorder = new CopyRecorder();
    await copy(sourceFor(member), recorder);
    expectWhole(recorder, member.content);
    member.prunedTo = 13;
    expect((await failure(copy(sourceFor(member)))).code).toBe('peer.history-pruned');
  });

  it('a full copy drops a large transaction of the check point', async () => {
    const content = smallMember();
    content.transactions.set(12, fakeTransaction(12, 200_000));
    const member = await startMember(content);
    const recorder = new CopyRecorder(true);
    await copy(sourceFor(member), recorder);
    expectWhole(recorder, content);
  });

  it('a full copy drops the files of an index that do not come again', async () => {
    const member = await startMember();
    const file = member.content.indexes.get(7)![0]!;
    const gone = { ...file, name: 'schema/index/native-btree-1.0/7/gone' };
    const before = () => {
      member.content.indexes.set(7, [file]);
    };
    member.content.indexes.set(7, [gone, file]);
    const whole = await member.answer({
      kind: 'indexSnapshot',
      storeId: member.content.storeId,
      requiredTransactionId: 12,
      indexId: 7,
    });
    member.fault = once('indexSnapshot', { before, replace: () => whole, cutAfter: whole.length - 5 });
    const recorder = new CopyRecorder();
    await copy(sourceFor(member), recorder);
    expectWhole(recorder, member.content);
  });
});

describe('transactions', () => {
  it('transactions are those after the given one', async () => {
    const member = await startMember();
    for (const after of [11, 13, 15, 16, 20]) {
      const recorder = new CopyRecorder(after === 13);
      await pull(sourceFor(member), after, recorder);
      const expected = [...member.content.transactions].filter(([id]) => id > after).map(([, bytes]) => bytes);
      expect(recorder.transactions.equals(Buffer.concat(expected))).toBe(true);
      expect(recorder.storeIds).toBe(1);
    }
  });

  it('transactions are requested again while the server ends batches', async () => {
    const member = await startMember();
    let newest = 13;
    member.fault = (request) => {
      if (request.kind !== 'transactions') return undefined;
      member.newest = newest++;
      const batch = (answer: Buffer): Buffer => {
        const changed = Buffer.from(answer);
        if (member.newest < 16) changed.writeInt32BE(0, changed.length - 12);
        return changed;
      };
      return { replace: batch };
    };
    const recorder = new CopyRecorder();
    await pull(sourceFor(member), 12, recorder);
    expect(recorder.transactions.equals(copyOf(member.content).transactions)).toBe(true);
    expect(member.kinds.filter((kind) => kind === 'transactions')).toHaveLength(4);
  });

  it('transactions continue after the last byte when the connection is lost in a large one, however often', async () => {
    const member = await startMember();
    const cuts = [40_000, 90_000, 90_500, 10, 160_000];
    member.fault = (request) => {
      const cutAfter = request.kind === 'transactions' ? cuts.shift() : undefined;
      return cutAfter === undefined ? undefined : { cutAfter };
    };
    const recorder = new CopyRecorder();
    await pull(sourceFor(member), 12, recorder);
    expect(recorder.transactions.equals(copyOf(member.content).transactions)).toBe(true);
    expect(cuts).toEqual([]);
  });

  it.each([
    ['longer', 160_000],
    ['shorter', 100_000],
    ['small', 200],
  ])('transactions that come again but differ (%s) are refused', async (_what, size) => {
    const member = await startMember();
    const other = fakeTransaction(14, size);
    other.writeUInt8(other.readUInt8(50) ^ 1, 50);
    let pulls = 0;
    member.fault = (request) => {
      if (request.kind !== 'transactions') return undefined;
      if (pulls++ === 0) return { cutAfter: 120_000 };
      member.content.transactions.set(14, other);
      return undefined;
    };
    expect((await failure(pull(sourceFor(member), 12))).code).toBe('peer.diverged');
  });
});

describe('a connection that is cut', () => {
  const kinds: CatchupRequest['kind'][] = ['storeId', 'prepareStoreCopy', 'storeFile', 'indexSnapshot', 'transactions'];

  it.each(kinds)('a connection may be cut at any byte of the answer to %s', async (kind) => {
    const content = smallMember({ largeBytes: 70_000 });
    const member = await startMember(content);
    const request = {
      kind,
      storeId: content.storeId,
      requiredTransactionId: 12,
      name: 'neostore.nodestore.db',
      indexId: 7,
      after: 11,
    };
    const { length } = await member.answer(request as CatchupRequest);
    const steps = new Set([...Array(40).keys(), ...Array.from({ length: 40 }, (_, i) => length - 1 - i)]);
    for (let i = 1; i < 25; i++) steps.add(Math.floor((length * i) / 25));
    for (const cutAfter of campaign.some([...steps].filter((at) => at >= 0 && at < length))) {
      for (const reset of campaign.sample([false, true])) {
        member.fault = once(kind, { cutAfter, reset }, 'neostore.nodestore.db');
        const recorder = new CopyRecorder();
        const copied = copy(sourceFor(member), recorder);
        if (kind === 'storeId') {
          const error = await failure(copied);
          expect([error.code, error.place?.peer]).toEqual(['peer.closed', `127.0.0.1:${member.address.port}`]);
        } else {
          await copied;
          expectWhole(recorder, content);
        }
      }
    }
  });

  it('after a cut in the first files they come again with a later check point, and nothing of the earlier one stays', async () => {
    const content = smallMember();
    const { length } = await (await startMember(content)).answer({
      kind: 'prepareStoreCopy',
      storeId: content.storeId,
    });
    for (const i of campaign.places(1, 10)) {
      const later = smallMember();
      const member = await startMember(later);
      const counts = later.prepared.find(({ name }) => name === 'neostore.counts.db.a')!;
      const told: string[] = [];
      const cut = once('prepareStoreCopy', { cutAfter: Math.floor((length * i) / 11), reset: i % 2 === 0 });
      member.fault = (request, connection) => {
        const fault = cut(request, connection);
        if (request.kind === 'prepareStoreCopy' && fault === undefined) {
          counts.name = 'neostore.counts.db.b';
          counts.bytes = Buffer.concat([counts.bytes.subarray(1), Buffer.from('later')]);
        }
        return fault;
      };
      const recorder = new CopyRecorder(i % 3 === 0);
      await copy(
        sourceFor(member, { onRetry: ({ request }, error) => told.push(`${request} ${error.code}`) }),
        recorder,
      );
      expectWhole(recorder, later);
      expect(Object.keys(recorder.contents)).not.toContain('neostore.counts.db.a');
      expect(told).toEqual(['first-files peer.closed']);
      expect(member.kinds.filter((kind) => kind === 'prepareStoreCopy')).toHaveLength(2);
    }
  });

  it('a connection cut at any byte of the handshake does not prove the right protocol', async () => {
    const member = await startMember();
    for (const cutAfter of campaign.places(0, 51)) {
      member.handshakeFault = () => ({ cutAfter });
      const source = sourceFor(member);
      const error = await failure(copy(source));
      expect([error.code, source.isRightProtocol]).toEqual(['peer.closed', false]);
    }
  });

  it('a connection that is cut is opened again until the time is over', async () => {
    const member = await startMember();
    let tries = 0;
    member.fault = ({ kind }) => {
      if (kind !== 'storeFile') return undefined;
      tries++;
      return { cutAfter: 3 };
    };
    const told: string[] = [];
    const onRetry: CatchupSourceOptions['onRetry'] = (wanted, error, attempt) =>
      told.push(`${wanted.request === 'file' ? wanted.name : wanted.request} ${error.code} ${attempt}`);
    const limited = sourceFor(member, { connections: 1, retry: { maxTimeMs: 800, maxWaitMs: 8 }, onRetry });
    expect((await failure(copy(limited))).code).toBe('peer.closed');
    expect(tries).toBeGreaterThan(3);
    expect(told.slice(0, 2)).toEqual(['neostore.nodestore.db peer.closed 1', 'neostore.nodestore.db peer.closed 2']);
  });
});

describe('a server that', () => {
  it('a server that is silent in the handshake is not waited for any longer', async () => {
    const member = await startMember();
    for (const stallAfter of [0, 20, 40]) {
      member.handshakeFault = () => ({ stallAfter });
      const error = await failure(copy(sourceFor(member, { handshakeTimeoutMs: 60 })));
      expect(error.code).toBe('peer.timeout');
      expect(error.hint).toMatch(/causal_clustering.handshake_timeout/);
    }
  });

  it('a server that is silent in an answer is left, and asked again where that helps', async () => {
    const source = (member: CatchupMember) => sourceFor(member, { inactivityTimeoutMs: 400 });
    const expectGivenUp = async (): Promise<void> => {
      const member = await startMember();
      member.fault = once('storeId', { stallAfter: 10 });
      const error = await failure(copy(source(member)));
      expect([error.code, /catch_up_client_inactivity_timeout/.test(error.hint)]).toEqual(['peer.timeout', true]);
    };
    const expectAskedAgain = async (kind: CatchupRequest['kind']): Promise<void> => {
      const member = await startMember();
      member.fault = once(kind, { stallAfter: 30 });
      const recorder = new CopyRecorder();
      await copy(source(member), recorder);
      expectWhole(recorder, member.content);
    };
    const kinds = ['prepareStoreCopy', 'storeFile', 'transactions'] as const;
    await Promise.all([expectGivenUp(), ...kinds.map(expectAskedAgain)]);
  });

  const refusals: [CatchupRequest['kind'], MemberFault['status'], ErrorCode][] = [
    ['prepareStoreCopy', 'E_STORE_ID_MISMATCH', 'peer.other-store'],
    ['prepareStoreCopy', 'E_LISTING_STORE', 'peer.failure'],
    ['storeFile', 'E_STORE_ID_MISMATCH', 'peer.other-store'],
    ['indexSnapshot', 'E_STORE_ID_MISMATCH', 'peer.other-store'],
    ['transactions', 'E_STORE_ID_MISMATCH', 'peer.other-store'],
    ['transactions', 'E_TRANSACTION_PRUNED', 'peer.history-pruned'],
    ['transactions', 'E_INVALID_REQUEST', 'peer.protocol'],
    ['transactions', 'SUCCESS_END_OF_BATCH', 'peer.hostile'],
  ];
  it.each(refusals)('a server that answers %s with %s is not asked again', async (kind, status, code) => {
    const member = await startMember();
    member.fault = (request) => (request.kind === kind ? { status: status! } : undefined);
    const source = sourceFor(member, { connections: 1 });
    const error = await failure(copy(source));
    expect([error.code, error.observed, source.isRightProtocol]).toEqual([code, status, true]);
    // If pruned: once more, without the transaction of the check point.
    expect(member.kinds.filter((seen) => seen === kind)).toHaveLength(code === 'peer.history-pruned' ? 2 : 1);
  });

  it.each([
    ['storeFile', 'E_TOO_FAR_BEHIND'],
    ['storeFile', 'E_UNKNOWN'],
    ['indexSnapshot', 'E_TOO_FAR_BEHIND'],
    ['transactions', 'E_STORE_UNAVAILABLE'],
  ] as const)('a server that answers %s with %s at first is asked again', async (kind, status) => {
    const member = await startMember();
    member.fault = once(kind, { status });
    const recorder = new CopyRecorder();
    await copy(sourceFor(member), recorder);
    expectWhole(recorder, member.content);
  });

  it('a server that does not know its store is reported as such', async () => {
    const member = await startMember();
    member.fault = once('storeId', { replace: () => Buffer.from('0000000102 0000000100'.replaceAll(' ', ''), 'hex') });
    expect(describeError(await failure(copy(sourceFor(member))))).toMatch(/does not know its store/);
  });

  type Spoil = (content: MemberContent, member: CatchupMember) => CatchupMember['fault'] | undefined;
  const rename = (from: string, to: string): Spoil => {
    return ({ prepared, listed }) => {
      [...prepared, ...listed].find(({ name }) => name === from)!.name = to;
      return undefined;
    };
  };
  const replace = (kind: CatchupRequest['kind'], change: (answer: Buffer) => Buffer): Spoil => {
    return () => (request) => (request.kind === kind ? { replace: change } : undefined);
  };
  const NODES = 'neostore.nodestore.db';
  const hostile: [string, Spoil, ErrorCode][] = [
    // The name begins after the type frame, the length of the header and the length of the name.
    ['sends another file', replace('storeFile', (answer) => Buffer.from(answer).fill('X', 13, 14)), 'peer.hostile'],
    ['sends a file that leaves the target', rename('neostore.counts.db.a', '../evil'), 'peer.hostile'],
    ['lists a file that leaves the target', rename(NODES, '../../evil'), 'peer.hostile'],
    ['lists a transaction log', rename(NODES, 'neostore.transaction.db.0'), 'peer.hostile'],
    ['lists a file twice', rename(NODES, 'neostore'), 'peer.hostile'],
    [
      'sends no file and says that it did',
      replace('storeFile', () => Buffer.from('00000001040000000400000000', 'hex')),
      'peer.hostile',
    ],
    ['lists no neostore', ({ listed }) => void listed.pop() as undefined, 'peer.protocol'],
    [
      'sends the neostore of another store',
      ({ listed }) => void listed.at(-1)!.bytes.fill(3) as undefined,
      'peer.protocol',
    ],
    [
      'has an impossible check point',
      (content) => {
        content.checkPoint = 0;
        return undefined;
      },
      'peer.protocol',
    ],
    [
      'is behind its own check point',
      (_content, member) => {
        member.newest = 11;
        return undefined;
      },
      'peer.protocol',
    ],
    [
      'leaves a transaction out',
      ({ transactions }) => void transactions.set(13, fakeTransaction(14, 90)) as undefined,
      'peer.hostile',
    ],
    [
      'ends too early',
      replace('transactions', (answer) => Buffer.concat([answer.subarray(0, -1), Buffer.from([99])])),
      'peer.protocol',
    ],
  ];
  it.each(hostile)('a server that %s is refused', async (_what, spoil, code) => {
    const member = await startMember();
    member.fault = spoil(member.content, member) ?? (() => undefined);
    const error = await failure(copy(sourceFor(member)));
    expect([error.code, error.place?.peer]).toEqual([code, `127.0.0.1:${member.address.port}`]);
  });
});

describe('over TLS', () => {
  let authority: TestIdentity;
  let trusting: SslPolicy;
  let stranger: SslPolicy;
  beforeAll(async () => {
    authority = await TestIdentity.authority('authority');
    const trusted = [authority.pem];
    trusting = await loadPolicy({ identity: await authority.issue('one'), trusted });
    const other = await TestIdentity.authority('other');
    stranger = await loadPolicy({ identity: await other.issue('two'), trusted });
  });

  it('a copy is received and continues after lost connections', async () => {
    const content = await readCapturedMember('349');
    for (const kind of ['storeFile', 'transactions'] as const) {
      const member = await startMember(content);
      member.policy = trusting;
      member.fault = once(kind, { cutAfter: 30 });
      const recorder = new CopyRecorder(true);
      await copy(sourceFor(member, { policy: trusting }), recorder);
      expectWhole(recorder, content);
    }
  });

  it('a client whose certificate is refused, or that has no TLS, gets nothing', async () => {
    const member = await startMember();
    member.policy = trusting;
    const source = sourceFor(member, { policy: stranger });
    // The alert with the reason may be lost with the connection.
    expect((await failure(copy(source))).code).toMatch(/^tls\.(refused-by-peer|closed)$/);
    expect((await failure(copy(sourceFor(member)))).code).toBe('peer.closed');
    expect(member.seen).toEqual([]);
    member.policy = stranger;
    expect((await failure(copy(sourceFor(member, { policy: trusting })))).code).toBe('tls.unknown-issuer');
  });

  it('a member without TLS is not used', async () => {
    const member = await startMember();
    const source = sourceFor(member, { policy: trusting, handshakeTimeoutMs: 100 });
    expect((await failure(copy(source))).code).toMatch(/^tls\.(timeout|closed|plaintext-peer)$/);
    expect(member.seen).toEqual([]);
  });
});

describe('the client', () => {
  it.each(['Gzip', 'Snappy', 'LZ4_high_compression'])(
    'the client compresses what it sends with %s if the server agrees',
    async (name) => {
      const member = await startMember();
      const recorder = new CopyRecorder();
      member.compressions = [name];
      await copy(sourceFor(member, { compressions: ['Snappy_validating', name] }), recorder);
      expectWhole(recorder, member.content);
      expect(member.agreed[0]).toEqual([{ category: 'compression', implementation: name }]);
      member.compressions = [];
      await copy(sourceFor(member, { compressions: [name] }));
      expect(member.agreed.at(-1)).toEqual([]);
    },
  );

  it('the client waits for a slow receiver, whose time is not counted as silence', async () => {
    const member = await startMember();
    const recorder = new CopyRecorder();
    const slow = ['neostore.nodestore.db', 'neostore.relationshipstore.db'];
    recorder.onBytes = (name) => (slow.includes(name) ? sleep(600) : undefined);
    await copy(sourceFor(member, { inactivityTimeoutMs: 400 }), recorder);
    expectWhole(recorder, member.content);
  });

  it('the client ends when the command is interrupted, at any time', async () => {
    const stations = ['storeId', 'prepareStoreCopy', 'storeFile', 'indexSnapshot', 'transactions'] as const;
    for (const station of stations) {
      for (const stallAfter of [0, 20]) {
        const member = await startMember();
        const controller = new AbortController();
        member.fault = (request) => {
          if (request.kind !== station) return undefined;
          setImmediate(() => controller.abort());
          return { stallAfter };
        };
        expect((await failure(copy(sourceFor(member), new CopyRecorder(), controller.signal))).code).toBe('cancelled');
        while (member.sockets.size > 0) await sleep(1);
      }
    }
    const pausing = new AbortController();
    const retry = { maxTimeMs: 60_000, maxWaitMs: 60_000 };
    const source = sourceFor(await startMember(), { retry, onRetry: () => setImmediate(() => pausing.abort()) });
    members.at(-1)!.fault = ({ kind }) => (kind === 'storeFile' ? { status: 'E_UNKNOWN' } : undefined);
    expect((await failure(copy(source, new CopyRecorder(), pausing.signal))).code).toBe('cancelled');
  });

  it('the client reports that nobody listens', async () => {
    const member = await startMember();
    const source = sourceFor(member);
    await member.stop();
    members.pop();
    expect([(await failure(copy(source))).code, source.isRightProtocol]).toEqual(['peer.unreachable', false]);
  });
});

class CatchupWorld implements SourceWorld {
  readonly goesOn = true;
  readonly absence = 'peer.unreachable';
  readonly files: ReadonlyMap<string, Buffer>;
  private readonly member: CatchupMember;

  constructor(member: CatchupMember) {
    this.member = member;
    this.files = new Map(Object.entries(copyOf(member.content).files));
  }

  get newest(): number {
    return this.member.newest;
  }
  set newest(id: number) {
    this.member.newest = id;
  }

  get prunedTo(): number {
    return this.member.prunedTo;
  }
  set prunedTo(id: number) {
    this.member.prunedTo = id;
  }

  openSource({ silenceMs = 20_000 } = {}): CatchupSource {
    return sourceFor(this.member, { inactivityTimeoutMs: silenceMs });
  }

  /** The answers after the store id, concatenated, are the answer as a whole. */
  spoil(request: 'full' | 'transactions', trouble: Trouble, part: number): Promise<void> {
    const { member } = this;
    const answers = request === 'full' ? 2 + member.content.listed.length : 1;
    const place = Math.min(part, 0.999) * answers;
    let seen = 0;
    return new Promise((resolve) => {
      member.fault = ({ kind }) => {
        if (kind === 'storeId' || seen++ !== Math.floor(place)) return undefined;
        resolve();
        const replace = (answer: Buffer) => answer.subarray(0, Math.floor((place % 1) * answer.length));
        const all = Number.MAX_SAFE_INTEGER;
        return trouble === 'breaks off' ? { replace, cutAfter: all } : { replace, stallAfter: all };
      };
    });
  }

  countOpen(): number {
    return this.member.sockets.size;
  }

  vanish(): Promise<void> {
    return this.member.stop();
  }

  stop(): Promise<void> {
    return this.member.stop();
  }
}

describeBackupSource('CatchupSource', async (history) => {
  const member = await CatchupMember.start(memberOf(history));
  member.newest = history.checkPoint;
  return new CatchupWorld(member);
});
