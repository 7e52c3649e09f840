import { OutOfBytes } from '../../base/byte-reader.ts';
import { GraphkeepError } from '../../base/errors.ts';
import { type ReadDynamic, readDynamicChain } from '../records/dynamic-chain.ts';
import {
  BLOCK_BYTES,
  blockTypes,
  readBlockCount,
  readBlockReference,
  readBlockType,
} from '../records/property-block-layout.ts';
import { decodeDynamicArray, encodeDynamicArray } from './dynamic-array.ts';
import { elementFromBits } from './number-array.ts';
import { checkGeometry, coordinateSystem, GEOMETRY_POINT } from './point-value.ts';
import type { PropertyValue, ScalarValue } from './property-value.ts';
import { decodeShortArray, encodeShortArray } from './short-array.ts';
import { decodeShortString, encodeShortString, encodeUtf8 } from './short-string.ts';
import { decodeTemporalBlocks, encodeTemporalBlocks } from './temporal-value.ts';

/** Access to the long values; the callbacks may return reused records. */
export interface DynamicValues {
  readString: ReadDynamic;
  readArray: ReadDynamic;
}

/** A value in the genuine writer's form. */
export interface EncodedValue {
  /** 1-4 blocks; the reference of a long value is still 0, see `writeBlockReference`. */
  blocks: Uint8Array;
  /** Long values: the bytes for a chain in this store. */
  long?: { store: 'string' | 'array'; bytes: Uint8Array };
}

const LONG_INLINE_LIMIT = 1n << 35n;

/** Encodes a property value (spec record-stores 8) and chooses the same form as the genuine writer. */
export function encodeValue(key: number, value: PropertyValue): EncodedValue {
  switch (value.type) {
    case 'array': {
      const short = encodeShortArray(key, value);
      if (short !== undefined) return { blocks: short };
      return {
        blocks: toBlocks(head(key, blockTypes.array)),
        long: { store: 'array', bytes: encodeDynamicArray(value) },
      };
    }
    case 'string': {
      const short = encodeShortString(key, value.value);
      if (short !== undefined) return { blocks: short };
      return {
        blocks: toBlocks(head(key, blockTypes.string)),
        long: { store: 'string', bytes: encodeUtf8(value.value) },
      };
    }
    default:
      return { blocks: toBlocks(...scalarBlocks(key, value)) };
  }
}

function scalarBlocks(key: number, value: Exclude<ScalarValue, { type: 'string' }>): bigint[] {
  switch (value.type) {
    case 'boolean':
      return [head(key, blockTypes.boolean, value.value ? 1n : 0n)];
    case 'byte':
    case 'short':
    case 'int':
    case 'char':
      return [head(key, blockTypes[value.type], BigInt(value.value))];
    case 'float':
      return [head(key, blockTypes.float, BigInt(value.bits | 0))];
    case 'double':
      return [head(key, blockTypes.double), value.bits];
    case 'long': {
      const inline = value.value >= 0n && value.value < LONG_INLINE_LIMIT;
      return inline
        ? [head(key, blockTypes.long, (value.value << 1n) | 1n)]
        : [head(key, blockTypes.long), value.value];
    }
    case 'point': {
      const { table, dimension, srid } = coordinateSystem(value.srid);
      const geometry = BigInt(GEOMETRY_POINT | (dimension << 4) | (table << 8) | (srid << 12));
      return [head(key, blockTypes.spatial, geometry), ...value.coordinates];
    }
    default:
      return encodeTemporalBlocks(key, value);
  }
}

/** First block; the payload is sign-extended to bit 63, as the genuine writer does. */
function head(key: number, type: number, payload = 0n): bigint {
  return BigInt(key) | (BigInt(type) << 24n) | (payload << 28n);
}

function toBlocks(...values: bigint[]): Uint8Array {
  const blocks = Buffer.alloc(values.length * BLOCK_BYTES);
  values.forEach((value, i) => {
    blocks.writeBigUInt64BE(BigInt.asUintN(64, value), i * BLOCK_BYTES);
  });
  return blocks;
}

/**
 * Decodes the value whose first block is at `offset`. Throws `store.corrupt` for damage (unknown encodings, broken chains, too few bytes).
 * The value's blocks must be within `blocks`; `PropertyBlockCursor` checks that.
 */
export function decodeValue(blocks: Uint8Array, offset: number, values: DynamicValues): PropertyValue {
  try {
    return decodeChecked(blocks, offset, values);
  } catch (error) {
    if (!(error instanceof OutOfBytes)) throw error;
    throw new GraphkeepError('store.corrupt', 'a property value ends too early', { cause: error });
  }
}

function decodeChecked(blocks: Uint8Array, offset: number, values: DynamicValues): PropertyValue {
  switch (readBlockType(blocks, offset)) {
    case blockTypes.string: {
      const bytes = readDynamicChain(readBlockReference(blocks, offset), values.readString);
      return { type: 'string', value: bytes.toString('utf8') };
    }
    case blockTypes.array:
      return decodeDynamicArray(readDynamicChain(readBlockReference(blocks, offset), values.readArray));
    case blockTypes.shortString:
      return { type: 'string', value: decodeShortString(blocks, offset) };
    case blockTypes.shortArray:
      return decodeShortArray(blocks, offset);
    default:
      return decodeFixed(blocks, offset);
  }
}

function decodeFixed(blocks: Uint8Array, offset: number): ScalarValue {
  const view = new DataView(blocks.buffer, blocks.byteOffset + offset, blocks.byteLength - offset);
  const first = view.getBigUint64(0);
  const payload = first >> 28n;
  const type = readBlockType(blocks, offset);
  switch (type) {
    case blockTypes.boolean:
      return { type: 'boolean', value: (payload & 1n) === 1n };
    case blockTypes.byte:
      return elementFromBits('byte', payload);
    case blockTypes.short:
      return elementFromBits('short', payload);
    case blockTypes.char:
      return elementFromBits('char', payload & 0xffffn);
    case blockTypes.int:
      return elementFromBits('int', payload);
    case blockTypes.float:
      return elementFromBits('float', payload & 0xffff_ffffn);
    case blockTypes.long:
      return { type: 'long', value: (payload & 1n) === 1n ? payload >> 1n : view.getBigInt64(8) };
    case blockTypes.double:
      return { type: 'double', bits: view.getBigUint64(8) };
    case blockTypes.spatial:
      return decodePoint(view, payload);
    case blockTypes.temporal: {
      const rest: bigint[] = [];
      for (let i = 1; i < readBlockCount(blocks, offset); i++) rest.push(view.getBigInt64(i * BLOCK_BYTES));
      return decodeTemporalBlocks([first, ...rest]);
    }
    default:
      throw new GraphkeepError('store.corrupt', 'a property block has no valid type', { observed: type });
  }
}

function decodePoint(view: DataView, payload: bigint): ScalarValue {
  const bits = Number(payload);
  const { dimension, srid } = checkGeometry(bits & 15, (bits >> 4) & 15, (bits >> 8) & 15, (bits >> 12) & 0xffff);
  const coordinates: bigint[] = [];
  for (let i = 1; i <= dimension; i++) coordinates.push(view.getBigUint64(i * BLOCK_BYTES));
  return { type: 'point', srid, coordinates };
}
