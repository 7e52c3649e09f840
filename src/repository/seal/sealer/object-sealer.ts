import { createHash, type Hash } from 'node:crypto';
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

/** Size and digests of a sealed object. */
export interface SealedSize {
  bytes: number;
  /** SHA-256 of the object. */
  sha256: Uint8Array;
  /** SHA-256 of its frames in the clear: the same for the same content, while encryption makes each object another one. */
  framesSha256: Uint8Array;
}

/** Seals one object into given memory. */
export class ObjectSealer {
  private readonly output: Uint8Array;
  private written = 0;
  private frames!: FrameWriter;
  private payload: PayloadWriter | undefined;
  /** Of the frames, if they are encrypted. */
  private framesHash: Hash | undefined;

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
    let write = append;
    if (recipients !== 'none') {
      const payload = await startEncryption(recipients, append);
      const hash = createHash('sha256');
      write = (bytes) => {
        hash.update(bytes);
        payload.add(bytes);
      };
      sealer.payload = payload;
      sealer.framesHash = hash;
    }
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
    const sha256 = new Uint8Array(createHash('sha256').update(this.output.subarray(0, this.written)).digest());
    const framesSha256 = this.framesHash === undefined ? sha256 : new Uint8Array(this.framesHash.digest());
    return { bytes: this.written, sha256, framesSha256 };
  }

  private append(bytes: Uint8Array): void {
    this.output.set(bytes, this.written);
    this.written += bytes.length;
  }
}
