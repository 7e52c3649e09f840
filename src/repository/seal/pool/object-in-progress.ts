import { FRAME_BYTES, MOST_PLAIN_BYTES } from '../frames/limits.ts';
import type { Buffers } from './buffers.ts';
import type { SealAnswer, SealOrder } from './seal-messages.ts';

/** An object as it is stored, in memory that is used again after `release`. */
export interface SealedObject {
  bytes: Uint8Array;
  /** SHA-256 of the bytes. */
  sha256: Uint8Array;
  /** SHA-256 of the frames in the clear. */
  framesSha256: Uint8Array;
  plainBytes: number;
  /** Call it once, when nobody needs the bytes any more: without it the pool stands still. */
  release(): void;
}

/** What an object needs of its pool. */
export interface ObjectHome {
  /** For the plain bytes on their way to the thread. */
  frames: Buffers;
  send(order: SealOrder): void;
  /** Where the thread puts the object. */
  output: SharedArrayBuffer;
  /** Takes that memory back. */
  release(): void;
}

/** One object that is being written. It takes one call at a time. */
export class ObjectInProgress {
  private readonly id: number;
  private readonly home: ObjectHome;
  /** The frame that is being filled. */
  private frame: SharedArrayBuffer | undefined;
  private frameBytes = 0;
  private plainBytes = 0;
  private isEnded = false;
  private hasFailed = false;
  private readonly sealed: Promise<SealedObject>;
  private settle!: { resolve(object: SealedObject): void; reject(error: unknown): void };

  constructor(id: number, home: ObjectHome) {
    this.id = id;
    this.home = home;
    this.sealed = new Promise((resolve, reject) => {
      this.settle = { resolve, reject };
    });
    // The error comes from the call that is made next.
    this.sealed.catch(() => {});
  }

  /** Room that is left, in plain bytes. */
  get roomBytes(): number {
    return MOST_PLAIN_BYTES - this.plainBytes;
  }

  /**
   * Adds plain bytes, which are copied. Waits while all frames of the pool are being sealed.
   * @throws RangeError if the object would have more than 16 MiB; `cancelled`, or why the pool has failed
   */
  async write(bytes: Uint8Array): Promise<void> {
    if (this.isEnded) throw new Error('the object has ended');
    if (bytes.length > this.roomBytes) throw new RangeError(`an object has room for ${this.roomBytes} bytes more`);
    this.plainBytes += bytes.length;
    for (let at = 0; at < bytes.length; ) {
      this.frame ??= await this.home.frames.take();
      const count = Math.min(bytes.length - at, FRAME_BYTES - this.frameBytes);
      new Uint8Array(this.frame).set(bytes.subarray(at, at + count), this.frameBytes);
      this.frameBytes += count;
      at += count;
      if (this.frameBytes === FRAME_BYTES) this.sendFrame();
    }
  }

  /** Completes the object. @throws `cancelled`, or why the pool has failed */
  async seal(): Promise<SealedObject> {
    this.end();
    if (this.frame !== undefined) this.sendFrame();
    this.home.send({ kind: 'seal', object: this.id });
    return await this.sealed;
  }

  /** Gives the object up. Its memory is used again. */
  abandon(): void {
    if (this.isEnded || this.hasFailed) return;
    this.end();
    if (this.frame !== undefined) this.home.frames.giveBack(this.frame);
    this.frame = undefined;
    this.home.send({ kind: 'abandon', object: this.id });
  }

  /** For the pool: what the thread has answered. */
  take(answer: SealAnswer): void {
    if (answer.kind === 'frame-done') {
      this.home.frames.giveBack(answer.content);
      return;
    }
    const { output, release: giveBack } = this.home;
    if (answer.kind === 'abandoned') {
      giveBack();
      return;
    }
    const { bytes, sha256, framesSha256 } = answer;
    let isReleased = false;
    const release = () => {
      if (isReleased) return;
      isReleased = true;
      giveBack();
    };
    const { plainBytes } = this;
    this.settle.resolve({ bytes: new Uint8Array(output, 0, bytes), sha256, framesSha256, plainBytes, release });
  }

  /** For the pool: nothing will be answered any more. */
  fail(error: unknown): void {
    this.hasFailed = true;
    this.settle.reject(error);
  }

  private sendFrame(): void {
    const content = this.frame!;
    this.home.send({ kind: 'frame', object: this.id, content, bytes: this.frameBytes });
    this.frame = undefined;
    this.frameBytes = 0;
  }

  private end(): void {
    if (this.isEnded) throw new Error('the object has ended');
    this.isEnded = true;
  }
}
