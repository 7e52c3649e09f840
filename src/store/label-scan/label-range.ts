import { readU32, writeU32 } from '../../base/byte-reader.ts';
import { readPageId, writePageId } from '../tree/page/pointer.ts';
import { BITSET_BYTES, LABEL_KEY_BYTES, NODES_PER_RANGE } from './label-scan-layout.ts';

/** The nodes in one range that have one label: an entry of the label scan store. */
export interface LabelRange {
  label: number;
  /** Node ids `range * 64` to `range * 64 + 63`. */
  range: number;
  /** Bits of the last 32 nodes of the range, unsigned. */
  high: number;
  /** Bits of the first 32 nodes. */
  low: number;
}

export function rangeOf(nodeId: number): number {
  return Math.floor(nodeId / NODES_PER_RANGE);
}

export function bitOf(nodeId: number): number {
  return nodeId % NODES_PER_RANGE;
}

export function writeLabelKey(key: Uint8Array, label: number, range: number): void {
  writeU32(key, 0, label);
  // Same form as page ids: low 32 bits, then high 16 bits.
  writePageId(key, 4, range);
}

export function createLabelKey(label: number, range: number): Uint8Array {
  const key = new Uint8Array(LABEL_KEY_BYTES);
  writeLabelKey(key, label, range);
  return key;
}

export function readLabelKey(page: Uint8Array, at: number, into: LabelRange): void {
  into.label = readU32(page, at) | 0;
  into.range = readPageId(page, at + 4);
}

/** A bitset in the form of the tree. */
export function createBitset(): Uint8Array {
  return new Uint8Array(BITSET_BYTES);
}

export function writeBitset(bitset: Uint8Array, high: number, low: number): void {
  writeU32(bitset, 0, high);
  writeU32(bitset, 4, low);
}

/** Sets bit 0..63 of a bitset in the form of the tree. */
export function setBit(bitset: Uint8Array, bit: number): void {
  bitset[BITSET_BYTES - 1 - (bit >>> 3)]! |= 1 << (bit & 7);
}
