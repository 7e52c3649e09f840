import { GraphkeepError } from '../../../base/errors.ts';
import { unpackError } from '../../../base/packed-errors.ts';
import { locateWorkerFile } from '../../../base/worker-file.ts';
import { MOST_HEADER_BYTES, openHeader } from '../age/file-header.ts';
import { FRAME_BYTES, MOST_OBJECT_BYTES } from '../frames/limits.ts';
import { Buffers } from '../pool/buffers.ts';
import { PoolThread } from '../pool/pool-thread.ts';
import { ThreadTeam } from '../pool/thread-team.ts';
import { demandIdentities, type Unsealing } from '../unseal/unsealing.ts';
import type { UnsealAnswer, UnsealOrder } from './unseal-messages.ts';

export interface UnsealPoolOptions {
  /** Number of threads; 2 by default. */
  workers?: number;
  /** The most objects that are fetched or unsealed at the same time; 2 by default. Each takes 36 MB, half of it for its plain bytes. */
  objects?: number;
  /** Another file for the threads. */
  workerFile?: URL;
}

const WORKERS = 2;
const OBJECTS = 2;

/** How the stored bytes of an object come into memory. */
export interface StoredSource {
  /** Name in the repository. */
  readonly key: string;
  /** Puts the stored bytes there. Returns their number. */
  fetch(into: Buffer): Promise<number>;
  /** Throws if they are not those that were written. */
  verify(stored: Uint8Array): void;
}

interface Waiting {
  resolve(answer: UnsealAnswer): void;
  reject(error: unknown): void;
}

/**
 * Unseals objects in worker threads, several at a time, in memory that is fixed and used again. Identities stay in this thread, which opens
 * the headers. After a failure of a thread every call throws its cause. Always `close` it.
 */
export class UnsealPool {
  private readonly inputs: Buffers;
  private readonly outputs: Buffers;
  private readonly threads: ThreadTeam<UnsealOrder, UnsealAnswer>;
  private readonly waiting = new Map<number, Waiting>();
  private failure: { error: unknown } | undefined;
  private begun = 0;

  constructor({ workers = WORKERS, objects = OBJECTS, workerFile }: UnsealPoolOptions = {}) {
    this.inputs = new Buffers(objects, MOST_OBJECT_BYTES);
    this.outputs = new Buffers(objects, MOST_OBJECT_BYTES);
    const options = { file: workerFile ?? locateWorkerFile('unseal-worker'), work: 'unseals' };
    this.threads = new ThreadTeam(workers, () => {
      const thread: PoolThread<UnsealOrder, UnsealAnswer> = new PoolThread(options, {
        onAnswer: (answer: UnsealAnswer) => {
          thread.load--;
          this.waiting.get(answer.object)?.resolve(answer);
          this.waiting.delete(answer.object);
        },
        onFailure: (error) => this.fail(error),
      });
      return thread;
    });
  }

  /**
   * The plain bytes of an object, in pieces that are valid until the next one. All of it is unsealed when the first one comes; its memory
   * is used again after the last one, or when the caller stops.
   * @throws `repository.object-*`, `repository.key-*`, and what `source` throws
   */
  async *unseal(source: StoredSource, unsealing: Pick<Unsealing, 'identities'>): AsyncGenerator<Uint8Array> {
    const { output, bytes } = await this.unsealWhole(source, unsealing);
    try {
      for (let at = 0; at < bytes; at += FRAME_BYTES) {
        yield new Uint8Array(output, at, Math.min(FRAME_BYTES, bytes - at));
      }
    } finally {
      this.outputs.giveBack(output);
    }
  }

  /** Ends all threads and lets all memory go. Calls that still wait throw. */
  async close(): Promise<void> {
    this.fail(new GraphkeepError('cancelled', 'unsealing has ended'));
    await this.threads.end();
  }

  /** The plain bytes, in memory that the caller gives back. */
  private async unsealWhole(
    { key, fetch, verify }: StoredSource,
    unsealing: Pick<Unsealing, 'identities'>,
  ): Promise<{ output: SharedArrayBuffer; bytes: number }> {
    const identities = demandIdentities(unsealing, key);
    // Both in the order of the calls: who reads several objects one after the other keeps the memory of the later ones until the first has
    // come. If those could have all of it, the first one would wait for ever.
    const [inputTurn, outputTurn] = [this.inputs.take(), this.outputs.take()];
    let input: SharedArrayBuffer | undefined;
    try {
      input = await inputTurn;
      const to = await fetch(Buffer.from(input));
      const stored = new Uint8Array(input, 0, to);
      verify(stored);
      // A copy: not everything takes shared memory.
      const start = new Uint8Array(stored.subarray(0, MOST_HEADER_BYTES));
      const header = identities === 'none' ? undefined : await openHeader(start, identities, key);
      const output = await outputTurn;
      const from = header?.bytes.length ?? 0;
      const answer = await this.ask({ object: this.begun++, key, input, from, to, fileKey: header?.fileKey, output });
      if (answer.kind === 'refused') throw unpackError(answer.error);
      return { output, bytes: answer.bytes };
    } catch (error) {
      // Its turn may come only later.
      void outputTurn.then((output) => this.outputs.giveBack(output)).catch(() => {});
      throw error;
    } finally {
      if (input !== undefined) this.inputs.giveBack(input);
    }
  }

  /** If there is no answer, the pool has failed. */
  private ask(order: UnsealOrder): Promise<UnsealAnswer> {
    if (this.failure !== undefined) throw this.failure.error;
    const thread = this.threads.idlest;
    thread.load++;
    thread.send(order);
    return new Promise((resolve, reject) => this.waiting.set(order.object, { resolve, reject }));
  }

  private fail(error: unknown): void {
    if (this.failure !== undefined) return;
    this.failure = { error };
    this.inputs.fail(error);
    this.outputs.fail(error);
    for (const { reject } of this.waiting.values()) reject(error);
    this.waiting.clear();
  }
}
