import { Worker } from 'node:worker_threads';
import { cancelledError, throwIfCancelled } from '../../base/cancellation.ts';
import { GraphkeepError } from '../../base/errors.ts';
import { unpackError } from '../../base/packed-errors.ts';
import { locateWorkerFile } from '../../base/worker-file.ts';
import type { ReportFinding } from '../findings/finding.ts';
import type { PartOptions } from '../parts/part-run.ts';
import { FindingGate } from './finding-gate.ts';
import type { WorkerMessage, WorkerOrder, WorkerSetup } from './part-messages.ts';
import { PartStream } from './part-stream.ts';

export interface WorkersOptions extends Omit<PartOptions, 'progress'> {
  directory: string;
  /** Number of threads; limited to the number of parts. */
  workers: number;
  /** Parts to run, by their index among all parts. */
  order: readonly number[];
  /** Progress of the part with this index, in bytes since the last call; undefined = finished. */
  progress(part: number, phase: string, bytes: number | undefined): void;
}

/** News about a part, and the gate of the worker that waits for it to be processed, if any. */
type PartNews = { message: Exclude<WorkerMessage, { kind: 'progress' }>; gate?: FindingGate };

/**
 * Runs parts of a check in worker threads. Findings, and the first error, are reported in the order of the parts, as if they ran one by
 * one. All threads have ended when this resolves or rejects.
 */
export async function runInWorkers(options: WorkersOptions): Promise<void> {
  const { signal, order, report } = options;
  const file = locateWorkerFile('check-worker');
  throwIfCancelled(signal);
  const pool = new WorkerPool(options, file);
  const onAbort = () => pool.cancel(cancelledError(signal!));
  signal?.addEventListener('abort', onAbort);
  try {
    for (const part of order) await drain(pool.streamOf(part), report);
  } finally {
    signal?.removeEventListener('abort', onAbort);
    await pool.end();
  }
}

async function drain(stream: PartStream<PartNews>, report: ReportFinding): Promise<void> {
  for (;;) {
    const { message, gate } = await stream.next();
    if (message.kind === 'done') return;
    if (message.kind === 'failed') throw unpackError(message.error);
    gate?.take();
    for (const finding of message.findings) report(finding);
  }
}

class WorkerPool {
  private readonly streams = new Map<number, PartStream<PartNews>>();
  private readonly threads: Thread[] = [];
  private left: number[];

  constructor(options: WorkersOptions, file: URL) {
    this.left = [...options.order];
    for (const part of options.order) this.streams.set(part, new PartStream());
    const count = Math.min(options.workers, options.order.length);
    for (let i = 0; i < count; i++) this.threads.push(new Thread(file, options, (thread) => this.giveWork(thread)));
    for (const thread of this.threads) this.giveWork(thread);
  }

  streamOf(part: number): PartStream<PartNews> {
    return this.streams.get(part)!;
  }

  cancel(error: GraphkeepError): void {
    this.left = [];
    for (const stream of this.streams.values()) stream.add({ message: { kind: 'failed', error } });
  }

  /** Resolves when all threads have ended, whatever they were doing. */
  async end(): Promise<void> {
    this.left = [];
    await Promise.all(this.threads.map((thread) => thread.end()));
  }

  private giveWork(thread: Thread): void {
    const part = this.left.shift();
    if (part !== undefined) thread.run(part, this.streamOf(part));
  }
}

class Thread {
  private readonly gate = new FindingGate();
  private part = -1;
  private stream: PartStream<PartNews> | undefined;
  private readonly worker: Worker;
  private readonly exited: Promise<void>;
  private readonly progress: WorkersOptions['progress'];
  private readonly onIdle: (thread: Thread) => void;

  constructor(file: URL, options: WorkersOptions, onIdle: (thread: Thread) => void) {
    const { directory, parts, budgetBytes, progress } = options;
    const setup: WorkerSetup = { directory, parts, budgetBytes, gate: this.gate.memory };
    this.progress = progress;
    this.onIdle = onIdle;
    this.worker = new Worker(file, { workerData: setup });
    this.worker.on('message', (message: WorkerMessage) => this.take(message));
    this.worker.on('error', (error) => this.fail(error));
    this.exited = new Promise((resolve) => {
      this.worker.once('exit', () => {
        this.fail(new GraphkeepError('internal', 'a thread of the check has ended too early'));
        resolve();
      });
    });
  }

  run(part: number, stream: PartStream<PartNews>): void {
    this.part = part;
    this.stream = stream;
    this.order({ run: part });
  }

  async end(): Promise<void> {
    this.gate.close();
    this.order({ run: 'nothing' });
    await this.exited;
  }

  private order(order: WorkerOrder): void {
    this.worker.postMessage(order);
  }

  private take(message: WorkerMessage): void {
    if (message.kind === 'progress') {
      this.progress(this.part, message.phase, message.bytes);
      return;
    }
    const { part, stream, gate } = this;
    stream!.add({ message, gate });
    if (message.kind === 'findings') return;
    this.stream = undefined;
    this.progress(part, '', undefined);
    this.onIdle(this);
  }

  /** The part that it was running, if any, has failed. */
  private fail(error: unknown): void {
    this.stream?.add({ message: { kind: 'failed', error } });
    this.stream = undefined;
  }
}
