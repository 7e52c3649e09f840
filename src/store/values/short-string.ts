import { GraphkeepError } from '../../base/errors.ts';
import { blockTypes, readBlockCount, SHORT_STRING_HEADER_BITS } from '../records/property-block-layout.ts';
import { BitReader, BitWriter, blocksToStream, streamToBlocks } from './bit-stream.ts';

/**
 * Short strings (spec record-stores 8.1). Bit stream over 1-4 blocks: key 24, type 4, encoding 5, length 6, then the codes.
 * UTF-8 counts and stores bytes, every other encoding counts UTF-16 units.
 */
const UTF8 = 0;
const LATIN1 = 10;
const MAX_UNITS = 54;
const MAX_BYTES = 27;

interface Encoding {
  number: number;
  bits: number;
  maxLength: number;
  /** Character of each code; '\u0000' if the code has none. */
  table: string;
  /** Code of each character in the Latin-1 range; -1 = not in the encoding. */
  codes: Int16Array;
}

const UPPER = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';
const LOWER = 'abcdefghijklmnopqrstuvwxyz';
const ALPHANUMERIC = ` ${UPPER}01234_${LOWER}56789`;

function encoding(number: number, bits: number, maxLength: number, table: string, neverWritten = ''): Encoding {
  const codes = new Int16Array(256).fill(-1);
  for (let code = table.length - 1; code >= 0; code--) {
    const character = table[code]!;
    if (character !== '\u0000' && !neverWritten.includes(character)) codes[character.charCodeAt(0)] = code;
  }
  return { number, bits, maxLength, table, codes };
}

function europeanTable(): string {
  let table = '';
  for (let code = 0; code < 0x40; code++) table += String.fromCharCode(0xc0 + code);
  const letters = [...table];
  letters[0x17] = '.';
  letters[0x37] = '-';
  return letters.join('') + ALPHANUMERIC;
}

/** In the order in which the genuine writer tries them. It never writes `|` as URI, nor `;` as alpha with symbols. */
const encodings: readonly Encoding[] = [
  encoding(1, 4, 54, "0123456789 .-+,'"),
  encoding(2, 4, 54, '0123456789 -:/+,'),
  encoding(3, 5, 43, ` ${UPPER}_.-:/`),
  encoding(4, 5, 43, ` ${LOWER}_.-:/`),
  encoding(5, 5, 43, `,${LOWER}_.-+@`),
  encoding(6, 6, 36, ` ${LOWER}${'\u0000'.repeat(5)}0123456789_.-:/+,'@|;*?&%#()$<>=`, '|'),
  encoding(7, 6, 36, ALPHANUMERIC),
  encoding(8, 6, 36, ` ${UPPER}_.-:/;${LOWER}+,'@|`, ';'),
  encoding(9, 7, 31, europeanTable()),
  encoding(11, 4, 54, '0123456789abcdef'),
  encoding(12, 4, 54, '0123456789ABCDEF'),
];

const byNumber = new Map(encodings.map((e) => [e.number, e]));

const bytesAsTheyAre = Uint16Array.from({ length: 256 }, (_, code) => code);

/** By encoding number: the UTF-16 unit of each code, for reading without strings. UTF-8 codes are bytes; Latin-1 units are the codes. */
export const shortStringCharacters: readonly (Uint16Array | undefined)[] = Array.from({ length: 13 }, (_, number) => {
  if (number === UTF8 || number === LATIN1) return bytesAsTheyAre;
  const { table, bits } = byNumber.get(number)!;
  return Uint16Array.from({ length: 1 << bits }, (_character, code) => table.charCodeAt(code));
});

/** The blocks of a string; undefined if it must be stored in dynamic records. Byte-exact with the genuine writer. */
export function encodeShortString(key: number, value: string): Uint8Array | undefined {
  if (value.length > MAX_UNITS) return undefined;
  const latin = isLatin1(value);
  if (latin && value.length > 0) {
    for (const e of encodings) {
      if (value.length <= e.maxLength && fits(value, e)) return encodeWith(key, value, e);
    }
  }
  if (value.length > MAX_BYTES) return undefined;
  const bytes = latin ? Buffer.from(value, 'latin1') : encodeUtf8(value);
  if (bytes.length > MAX_BYTES) return undefined;
  const writer = openBlocks(key, latin ? LATIN1 : UTF8, bytes.length, 8);
  for (const byte of bytes) writer.bits.write(byte, 8);
  return streamToBlocks(writer.stream);
}

export function decodeShortString(blocks: Uint8Array, offset: number): string {
  const stream = blocksToStream(blocks, offset, readBlockCount(blocks, offset));
  const bits = new BitReader(stream, 28);
  const number = bits.read(5);
  const length = bits.read(6);
  if (number === UTF8 || number === LATIN1) {
    const bytes = Buffer.alloc(length);
    for (let i = 0; i < length; i++) bytes[i] = bits.read(8);
    return bytes.toString(number === UTF8 ? 'utf8' : 'latin1');
  }
  const e = byNumber.get(number);
  if (e === undefined) {
    throw new GraphkeepError('store.corrupt', 'unknown encoding of a short string', { observed: number });
  }
  let value = '';
  for (let i = 0; i < length; i++) value += e.table[bits.read(e.bits)]!;
  return value;
}

/** UTF-8 as the server encodes it: an unpaired surrogate becomes `?`. */
export function encodeUtf8(value: string): Buffer {
  return Buffer.from(value.replace(/\p{Surrogate}/gu, '?'), 'utf8');
}

function isLatin1(value: string): boolean {
  for (let i = 0; i < value.length; i++) if (value.charCodeAt(i) > 0xff) return false;
  return true;
}

function fits(value: string, e: Encoding): boolean {
  for (let i = 0; i < value.length; i++) if (e.codes[value.charCodeAt(i)]! < 0) return false;
  return true;
}

function encodeWith(key: number, value: string, e: Encoding): Uint8Array {
  const { bits, stream } = openBlocks(key, e.number, value.length, e.bits);
  for (let i = 0; i < value.length; i++) bits.write(e.codes[value.charCodeAt(i)]!, e.bits);
  return streamToBlocks(stream);
}

function openBlocks(
  key: number,
  number: number,
  length: number,
  step: number,
): { bits: BitWriter; stream: Uint8Array } {
  const stream = new Uint8Array(Math.ceil((SHORT_STRING_HEADER_BITS + length * step) / 64) * 8);
  const bits = new BitWriter(stream).write(key, 24).write(blockTypes.shortString, 4).write(number, 5).write(length, 6);
  return { bits, stream };
}
