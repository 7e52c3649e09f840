/**
 * Reads fields of a property block without decoding its value (spec record-stores 8). A value is 1-4 consecutive big-endian 64-bit blocks.
 * Bits of the first block (bit 0 = least significant) and their bytes:
 *
 *     bits  0-23  property key id                   bytes 5-7
 *     bits 24-27  type                              low nibble of byte 4
 *     bits 28-63  payload                           high nibble of byte 4, bytes 0-3
 */
export const BLOCK_BYTES = 8;
export const BLOCKS_PER_RECORD = 4;
export const PROPERTY_BLOCKS_BYTES = BLOCKS_PER_RECORD * BLOCK_BYTES;

export const blockTypes = {
  boolean: 1,
  byte: 2,
  short: 3,
  char: 4,
  int: 5,
  long: 6,
  float: 7,
  double: 8,
  string: 9,
  array: 10,
  shortString: 11,
  shortArray: 12,
  spatial: 13,
  temporal: 14,
} as const;

/** Key, type, encoding and length of a short string; its characters follow. */
export const SHORT_STRING_HEADER_BITS = 39;
/** Bits per character of the short string encodings 0-12; 0 = no such encoding. */
export const shortStringSteps: readonly number[] = [8, 4, 4, 5, 5, 5, 6, 6, 6, 7, 8, 4, 4];
/** Block counts of the temporal types 1-6, where they do not depend on the value. */
const temporalBlocks = [0, 0, 0, 2, 2, 3, 4];

export function readBlockType(blocks: Uint8Array, offset: number): number {
  return blocks[offset + 4]! & 0x0f;
}

/** Encoding of a short string block; valid ones are indexes of {@link shortStringSteps}. */
export function readShortStringEncoding(blocks: Uint8Array, offset: number): number {
  return (blocks[offset + 4]! >> 4) | ((blocks[offset + 3]! & 1) << 4);
}

/** Length of a short string block in characters (bytes for UTF-8). */
export function readShortStringLength(blocks: Uint8Array, offset: number): number {
  return (blocks[offset + 3]! >> 1) & 0x3f;
}

export function readBlockKey(blocks: Uint8Array, offset: number): number {
  return (blocks[offset + 5]! << 16) | (blocks[offset + 6]! << 8) | blocks[offset + 7]!;
}

/** The reference of a string or array block to its first dynamic record: 36 bits. */
export function readBlockReference(blocks: Uint8Array, offset: number): number {
  const top =
    ((blocks[offset]! << 24) | (blocks[offset + 1]! << 16) | (blocks[offset + 2]! << 8) | blocks[offset + 3]!) >>> 0;
  return top * 16 + (blocks[offset + 4]! >> 4);
}

/** Sets the reference of a string or array block, keeping key and type. */
export function writeBlockReference(blocks: Uint8Array, offset: number, reference: number): void {
  const top = Math.floor(reference / 16);
  blocks[offset] = top >>> 24;
  blocks[offset + 1] = top >>> 16;
  blocks[offset + 2] = top >>> 8;
  blocks[offset + 3] = top;
  blocks[offset + 4] = (blocks[offset + 4]! & 0x0f) | ((reference % 16) << 4);
}

/** Value of a boolean block. */
export function readBlockBoolean(blocks: Uint8Array, offset: number): boolean {
  return (blocks[offset + 4]! & 0x10) !== 0;
}

/** Number of blocks of the value at `offset`; 0 = no valid type (end of the blocks). May exceed what is left. */
export function readBlockCount(blocks: Uint8Array, offset: number): number {
  const nibbles = blocks[offset + 4]!;
  switch (nibbles & 0x0f) {
    case 0:
    case 15:
      return 0;
    case blockTypes.long:
      return (nibbles & 0x10) !== 0 ? 1 : 2;
    case blockTypes.double:
      return 2;
    case blockTypes.shortString: {
      const step = shortStringSteps[readShortStringEncoding(blocks, offset)] ?? 0;
      return (SHORT_STRING_HEADER_BITS + readShortStringLength(blocks, offset) * step + 63) >> 6;
    }
    case blockTypes.shortArray: {
      const length = blocks[offset + 3]! & 0x3f;
      const bits = ((blocks[offset + 2]! & 0x0f) << 2) | (blocks[offset + 3]! >> 6) || 64;
      return (44 + length * bits + 63) >> 6;
    }
    case blockTypes.spatial:
      return 1 + (blocks[offset + 3]! & 0x0f);
    case blockTypes.temporal: {
      const kind = nibbles >> 4;
      if (kind === 1 || kind === 2) return (blocks[offset + 3]! & 1) !== 0 ? 1 : 2;
      return temporalBlocks[kind] ?? 0;
    }
    default:
      return 1;
  }
}
