import type { FrameCodec } from '../../../base/zstd/frame-codec.ts';
import { FRAME_BYTES } from './limits.ts';
import { encodeSeekTable, type FrameSizes } from './seek-table.ts';

export interface FrameWriterOptions {
  codec: FrameCodec;
  /** Level of zstd. */
  level: number;
  /** True to write a seek table behind the frames. Without one, the object is only read from its beginning. */
  hasTable: boolean;
  /** Takes what is written, in order; it must not keep the bytes. */
  write(bytes: Uint8Array): void;
}

/** Encodes plain bytes as zstd frames (spec repository-objects 2). Give all frames but the last one 1 MiB. */
export class FrameWriter {
  private readonly options: FrameWriterOptions;
  private readonly frames: FrameSizes[] = [];

  constructor(options: FrameWriterOptions) {
    this.options = options;
  }

  frame(content: Uint8Array): void {
    if (content.length > FRAME_BYTES) throw new RangeError(`a frame of ${content.length} bytes`);
    const { codec, level, write } = this.options;
    const encoded = codec.encode(content, level);
    this.frames.push({ encodedBytes: encoded.length, contentBytes: content.length });
    write(encoded);
    codec.free(encoded);
  }

  end(): void {
    // No program reads a zstd file without any frame.
    if (this.frames.length === 0) this.frame(new Uint8Array(0));
    if (this.options.hasTable) this.options.write(encodeSeekTable(this.frames));
  }
}
