import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { packError } from '../../../base/packed-errors.ts';
import { type FrameCodec, loadFrameCodec } from '../../../base/zstd/frame-codec.ts';
import { ObjectSealer } from '../sealer/object-sealer.ts';
import type { SealAnswer, SealOrder, SealWorkerSetup } from './seal-messages.ts';

/** Entry point of a worker thread: seals the objects that it is given. A separate file in the built program. */

interface OpenObject {
  sealer: ObjectSealer;
  output: ArrayBuffer;
}

class SealWorker {
  private readonly port: MessagePort;
  private readonly setup: SealWorkerSetup;
  private readonly objects = new Map<number, OpenObject>();
  private codec: FrameCodec | undefined;

  constructor(port: MessagePort, setup: SealWorkerSetup) {
    this.port = port;
    this.setup = setup;
  }

  serve(): void {
    let done = Promise.resolve();
    this.port.on('message', (order: SealOrder) => {
      done = done.then(() => this.follow(order)).catch((error) => this.fail(error));
    });
  }

  private async follow(order: SealOrder): Promise<void> {
    if (order.kind === 'open') {
      this.codec ??= await loadFrameCodec();
      const { object, output, hasTable } = order;
      const sealer = await ObjectSealer.start(new Uint8Array(output), this.setup, hasTable, this.codec);
      this.objects.set(object, { sealer, output });
      return;
    }
    const { object } = order;
    const { sealer, output } = this.objects.get(object)!;
    if (order.kind === 'frame') {
      const { content, bytes } = order;
      sealer.frame(new Uint8Array(content, 0, bytes));
      this.answer({ kind: 'frame-done', object, content }, content);
      return;
    }
    this.objects.delete(object);
    if (order.kind === 'abandon') this.answer({ kind: 'abandoned', object, output }, output);
    else this.answer({ kind: 'sealed', object, output, ...sealer.end() }, output);
  }

  private answer(answer: SealAnswer, memory: ArrayBuffer): void {
    this.port.postMessage(answer, [memory]);
  }

  private fail(error: unknown): void {
    this.port.postMessage({ kind: 'failed', error: packError(error) } satisfies SealAnswer);
    this.port.close();
  }
}

new SealWorker(parentPort!, workerData as SealWorkerSetup).serve();
