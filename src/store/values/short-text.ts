import {
  readShortStringEncoding,
  readShortStringLength,
  SHORT_STRING_HEADER_BITS,
  shortStringSteps,
} from '../records/property-block-layout.ts';
import { shortStringCharacters } from './short-string.ts';

const UTF8 = 0;

/**
 * Writes the text of a short string (spec record-stores 8.1) as UTF-8 into `bytes` at `at`. Its first block is at `offset`. `bytes` needs
 * room for up to 63 characters of two bytes. Returns the end offset; -1 for texts that need the decoder.
 */
export function readShortText(blocks: Uint8Array, offset: number, bytes: Uint8Array, at: number): number {
  const encoding = readShortStringEncoding(blocks, offset);
  const length = readShortStringLength(blocks, offset);
  const step = shortStringSteps[encoding];
  const characters = shortStringCharacters[encoding];
  if (step === undefined || characters === undefined) return -1;
  const mask = (1 << step) - 1;
  let end = at;
  // The bytes of each block are in reverse order.
  for (let i = 0, bit = SHORT_STRING_HEADER_BITS; i < length; i++, bit += step) {
    const byte = bit >> 3;
    const shift = bit & 7;
    let code = blocks[offset + (byte ^ 7)]! >> shift;
    if (shift + step > 8) code |= blocks[offset + ((byte + 1) ^ 7)]! << (8 - shift);
    const character = characters[code & mask]!;
    if (character < 0x80) bytes[end++] = character;
    else if (encoding === UTF8) return -1;
    else {
      bytes[end++] = 0xc0 | (character >> 6);
      bytes[end++] = 0x80 | (character & 0x3f);
    }
  }
  return end;
}
