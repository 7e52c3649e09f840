import { cancelledError, throwIfCancelled } from '../../../base/cancellation.ts';
import { GraphkeepError } from '../../../base/errors.ts';
import { locateWorkerFile } from '../../../base/worker-file.ts';
import { FRAME_BYTES, OBJECT_ROOM_BYTES } from '../frames/limits.ts';
import { checkRecipients } from '../keys/recipients.ts';
import type { Sealing } from '../sealer/object-sealer.ts';
import { Buffers } from './buffers.ts';
import { ObjectInProgress } from './object-in-progress.ts';
import { PoolThread } from './pool-thread.ts';
import type { SealAnswer, SealOrder } from './seal-messages.ts';
import { ThreadTeam } from './thread-team.ts';

export interface SealPoolOptions extends Sealing {
  /** Number of threads; 2 by default. Each takes some 45 MB. */
  workers?: number;
  /** The most objects in memory, from `open` to `release`; 4 by default. Each takes 16.2 MiB. */
  objects?: number;
  signal?: AbortSignal;
  /** Another file for the threads. */
  workerFile?: URL;
}

const WORKERS = 2;
const OBJECTS = 4;
/** Of each object, one frame is filled while another one is sealed. */
const FRAMES_PER_OBJECT = 2;

type SealThread = PoolThread<SealOrder, SealAnswer>;

interface Place {
  object: ObjectInProgress;
  thread: SealThread;
}

/**
 * Seals objects in worker threads: `open`, `write` as often as needed, `seal`, and `release` when the bytes are stored. Its memory is fixed
 * and used again: when all of it is in use, `open` waits for a `release`, and `write` for a thread. After a failure every call throws its
 * cause. Always `close` it.
 */
export class SealPool {
  private readonly outputs: Buffers;
  private readonly frames: Buffers;
  private readonly threads: ThreadTeam<SealOrder, SealAnswer>;
  private readonly places = new Map<number, Place>();
  private readonly signal: AbortSignal | undefined;
  private readonly onAbort: () => void;
  private failure: { error: unknown } | undefined;
  private opened = 0;

  /** @throws `repository.recipient-invalid`, `cancelled` */
  static async start(options: SealPoolOptions): Promise<SealPool> {
    throwIfCancelled(options.signal);
    if (options.recipients !== 'none') await checkRecipients(options.recipients);
    return new SealPool(options);
  }

  private constructor(options: SealPoolOptions) {
    const { recipients, level, workers = WORKERS, objects = OBJECTS, signal } = options;
    this.outputs = new Buffers(objects, OBJECT_ROOM_BYTES);
    this.frames = new Buffers(objects * FRAMES_PER_OBJECT, FRAME_BYTES);
    this.signal = signal;
    this.onAbort = () => this.fail(cancelledError(signal!));
    signal?.addEventListener('abort', this.onAbort);
    const events = {
      onAnswer: (answer: SealAnswer) => this.take(answer),
      onFailure: (error: GraphkeepError) => this.fail(error),
    };
    const file = options.workerFile ?? locateWorkerFile('seal-worker');
    const setup = { recipients, level };
    this.threads = new ThreadTeam(workers, () => new PoolThread({ file, setup, work: 'seals' }, events));
  }

  /**
   * Begins an object, as soon as there is memory for it.
   * @param hasTable true if ranges of it will be read
   * @throws `cancelled`, or why the pool has failed
   */
  async open({ hasTable }: { hasTable: boolean }): Promise<ObjectInProgress> {
    const output = await this.outputs.take();
    if (this.failure !== undefined) throw this.failure.error;
    const id = this.opened++;
    const thread = this.threads.idlest;
    thread.load++;
    const object = new ObjectInProgress(id, {
      frames: this.frames,
      send: (order) => this.send(thread, order),
      output,
      release: () => this.outputs.giveBack(output),
    });
    this.places.set(id, { object, thread });
    this.send(thread, { kind: 'open', object: id, output, hasTable });
    return object;
  }

  /** Ends all threads and lets all memory go. Calls that still wait throw. */
  async close(): Promise<void> {
    this.signal?.removeEventListener('abort', this.onAbort);
    this.fail(new GraphkeepError('cancelled', 'sealing has ended'));
    await this.threads.end();
  }

  private send(thread: SealThread, order: SealOrder): void {
    if (this.failure !== undefined) throw this.failure.error;
    thread.send(order);
  }

  private take(answer: SealAnswer): void {
    const place = this.places.get(answer.object);
    if (place === undefined) return;
    if (answer.kind !== 'frame-done') {
      place.thread.load--;
      this.places.delete(answer.object);
    }
    place.object.take(answer);
  }

  private fail(error: unknown): void {
    if (this.failure !== undefined) return;
    this.failure = { error };
    this.outputs.fail(error);
    this.frames.fail(error);
    for (const { object } of this.places.values()) object.fail(error);
    this.places.clear();
  }
}
