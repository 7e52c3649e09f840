import { type MessagePort, parentPort } from 'node:worker_threads';
import { GraphkeepError } from '../../../base/errors.ts';
import { packError } from '../../../base/packed-errors.ts';
import { type FrameCodec, loadFrameCodec } from '../../../base/zstd/frame-codec.ts';
import { decryptInPlace } from '../age/decryption-in-place.ts';
import { decodeFrames } from '../frames/frame-reader.ts';
import { followOrders } from '../pool/thread-orders.ts';
import type { UnsealAnswer, UnsealOrder } from './unseal-messages.ts';

/** Entry point of a worker thread: unseals the objects that it is given. A separate file in the built program. */

class UnsealWorker {
  private readonly port: MessagePort;
  private codec: FrameCodec | undefined;

  constructor(port: MessagePort) {
    this.port = port;
  }

  serve(): void {
    followOrders(this.port, (order: UnsealOrder) => this.follow(order));
  }

  private async follow(order: UnsealOrder): Promise<void> {
    this.codec ??= await loadFrameCodec();
    const { object } = order;
    try {
      this.answer({ kind: 'unsealed', object, bytes: unseal(order, this.codec) });
    } catch (error) {
      if (!(error instanceof GraphkeepError)) throw error;
      this.answer({ kind: 'refused', object, error: packError(error) });
    }
  }

  private answer(answer: UnsealAnswer): void {
    this.port.postMessage(answer);
  }
}

/** @returns the number of plain bytes */
function unseal({ key, input, from, to, fileKey, output }: UnsealOrder, codec: FrameCodec): number {
  const stored = new Uint8Array(input, from, to - from);
  const frames = fileKey === undefined ? stored : decryptInPlace(stored, fileKey, key);
  const plain = new Uint8Array(output);
  let bytes = 0;
  for (const piece of decodeFrames(frames, key, codec)) {
    plain.set(piece, bytes);
    bytes += piece.length;
  }
  return bytes;
}

new UnsealWorker(parentPort!).serve();
