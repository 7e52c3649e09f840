/**
 * Finds the ends of the frames in a zstd stream (RFC 8878). Decoders need them: Node's silently drops every frame after the first one of a
 * chunk, and accepts a stream that ends inside a frame as complete.
 *
 * | frame          | fields                                                                                            |
 * |----------------|---------------------------------------------------------------------------------------------------|
 * | zstd           | u32 magic, u8 descriptor, [u8 window], [dictionary id], [content size], blocks, [u32 checksum]    |
 * | block          | u24: bit 0 last, bits 1-2 type (0 raw, 1 one byte repeated, 2 compressed), rest size; content     |
 * | skippable      | u32 magic 184D2A50 to 184D2A5F, u32 size, content                                                 |
 *
 * All little-endian.
 */
const MAGIC = 0xfd2fb528;
const SKIPPABLE_MAGIC = 0x184d2a50;
const BLOCK_HEAD_BYTES = 3;
const CHECKSUM_BYTES = 4;
const DICTIONARY_ID_BYTES = [0, 1, 2, 4];
const BLOCK_REPEATED = 1;
const BLOCK_RESERVED = 3;
const MAX_FRAME_HEAD_BYTES = 18;

/** Largest window that is decoded, the limit of other zstd tools too; a frame could claim terabytes. A real server uses 2 MiB. */
const MAX_WINDOW_BYTES = 128 * 1024 * 1024;

export class ZstdError extends Error {}

/** The part of a chunk that belongs to the current frame. */
export interface FrameStretch {
  /** Offset after its last byte. */
  end: number;
  isFrameEnd: boolean;
}

type Part = 'head' | 'block head' | 'block' | 'checksum' | 'skippable';

export class ZstdFrameScanner {
  private part: Part = 'head';
  /** The collected bytes of a frame or block header. */
  private readonly collected = Buffer.alloc(MAX_FRAME_HEAD_BYTES);
  private collectedBytes = 0;
  /** Bytes left of a part that is only counted. */
  private leftBytes = 0;
  private isLastBlock = false;
  private hasChecksum = false;
  private declaredBytes: number | undefined;
  private skippableMagic: number | undefined;

  /** True if the current frame, or the one that has just ended, has a content checksum in its last four bytes. */
  get isChecked(): boolean {
    return this.hasChecksum;
  }

  /** Content size that the header of the current frame, or of the one that has just ended, declares; undefined if it declares none. */
  get contentBytes(): number | undefined {
    return this.declaredBytes;
  }

  /** Magic number of the current frame, or of the one that has just ended, if it is skippable. */
  get skippable(): number | undefined {
    return this.skippableMagic;
  }

  /** Continues from `start` to the end of the frame or of the chunk, whichever comes first. */
  advance(chunk: Uint8Array, start: number): FrameStretch {
    let at = start;
    while (at < chunk.length) {
      if (this.part === 'head' || this.part === 'block head') {
        this.collected[this.collectedBytes++] = chunk[at++]!;
        if (this.part === 'head') this.readHead();
        else if (this.collectedBytes === BLOCK_HEAD_BYTES) this.readBlockHead();
      } else {
        const count = Math.min(this.leftBytes, chunk.length - at);
        this.leftBytes -= count;
        at += count;
      }
      if (this.part !== 'head' && this.part !== 'block head' && this.leftBytes === 0 && this.leavePart()) {
        return { end: at, isFrameEnd: true };
      }
    }
    return { end: at, isFrameEnd: false };
  }

  private readHead(): void {
    const { collected, collectedBytes } = this;
    if (collectedBytes < 5) return;
    const magic = collected.readUInt32LE(0);
    if ((magic & 0xfffffff0) >>> 0 === SKIPPABLE_MAGIC) {
      if (collectedBytes < 8) return;
      this.skippableMagic = magic;
      this.declaredBytes = undefined;
      this.enter('skippable', collected.readUInt32LE(4));
      return;
    }
    if (magic !== MAGIC) throw new ZstdError('what follows is not a zstd frame');
    const descriptor = collected[4]!;
    const isSingleSegment = (descriptor & 0x20) !== 0;
    const sizeFlag = descriptor >>> 6;
    const contentSizeBytes = sizeFlag === 0 ? (isSingleSegment ? 1 : 0) : 1 << sizeFlag;
    const headBytes = 5 + (isSingleSegment ? 0 : 1) + DICTIONARY_ID_BYTES[descriptor & 3]! + contentSizeBytes;
    if (collectedBytes < headBytes) return;
    const contentSize = collected.subarray(headBytes - contentSizeBytes, headBytes);
    const declaredBytes = contentSizeBytes === 0 ? undefined : readContentSize(contentSize);
    const windowBytes = isSingleSegment ? declaredBytes! : readWindow(collected[5]!);
    if (windowBytes > MAX_WINDOW_BYTES) throw new ZstdError(`a zstd frame asks for a window of ${windowBytes} bytes`);
    this.hasChecksum = (descriptor & 4) !== 0;
    this.declaredBytes = declaredBytes;
    this.skippableMagic = undefined;
    this.enter('block head', 0);
  }

  private readBlockHead(): void {
    const head = this.collected.readUIntLE(0, BLOCK_HEAD_BYTES);
    const type = (head >>> 1) & 3;
    if (type === BLOCK_RESERVED) throw new ZstdError('a block has no type that is known');
    this.isLastBlock = (head & 1) === 1;
    this.enter('block', type === BLOCK_REPEATED ? 1 : head >>> 3);
  }

  /** @returns true at the end of the frame */
  private leavePart(): boolean {
    if (this.part === 'block' && !this.isLastBlock) this.enter('block head', 0);
    else if (this.part === 'block' && this.hasChecksum) this.enter('checksum', CHECKSUM_BYTES);
    else {
      this.enter('head', 0);
      return true;
    }
    return false;
  }

  private enter(part: Part, leftBytes: number): void {
    this.part = part;
    this.leftBytes = leftBytes;
    this.collectedBytes = 0;
  }
}

function readWindow(byte: number): number {
  return 2 ** (10 + (byte >>> 3)) * (1 + (byte & 7) / 8);
}

function readContentSize(field: Buffer): number {
  if (field.length === 8) return Number(field.readBigUInt64LE(0));
  return field.readUIntLE(0, field.length) + (field.length === 2 ? 256 : 0);
}
