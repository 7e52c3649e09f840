import { GraphkeepError } from '../../../base/errors.ts';
import { damaged } from './back-references.ts';
import { MAX_DECOMPRESSED_BYTES } from './compression-limits.ts';

/** A compressed stream made of blocks. Its errors need not name a place. */
export interface BlockFormat {
  headBytes: number;
  /** Bytes after the head, checked against a limit. */
  bodySize(head: Buffer): number;
  /** The data of a block; empty if it has none. */
  decode(head: Buffer, body: Buffer): Buffer;
}

const nothing = Buffer.alloc(0);

/** Decodes the blocks of a stream that arrives cut anywhere. */
export class BlockStreamDecoder {
  private readonly format: BlockFormat;
  private readonly peer: string;
  /** Offset of the current block in the stream. */
  private offset: number;
  private readonly head: Buffer;
  private body: Buffer | undefined;
  private filled = 0;

  /** `offset`: bytes of the connection before this stream, for the places in errors. */
  constructor(format: BlockFormat, peer: string, offset: number) {
    this.format = format;
    this.peer = peer;
    this.offset = offset;
    this.head = Buffer.alloc(format.headBytes);
  }

  /** The data of all blocks that these bytes complete. */
  decode(bytes: Buffer): Buffer {
    const plain: Buffer[] = [];
    let size = 0;
    try {
      for (let at = 0; at < bytes.length; ) {
        const part = this.body ?? this.head;
        const count = bytes.copy(part, this.filled, at);
        this.filled += count;
        at += count;
        if (this.filled < part.length) break;
        const data = this.endPart();
        size += data.length;
        if (size > MAX_DECOMPRESSED_BYTES) throw damaged('compressed requests are far too long', `${size} bytes`);
        plain.push(data);
      }
    } catch (error) {
      throw this.placed(error);
    }
    return Buffer.concat(plain);
  }

  /** Called when the head or the body of a block is complete. */
  private endPart(): Buffer {
    this.filled = 0;
    let { body } = this;
    if (body === undefined) {
      body = Buffer.alloc(this.format.bodySize(this.head));
      this.body = body;
      if (body.length > 0) return nothing;
    }
    const data = this.format.decode(this.head, body);
    this.offset += this.head.length + body.length;
    this.body = undefined;
    return data;
  }

  private placed(error: unknown): unknown {
    if (!(error instanceof GraphkeepError)) return error;
    const place = { peer: this.peer, offset: this.offset };
    const observed = error.observed ?? 'no value';
    return new GraphkeepError(error.code, error.message, { place, observed, hint: error.hint });
  }
}
