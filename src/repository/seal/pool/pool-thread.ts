import { Worker } from 'node:worker_threads';
import { GraphkeepError } from '../../../base/errors.ts';
import { unpackError } from '../../../base/packed-errors.ts';

/** From a worker that does nothing any more. */
export interface FailedAnswer {
  kind: 'failed';
  error: unknown;
}

export interface PoolThreadOptions {
  /** Its program. */
  file: URL;
  /** What it starts with. */
  setup?: unknown;
  /** What it does, for errors: `seals`. */
  work: string;
}

export interface PoolThreadEvents<Answer> {
  onAnswer(answer: Answer): void;
  /** It does nothing any more. */
  onFailure(error: GraphkeepError): void;
}

/** A worker thread that seals or unseals, seen from the main thread. */
export class PoolThread<Order, Answer extends { kind: string }> {
  /** Number of objects that are open in it. */
  load = 0;
  private readonly worker: Worker;

  constructor(options: PoolThreadOptions, { onAnswer, onFailure }: PoolThreadEvents<Answer>) {
    const { file, setup, work } = options;
    // What it needs beside its buffers is small: a thread that grows is to fail, not the machine. A small young generation is collected
    // often, and with it the memory that Node 20 cannot give back at once.
    const resourceLimits = { maxYoungGenerationSizeMb: 1, maxOldGenerationSizeMb: 64 };
    this.worker = new Worker(file, { workerData: setup, resourceLimits });
    this.worker.on('message', (answer: Answer | FailedAnswer) => {
      if (isFailed(answer)) onFailure(asInternal(unpackError(answer.error), work));
      else onAnswer(answer);
    });
    this.worker.on('error', (error) => onFailure(asInternal(error, work)));
    this.worker.once('exit', (code) => {
      onFailure(new GraphkeepError('internal', `a thread that ${work} has ended too early`, { observed: code }));
    });
  }

  send(order: Order): void {
    this.worker.postMessage(order);
  }

  /** Ends it, whatever it does. */
  async end(): Promise<void> {
    await this.worker.terminate();
  }
}

function isFailed(answer: { kind: string }): answer is FailedAnswer {
  return answer.kind === 'failed';
}

/** What ends a thread is no error of the user: memory that ran out, or a mistake. */
function asInternal(error: unknown, work: string): GraphkeepError {
  if (error instanceof GraphkeepError) return error;
  const observed = error instanceof Error ? error.message : String(error);
  return new GraphkeepError('internal', `a thread that ${work} has failed`, { observed, cause: error });
}
