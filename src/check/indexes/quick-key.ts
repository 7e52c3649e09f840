import { readU32, writeI64, writeU32 } from '../../base/byte-reader.ts';
import type { IndexFolders } from '../../store/index/index-provider.ts';
import { slotTypeOf } from '../../store/index/keys/generic-slot.ts';
import { NUMBER_TYPES, numberBytes } from '../../store/index/keys/number-order.ts';
import { blockTypes } from '../../store/records/property-block-layout.ts';
import { readShortText } from '../../store/values/short-text.ts';

/** Longest key: 63 characters of two bytes, and what stands around them. */
const MOST_BYTES = 160;
const ENTITY_BYTES = 8;
const TEXT_SLOT = slotTypeOf('text', false);
const BOOLEAN_SLOT = slotTypeOf('boolean', false);
const NUMBER_SLOT = slotTypeOf('number', false);
const GENERIC_TEXT_AT = ENTITY_BYTES + 3;
const GENERIC_NUMBER_AT = ENTITY_BYTES + 2;
const NUMBER_ENTITY_AT = 9;
const EXPONENT = 0x7ff0_0000;
const NAN = 0x7ff8_0000;
const FLOAT_EXPONENT = 0x7f80_0000;
const FLOAT_NAN = 0x7fc0_0000;
const NO_SIGN = 0x7fff_ffff;

/** Number type of keys by block type; -1 = no number. */
const numberTypes = new Int8Array(16).fill(-1);
NUMBER_TYPES.forEach((name, type) => {
  numberTypes[blockTypes[name]] = type;
});

/**
 * Makes index keys of single values from the blocks of a property record without decoding them: the same bytes as `locateKey`. Only of what
 * most values are: numbers, booleans, short texts; {@link make} declines all others.
 */
export class QuickKey {
  readonly bytes = new Uint8Array(MOST_BYTES);
  length = 0;
  /** File that the key belongs in, relative to the store directory; undefined if the value is in the Lucene part. */
  path: string | undefined;
  private readonly folders: IndexFolders;

  constructor(folders: IndexFolders) {
    this.folders = folders;
  }

  /** The key of an entity for the value whose first block is at `offset`; false if it has to be made in the general way. */
  make(entity: number, blocks: Uint8Array, offset: number): boolean {
    const type = blocks[offset + 4]! & 0x0f;
    if (type === blockTypes.shortString) return this.makeText(entity, blocks, offset);
    const number = numberTypes[type]!;
    if (number >= 0) {
      this.makeNumber(entity, number, blocks, offset);
      return true;
    }
    if (type !== blockTypes.boolean) return false;
    this.makeBoolean(entity, (blocks[offset + 4]! >> 4) & 1);
    return true;
  }

  private makeText(entity: number, blocks: Uint8Array, offset: number): boolean {
    const { bytes } = this;
    const { generic, texts } = this.folders;
    const at = generic === undefined ? ENTITY_BYTES : GENERIC_TEXT_AT;
    const end = readShortText(blocks, offset, bytes, at);
    if (end < 0) return false;
    writeI64(bytes, 0, entity);
    if (generic !== undefined) {
      bytes[ENTITY_BYTES] = TEXT_SLOT;
      bytes[ENTITY_BYTES + 1] = 0;
      bytes[ENTITY_BYTES + 2] = end - at;
    }
    this.length = end;
    this.path = generic ?? texts;
    return true;
  }

  private makeBoolean(entity: number, value: number): void {
    const { bytes } = this;
    writeI64(bytes, 0, entity);
    bytes[ENTITY_BYTES] = BOOLEAN_SLOT;
    bytes[ENTITY_BYTES + 1] = value;
    this.length = ENTITY_BYTES + 2;
    this.path = this.folders.generic;
  }

  private makeNumber(entity: number, type: number, blocks: Uint8Array, offset: number): void {
    const { bytes } = this;
    const { generic, numbers } = this.folders;
    if (generic === undefined) {
      bytes[0] = type;
      writeNumber(type, blocks, offset, bytes, 1, 8);
      writeI64(bytes, NUMBER_ENTITY_AT, entity);
      this.length = NUMBER_ENTITY_AT + ENTITY_BYTES;
      this.path = numbers;
      return;
    }
    const width = numberBytes(type);
    writeI64(bytes, 0, entity);
    bytes[ENTITY_BYTES] = NUMBER_SLOT;
    bytes[ENTITY_BYTES + 1] = type;
    writeNumber(type, blocks, offset, bytes, GENERIC_NUMBER_AT, width);
    this.length = GENERIC_NUMBER_AT + width;
    this.path = generic;
  }
}

/** Writes the low `width` bytes of what `rawBitsOf` gives: 64 bits, smaller numbers with their sign extended, every NaN the same. */
function writeNumber(
  type: number,
  blocks: Uint8Array,
  offset: number,
  bytes: Uint8Array,
  at: number,
  width: number,
): void {
  // Of the first block: bits 32-63, and bits 28-59.
  const top = readU32(blocks, offset) | 0;
  const payload = (top << 4) | (blocks[offset + 4]! >> 4);
  let high = 0;
  let low = payload;
  switch (NUMBER_TYPES[type]) {
    case 'byte':
      low = (payload << 24) >> 24;
      high = low >> 31;
      break;
    case 'short':
      low = (payload << 16) >> 16;
      high = low >> 31;
      break;
    case 'int':
      high = low >> 31;
      break;
    case 'float':
      if ((payload & NO_SIGN) > FLOAT_EXPONENT) low = FLOAT_NAN;
      high = low >> 31;
      break;
    case 'long':
      if ((payload & 1) === 1) {
        // 35 bits behind the mark.
        low = (top << 3) | (blocks[offset + 4]! >> 5);
        high = top >>> 29;
      } else {
        high = readU32(blocks, offset + 8);
        low = readU32(blocks, offset + 12);
      }
      break;
    default: {
      high = readU32(blocks, offset + 8);
      low = readU32(blocks, offset + 12);
      const exponent = high & NO_SIGN;
      if (exponent > EXPONENT || (exponent === EXPONENT && low !== 0)) {
        high = NAN;
        low = 0;
      }
    }
  }
  if (width === 8) {
    writeU32(bytes, at, high);
    writeU32(bytes, at + 4, low);
  } else if (width === 4) writeU32(bytes, at, low);
  else {
    if (width === 2) bytes[at] = low >> 8;
    bytes[at + width - 1] = low;
  }
}
