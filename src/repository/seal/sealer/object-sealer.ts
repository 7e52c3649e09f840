import { createHash } from 'node:crypto';
import type { FrameCodec } from '../../../base/zstd/frame-codec.ts';
import { startEncryption } from '../age/encryption.ts';
import type { PayloadWriter } from '../age/payload-writer.ts';
import { FrameWriter } from '../frames/frame-writer.ts';

/** How the objects of a repository are written. */
export interface Sealing {
  /** `age1...`, checked; `none` to leave objects in the clear. */
  recipients: readonly string[] | 'none';
  /** Level of zstd. */
  level: number;
}

/** Size and SHA-256 of a sealed object. */
export interface SealedSize {
  bytes: number;
  sha256: Uint8Array;
}

/** Seals one object into given memory. */
export class ObjectSealer {
  private readonly output: Uint8Array;
  private written = 0;
  private frames!: FrameWriter;
  private payload: PayloadWriter | undefined;

  private constructor(output: Uint8Array) {
    this.output = output;
  }

  /**
   * @param output takes the object; it must have room for `OBJECT_ROOM_BYTES`
   * @param hasTable true to write a seek table
   */
  static async start(
    output: Uint8Array,
    sealing: Sealing,
    hasTable: boolean,
    codec: FrameCodec,
  ): Promise<ObjectSealer> {
    const sealer = new ObjectSealer(output);
    const { recipients, level } = sealing;
    const append = (bytes: Uint8Array) => sealer.append(bytes);
    if (recipients !== 'none') sealer.payload = await startEncryption(recipients, append);
    const { payload } = sealer;
    const write = payload === undefined ? append : (bytes: Uint8Array) => payload.add(bytes);
    sealer.frames = new FrameWriter({ codec, level, hasTable, write });
    return sealer;
  }

  /** Adds plain bytes: 1 MiB, at the end less. */
  frame(content: Uint8Array): void {
    this.frames.frame(content);
  }

  end(): SealedSize {
    this.frames.end();
    this.payload?.end();
    const sha256 = createHash('sha256').update(this.output.subarray(0, this.written)).digest();
    return { bytes: this.written, sha256: new Uint8Array(sha256) };
  }

  private append(bytes: Uint8Array): void {
    this.output.set(bytes, this.written);
    this.written += bytes.length;
  }
}
