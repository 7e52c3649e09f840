import { truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { GraphkeepError } from '../../../src/base/errors.ts';
import type { BackupSource } from '../../../src/source/backup-source.ts';
import { relateStores } from '../../../src/store/files/store-id.ts';
import { makeTemporaryDirectory, removeDirectory } from '../corpus/unpack-corpus.ts';
import { type GeneratedHistory, generateHistory } from '../history/generated-history.ts';
import { campaign } from '../random/campaign-size.ts';
import { CopyRecorder, type ReceiverCall } from '../servers/copy-recorder.ts';

/** What goes wrong with the other side in the middle of an answer. */
export type Trouble = 'breaks off' | 'falls silent';

/** One database, served in one way, for {@link describeBackupSource}. */
export interface SourceWorld {
  /** The files of a full copy, by name. */
  readonly files: ReadonlyMap<string, Buffer>;
  /** The last committed transaction; initially that of the check point. */
  newest: number;
  /** The logs begin after this transaction. */
  prunedTo: number;
  /** `silenceMs`: the longest silence of the other side that the source tolerates. */
  openSource(options?: { silenceMs?: number }): BackupSource;
  /** Of a source with a peer: true if it continues by itself when the peer breaks off or falls silent once, after its first answer. */
  readonly goesOn?: boolean;
  /**
   * Of a source with a peer: makes the next answer to this request end, or stall, once, after this part of it (0 to 1) was sent.
   * @returns resolves when that answer begins
   */
  spoil?(request: 'full' | 'transactions', trouble: Trouble, part: number): Promise<void>;
  /** Number of connections, or whatever else the other side sees of the sources. */
  countOpen(): number;
  /** Makes the other side disappear. */
  vanish(): Promise<void>;
  /** The error code in that case. */
  readonly absence: string;
  stop(): Promise<void>;
}

const NEWEST = 15;
const LARGE = 9;
const never = new AbortController().signal;

const receiverCalls: ReceiverCall[] = ['openFile', 'bytes', 'end', 'transactionBytes'];

/**
 * The tests that every {@link BackupSource} must pass, whatever the way to the database. `makeWorld` serves the given history: up to its
 * check point at first, with more transactions as the test commits them. `hasPeer`: false for a source that reads files, where nobody can
 * break off or fall silent.
 */
export function describeBackupSource(
  name: string,
  makeWorld: (history: GeneratedHistory) => Promise<SourceWorld>,
  { hasPeer = true }: { hasPeer?: boolean } = {},
): void {
  describe(`${name}, as any source of backups`, () => {
    let scratch: string;
    let history: GeneratedHistory;
    let world: SourceWorld;

    beforeAll(async () => {
      scratch = await makeTemporaryDirectory();
      const options = { nodes: 300, transactions: NEWEST - 1, largeTransaction: LARGE };
      history = await generateHistory(join(scratch, 'source'), options);
      spreadFiles(history.folder);
    });
    afterAll(() => removeDirectory(scratch));
    beforeEach(async () => {
      world = await makeWorld(history);
    });
    afterEach(() => world.stop());

    function copy(source: BackupSource, recorder = new CopyRecorder(), signal = never) {
      return source.fullCopy(recorder, signal).finally(() => {
        recorder.isOver = true;
      });
    }

    function pull(source: BackupSource, after: number, recorder = new CopyRecorder(), signal = never) {
      return source.transactionsAfter(after, recorder, signal).finally(() => {
        recorder.isOver = true;
      });
    }

    function transactionsAfter(after: number): Buffer {
      const wanted = history.transactions.filter(({ id }) => id > after && id <= world.newest);
      return Buffer.concat(wanted.map(({ bytes }) => bytes));
    }

    function expectWhole(recorder: CopyRecorder): void {
      const { contents } = recorder;
      expect(Object.keys(contents).sort()).toEqual([...world.files.keys()].sort());
      for (const [file, bytes] of world.files) expect(contents[file]!.equals(bytes), file).toBe(true);
      expect(recorder.transactions.equals(transactionsAfter(history.checkPoint))).toBe(true);
    }

    async function expectNothingOpen(): Promise<void> {
      const until = performance.now() + 20_000;
      while (world.countOpen() > 0 && performance.now() < until) await sleep(1);
      expect(world.countOpen()).toBe(0);
    }

    /** After a failed call, the source can be called again, and nothing is open. */
    async function expectUsable(source: BackupSource): Promise<void> {
      const recorder = new CopyRecorder();
      await copy(source, recorder);
      expectWhole(recorder);
      await expectNothingOpen();
    }

    describe('a full copy', () => {
      it('a full copy equals what is served, for a receiver that takes whole files where it can', async () => {
        world.newest = NEWEST;
        const recorder = new CopyRecorder();
        recorder.takesClones = true;
        await copy(world.openSource(), recorder);
        expectWhole(recorder);
      });

      it.each([
        ['fast', false],
        ['slow', true],
      ])('a full copy equals what is served, for a %s receiver, again and again', async (_speed, slow) => {
        const source = world.openSource();
        for (const newest of [history.checkPoint, LARGE - 1, NEWEST]) {
          world.newest = newest;
          const recorder = new CopyRecorder(slow);
          const { storeId } = await copy(source, recorder);
          expect(relateStores(storeId, history.storeId)).toBe('same');
          expectWhole(recorder);
          await expectNothingOpen();
        }
        expect(source.isRightProtocol).toBe(true);
      });

      it('a full copy includes empty files and files with holes', async () => {
        const sizes = [...world.files.values()].map((bytes) => bytes.length);
        expect(sizes).toContain(0);
        expect(Math.max(...sizes)).toBeGreaterThan(HOLE_BYTES);
        const recorder = new CopyRecorder(true);
        await copy(world.openSource(), recorder);
        expectWhole(recorder);
      });

      it('a full copy can be made by several sources at the same time', async () => {
        world.newest = NEWEST;
        const recorders = [1, 2, 3].map((n) => new CopyRecorder(n === 2));
        await Promise.all(recorders.map((recorder) => copy(world.openSource(), recorder)));
        for (const recorder of recorders) expectWhole(recorder);
        await expectNothingOpen();
      });
    });

    describe('transactions', () => {
      it('transactions follow any given one; there are none if nothing is new or the database is behind', async () => {
        const source = world.openSource();
        for (const newest of [LARGE - 1, NEWEST]) {
          world.newest = newest;
          for (const after of [1, LARGE - 2, LARGE - 1, NEWEST - 1, NEWEST, NEWEST + 7]) {
            const recorder = new CopyRecorder(after % 2 === 0);
            const { storeId } = await pull(source, after, recorder);
            expect(relateStores(storeId, history.storeId)).toBe('same');
            expect(recorder.transactions.equals(transactionsAfter(after)), `after ${after}`).toBe(true);
            expect([recorder.storeIds, recorder.ended]).toEqual([1, []]);
            expect([undefined, after + 1]).toContain(recorder.transactionsAskedFrom);
          }
        }
        await expectNothingOpen();
      });

      it('transactions that no log holds any more cannot be had, those after them can', async () => {
        world.newest = NEWEST;
        world.prunedTo = LARGE;
        const source = world.openSource();
        for (const after of [1, LARGE - 1]) {
          const recorder = new CopyRecorder();
          const error = await failureOf(pull(source, after, recorder));
          expect([error.code, error.place]).toEqual(['peer.history-pruned', expect.objectContaining(source.place)]);
          expect(recorder.transactions.length).toBe(0);
          await expectNothingOpen();
        }
        const recorder = new CopyRecorder();
        await pull(source, LARGE, recorder);
        expect(recorder.transactions.equals(transactionsAfter(LARGE))).toBe(true);
      });

      it('transactions are not received from a store that the receiver refuses', async () => {
        world.newest = NEWEST;
        const source = world.openSource();
        const refusal = new GraphkeepError('peer.other-store', 'another store');
        const recorder = new CopyRecorder();
        recorder.onCall = (kind) => {
          if (kind === 'storeId') throw refusal;
        };
        expect(await failureOf(pull(source, 1, recorder))).toBe(refusal);
        expect([recorder.calls, recorder.transactionsAskedFrom]).toEqual([1, undefined]);
        await expectUsable(source);
      });

      it.each([0, -1, 1.5, 2 ** 53])('transactions after transaction %d are not requested', async (after) => {
        expect((await failureOf(pull(world.openSource(), after))).code).toBe('internal');
        await expectNothingOpen();
      });
    });

    describe('a receiver', () => {
      it.each(receiverCalls)(
        'a receiver that fails in %s ends the copy with its error, and is not called any more',
        async (kind) => {
          world.newest = NEWEST;
          const source = world.openSource();
          const failures = [1, 2, 5].flatMap((at) => [false, true].map((late) => ({ at, late })));
          for (const { at, late } of campaign.sample(failures)) {
            const full = new GraphkeepError('file.io', 'disk full');
            const recorder = new CopyRecorder(at === 2);
            let calls = 0;
            recorder.onCall = (called) => {
              if (called !== kind || ++calls !== Math.min(at, kind === 'transactionBytes' ? 1 : at)) return undefined;
              if (!late) throw full;
              return sleep(3).then(() => Promise.reject(full));
            };
            expect(await failureOf(copy(source, recorder))).toBe(full);
          }
          await expectUsable(source);
        },
      );

      it.each(receiverCalls)('a receiver that waits in %s is waited for', async (kind) => {
        world.newest = NEWEST;
        const recorder = new CopyRecorder();
        let release: () => void = () => undefined;
        const held = new Promise<string>((resolve) => {
          recorder.onCall = (called, file) => {
            if (called !== kind) return undefined;
            recorder.onCall = () => undefined;
            return new Promise<void>((go) => {
              release = go;
              resolve(file);
            });
          };
        });
        let isOver = false;
        const copied = copy(world.openSource(), recorder).finally(() => {
          isOver = true;
        });
        await held;
        // Other files may still fill their buffers, or end; but nothing continues without end.
        for (let calls = -1, looks = 0; calls !== recorder.calls; looks++) {
          expect(looks).toBeLessThan(100);
          calls = recorder.calls;
          await sleep(50);
        }
        expect(isOver).toBe(false);
        release();
        await copied;
        expectWhole(recorder);
      });
    });

    describe('an interruption', () => {
      it('an interruption before the call leaves everything as it was', async () => {
        const source = world.openSource();
        for (const call of [copy, (...[s, r, signal]: Parameters<typeof copy>) => pull(s, 1, r, signal)]) {
          const recorder = new CopyRecorder();
          expect((await failureOf(call(source, recorder, AbortSignal.abort()))).code).toBe('cancelled');
          expect(recorder.calls).toBe(0);
        }
        await expectUsable(source);
      });

      it('an interruption at any call ends the copy, when the receiver is done with it', async () => {
        world.newest = NEWEST;
        const source = world.openSource();
        const whole = new CopyRecorder();
        await copy(source, whole);
        for (const at of spread(whole.calls, campaign.size(12, 3))) {
          const interruption = new AbortController();
          const reason = new Error('SIGINT');
          const recorder = new CopyRecorder();
          let isWriting = false;
          recorder.onCall = async () => {
            if (recorder.calls !== at) return;
            interruption.abort(reason);
            isWriting = true;
            await sleep(3);
            isWriting = false;
          };
          const error = await failureOf(copy(source, recorder, interruption.signal));
          expect([at, error.code, error.cause, isWriting]).toEqual([at, 'cancelled', reason, false]);
        }
        await expectUsable(source);
      });

      if (hasPeer) {
        it('an interruption while the other side is silent ends the call at once', async () => {
          world.newest = NEWEST;
          const source = world.openSource();
          for (const part of campaign.sample([0, 0.3, 0.6, 0.95])) {
            for (const request of ['full', 'transactions'] as const) {
              const interruption = new AbortController();
              const struck = world.spoil!(request, 'falls silent', part);
              const recorder = new CopyRecorder();
              const called =
                request === 'full'
                  ? copy(source, recorder, interruption.signal)
                  : pull(source, 1, recorder, interruption.signal);
              void struck.then(() => sleep(10)).then(() => interruption.abort());
              expect([part, request, (await failureOf(called)).code]).toEqual([part, request, 'cancelled']);
              await expectNothingOpen();
            }
          }
          await expectUsable(source);
        });
      }
    });

    describe('the other side', () => {
      if (hasPeer) {
        it.each<[Trouble, 'full' | 'transactions']>([
          ['breaks off', 'full'],
          ['breaks off', 'transactions'],
          ['falls silent', 'full'],
          ['falls silent', 'transactions'],
        ])(
          'a peer that %s in the middle of an answer (%s) costs the call or nothing, never a byte',
          async (trouble, request) => {
            world.newest = NEWEST;
            const patient = world.openSource();
            const source = trouble === 'breaks off' ? patient : world.openSource({ silenceMs: 300 });
            for (const part of campaign.sample([0.02, 0.25, 0.5, 0.75, 0.98])) {
              const struck = world.spoil!(request, trouble, part);
              const recorder = new CopyRecorder(part === 0.5);
              const called = request === 'full' ? copy(source, recorder) : pull(source, 1, recorder);
              if (world.goesOn) {
                await called;
                if (request === 'full') expectWhole(recorder);
                else expect(recorder.transactions.equals(transactionsAfter(1)), `part ${part}`).toBe(true);
              } else {
                const error = await failureOf(called);
                const code = trouble === 'breaks off' ? 'peer.closed' : 'peer.timeout';
                expect([part, error.code, error.place]).toEqual([part, code, expect.objectContaining(source.place)]);
              }
              await struck;
              await expectNothingOpen();
            }
            await expectUsable(patient);
          },
        );
      }

      it('a missing peer is reported, with its place', async () => {
        const source = world.openSource();
        await world.vanish();
        for (const call of [copy, (s: BackupSource, r: CopyRecorder) => pull(s, 1, r)]) {
          const recorder = new CopyRecorder();
          const error = await failureOf(call(source, recorder));
          expect([error.code, error.place, recorder.calls]).toEqual([
            world.absence,
            expect.objectContaining(source.place),
            0,
          ]);
        }
      });
    });

    describe('calls', () => {
      it('calls are made one at a time', async () => {
        const source = world.openSource();
        const first = new CopyRecorder();
        const copied = copy(source, first);
        const second = new CopyRecorder();
        expect((await failureOf(pull(source, 1, second))).code).toBe('internal');
        await copied;
        expectWhole(first);
        expect(second.calls).toBe(0);
      });

      it('calls end with the source, which may be closed twice', async () => {
        world.newest = NEWEST;
        const unused = world.openSource();
        await unused.close();
        await unused.close();
        expect((await failureOf(copy(unused))).code).toBe('internal');
        const source = world.openSource();
        const recorder = new CopyRecorder();
        const begun = new Promise<void>((resolve) => {
          recorder.onCall = () => resolve();
        });
        const failed = failureOf(copy(source, recorder));
        await begun;
        await Promise.all([source.close(), source.close()]);
        expect(recorder.isOver).toBe(true);
        expect((await failed).code).toBe('cancelled');
        await expectNothingOpen();
      });
    });
  });
}

/** More than any source keeps in its buffers. */
const HOLE_BYTES = 3 * 1024 * 1024;

/** Adds an empty file, one with a hole, and files that no source may deliver. */
function spreadFiles(folder: string): void {
  writeFileSync(join(folder, 'neostore.propertystore.db.arrays'), '');
  truncateSync(join(folder, 'neostore.relationshipstore.db'), HOLE_BYTES + 8192);
  for (const name of ['store_lock', 'neostore.nodestore.db.id', '.hidden', 'debug.log']) {
    writeFileSync(join(folder, name), 'x');
  }
}

async function failureOf(called: Promise<unknown>): Promise<GraphkeepError> {
  const error: unknown = await called.then(
    () => new Error('no failure'),
    (caught: unknown) => caught,
  );
  if (!(error instanceof GraphkeepError)) throw error;
  return error;
}

/** About `count` numbers from 1 to `total`, inclusive. */
function spread(total: number, count: number): number[] {
  return [...new Set(Array.from({ length: count }, (_, i) => 1 + Math.round((i * (total - 1)) / (count - 1))))];
}
