import { Worker } from 'node:worker_threads';
import { GraphkeepError } from '../../../base/errors.ts';
import { unpackError } from '../../../base/packed-errors.ts';
import type { SealAnswer, SealOrder, SealWorkerSetup } from './seal-messages.ts';

export interface SealThreadEvents {
  onAnswer(answer: Exclude<SealAnswer, { kind: 'failed' }>): void;
  /** It seals nothing any more. */
  onFailure(error: unknown): void;
}

/** A worker thread that seals, seen from the main thread. */
export class SealThread {
  /** Number of objects that are open in it. */
  load = 0;
  private readonly worker: Worker;

  constructor(file: URL, setup: SealWorkerSetup, { onAnswer, onFailure }: SealThreadEvents) {
    // What it needs beside its buffers is small: a thread that grows is to fail, not the machine.
    const resourceLimits = { maxYoungGenerationSizeMb: 4, maxOldGenerationSizeMb: 64 };
    this.worker = new Worker(file, { workerData: setup, resourceLimits });
    this.worker.on('message', (answer: SealAnswer) => {
      if (answer.kind === 'failed') onFailure(unpackError(answer.error));
      else onAnswer(answer);
    });
    this.worker.on('error', onFailure);
    this.worker.once('exit', (code) => {
      onFailure(new GraphkeepError('internal', 'a thread that seals has ended too early', { observed: code }));
    });
  }

  send(order: SealOrder, memory: ArrayBuffer[] = []): void {
    this.worker.postMessage(order, memory);
  }

  /** Ends it, whatever it does. */
  async end(): Promise<void> {
    await this.worker.terminate();
  }
}
