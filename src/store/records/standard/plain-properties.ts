import { readU32 } from '../../../base/byte-reader.ts';
import type { PlainPropertyRecords } from '../plain-views.ts';
import {
  BLOCK_BYTES,
  blockTypes,
  PROPERTY_BLOCKS_BYTES,
  readBlockCount,
  readBlockReference,
  readShortStringEncoding,
  shortStringSteps,
} from '../property-block-layout.ts';

/** Offset in a standard property record, see property-codec.ts. */
export const BLOCKS_OFFSET = 9;
const NONE = 0xffff_ffff;
const MOST_KEYS = 1 << 16;

/**
 * Reads each byte once and makes few calls: this runs for every property record of a store, and using the small readers of
 * property-block-layout.ts halved its speed. `plain-properties.test.ts` compares it with the codec.
 */
export class StandardPlainProperties implements PlainPropertyRecords {
  text = -1;
  private readonly known = new Uint8Array(MOST_KEYS);

  constructor(knownKeys: Iterable<number>) {
    for (const key of knownKeys) if (key < MOST_KEYS) this.known[key] = 1;
  }

  isPlain(bytes: Uint8Array, offset: number): boolean {
    if (bytes[offset] !== 0 || readU32(bytes, offset + 1) !== NONE || readU32(bytes, offset + 5) !== NONE) return false;
    const first = offset + BLOCKS_OFFSET;
    const end = first + PROPERTY_BLOCKS_BYTES;
    let at = first;
    this.text = -1;
    while (at < end && (bytes[at + 4]! & 0x0f) !== 0) {
      const blocks = countPlainBlocks(bytes, at);
      if (blocks === 0 || at + blocks * BLOCK_BYTES > end || bytes[at + 5] !== 0) return false;
      const key = (bytes[at + 6]! << 8) | bytes[at + 7]!;
      if (this.known[key] === 0) return false;
      for (let other = first; other < at; other += BLOCK_BYTES) {
        // This compares second blocks of values too: a chance match only means that the record is not called plain.
        if (((bytes[other + 6]! << 8) | bytes[other + 7]!) === key) return false;
      }
      if ((bytes[at + 4]! & 0x0f) === blockTypes.string) {
        if (this.text >= 0) return false;
        this.text = readBlockReference(bytes, at);
      }
      at += blocks * BLOCK_BYTES;
    }
    if (at === first) return false;
    return at === end || (readU32(bytes, at) | readU32(bytes, at + 4)) === 0;
  }
}

/** Number of blocks of the value at `at`; 0 if it is not of a plain kind. */
function countPlainBlocks(bytes: Uint8Array, at: number): number {
  const nibbles = bytes[at + 4]!;
  const type = nibbles & 0x0f;
  if (type === blockTypes.shortString) {
    return readShortStringEncoding(bytes, at) < shortStringSteps.length ? readBlockCount(bytes, at) : 0;
  }
  if (type === blockTypes.long) return (nibbles & 0x10) !== 0 ? 1 : 2;
  if (type === blockTypes.double) return 2;
  return type <= blockTypes.string ? 1 : 0;
}
