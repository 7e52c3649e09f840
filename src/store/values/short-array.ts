import { blockTypes, readBlockCount } from '../records/property-block-layout.ts';
import { BitReader, BitWriter, blocksToStream, streamToBlocks } from './bit-stream.ts';
import {
  arrayOf,
  bitsPerElement,
  elementBits,
  isNumberType,
  numberTypeByNumber,
  numberTypeNumber,
  readElements,
} from './number-array.ts';
import type { ArrayValue } from './property-value.ts';

/**
 * Short arrays (spec record-stores 8.2). Bit stream over 1-4 blocks: key 24, type 4, element type 4, length 6, bits per element 6 (0 = 64),
 * then the elements. Never strings, points or times.
 */
const HEADER_BITS = 44;
const MAX_ELEMENTS = 63;
const MAX_DATA_BITS = 212;

/** The blocks of an array; undefined if it must be stored in dynamic records. */
export function encodeShortArray(key: number, value: ArrayValue): Uint8Array | undefined {
  const { of, elements } = value;
  if (!isNumberType(of) || elements.length > MAX_ELEMENTS) return undefined;
  const raw = elements.map(elementBits);
  const bits = bitsPerElement(raw);
  if (raw.length * bits > MAX_DATA_BITS) return undefined;
  const stream = new Uint8Array(Math.ceil((HEADER_BITS + raw.length * bits) / 64) * 8);
  const writer = new BitWriter(stream)
    .write(key, 24)
    .write(blockTypes.shortArray, 4)
    .write(numberTypeNumber(of), 4)
    .write(raw.length, 6)
    .write(bits & 63, 6);
  for (const element of raw) writer.writeBig(element, bits);
  return streamToBlocks(stream);
}

export function decodeShortArray(blocks: Uint8Array, offset: number): ArrayValue {
  const reader = new BitReader(blocksToStream(blocks, offset, readBlockCount(blocks, offset)), 28);
  const type = numberTypeByNumber(reader.read(4));
  const length = reader.read(6);
  const bits = reader.read(6) || 64;
  return arrayOf(type, readElements(reader, type, bits, length));
}
