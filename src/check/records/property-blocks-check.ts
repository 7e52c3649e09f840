import { checkGeometry } from '../../store/point-value.ts';
import { BLOCK_BYTES, BLOCKS_PER_RECORD, blockTypes } from '../../store/property-block-layout.ts';
import type { PropertyBlockCursor } from '../../store/property-chain.ts';
import type { PropertyRecord } from '../../store/property-record.ts';

const SHORT_STRING_ENCODINGS = 13;
const NUMBER_TYPES = 8;

/** Why the value at the cursor cannot be read from its own blocks, or undefined if it can. What is in other records is not looked at. */
export function findValueDamage(cursor: PropertyBlockCursor): string | undefined {
  const { blocks, offset, type } = cursor;
  const top = blocks[offset + 4]! >> 4;
  if (type === blockTypes.shortString) {
    const encoding = top | ((blocks[offset + 3]! & 1) << 4);
    return encoding < SHORT_STRING_ENCODINGS ? undefined : `short string encoding ${encoding}`;
  }
  if (type === blockTypes.shortArray) {
    return top >= 1 && top <= NUMBER_TYPES ? undefined : `short array of element type ${top}`;
  }
  return type === blockTypes.spatial ? findGeometryDamage(blocks, offset) : undefined;
}

/** Bits from 28 on: geometry type 4, dimension 4, table 4, code 16 (record-stores spec 8.4). */
function findGeometryDamage(blocks: Uint8Array, offset: number): string | undefined {
  const dimensions = blocks[offset + 3]!;
  const code = (blocks[offset + 1]! << 8) | blocks[offset + 2]!;
  try {
    checkGeometry(blocks[offset + 4]! >> 4, dimensions & 15, dimensions >> 4, code);
    return undefined;
  } catch {
    return `geometry with SRID ${code}`;
  }
}

/**
 * Standard format: behind the last value of a record that is not full stands a zero block (record-stores spec 6.4). Anything else there
 * is a value that has lost its type.
 */
export function hasLostValue({ blocks, blockCount }: PropertyRecord): boolean {
  if (blockCount >= BLOCKS_PER_RECORD) return false;
  const at = blockCount * BLOCK_BYTES;
  for (let i = at; i < at + BLOCK_BYTES; i++) if (blocks[i] !== 0) return true;
  return false;
}
