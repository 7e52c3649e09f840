import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { type FrameCodec, loadFrameCodec } from '../../../base/zstd/frame-codec.ts';
import { ObjectSealer } from '../sealer/object-sealer.ts';
import type { SealAnswer, SealOrder, SealWorkerSetup } from './seal-messages.ts';
import { followOrders } from './thread-orders.ts';

/** Entry point of a worker thread: seals the objects that it is given. A separate file in the built program. */

class SealWorker {
  private readonly port: MessagePort;
  private readonly setup: SealWorkerSetup;
  private readonly objects = new Map<number, ObjectSealer>();
  private codec: FrameCodec | undefined;

  constructor(port: MessagePort, setup: SealWorkerSetup) {
    this.port = port;
    this.setup = setup;
  }

  serve(): void {
    followOrders(this.port, (order: SealOrder) => this.follow(order));
  }

  private async follow(order: SealOrder): Promise<void> {
    if (order.kind === 'open') {
      this.codec ??= await loadFrameCodec();
      const { object, output, hasTable } = order;
      const sealer = await ObjectSealer.start(new Uint8Array(output), this.setup, hasTable, this.codec);
      this.objects.set(object, sealer);
      return;
    }
    const { object } = order;
    const sealer = this.objects.get(object)!;
    if (order.kind === 'frame') {
      const { content, bytes } = order;
      sealer.frame(new Uint8Array(content, 0, bytes));
      this.answer({ kind: 'frame-done', object, content });
      return;
    }
    this.objects.delete(object);
    if (order.kind === 'abandon') this.answer({ kind: 'abandoned', object });
    else this.answer({ kind: 'sealed', object, ...sealer.end() });
  }

  private answer(answer: SealAnswer): void {
    this.port.postMessage(answer);
  }
}

new SealWorker(parentPort!, workerData as SealWorkerSetup).serve();
