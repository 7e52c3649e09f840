import { readU32, writeU32 } from '../../../base/byte-reader.ts';
import { blockTypes } from '../../records/property-block-layout.ts';
import { NUMBER_TYPES } from './number-order.ts';

/** Longest key of a value in property blocks: 63 characters of two bytes, plus the other fields. */
export const LONGEST_QUICK_KEY = 160;

const EXPONENT = 0x7ff0_0000;
const NAN = 0x7ff8_0000;
const FLOAT_EXPONENT = 0x7f80_0000;
const FLOAT_NAN = 0x7fc0_0000;
const NO_SIGN = 0x7fff_ffff;

const numberTypes = new Int8Array(16).fill(-1);
NUMBER_TYPES.forEach((name, type) => {
  numberTypes[blockTypes[name]] = type;
});

/** Index number type of a block type; -1 = not a number. */
export function numberTypeOfBlock(blockType: number): number {
  return numberTypes[blockType]!;
}

/** Writes the low `width` bytes of `rawBitsOf` for the number of type `type` whose first block is at `offset`. */
export function writeRawBits(
  key: Uint8Array,
  at: number,
  width: number,
  type: number,
  blocks: Uint8Array,
  offset: number,
): void {
  // Bits 32-63 and bits 28-59 of the first block.
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
        // 35 bits after the mark.
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
    writeU32(key, at, high);
    writeU32(key, at + 4, low);
  } else if (width === 4) writeU32(key, at, low);
  else {
    if (width === 2) key[at] = low >> 8;
    key[at + width - 1] = low;
  }
}
