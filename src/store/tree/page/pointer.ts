import { readU32, writeU32 } from '../../../base/byte-reader.ts';

/**
 * Generation safe pointers (spec trees-and-indexes 4). A pointer (GSPP) is two slots of 12 bytes, so that the newer value never destroys
 * the value of the last check point:
 *
 * | offset | type | field                                    |
 * |--------|------|------------------------------------------|
 * | 0      | u32  | generation                               |
 * | 4      | u32  | page id, low 32 bits                     |
 * | 8      | u16  | page id, high 16 bits                    |
 * | 10     | u16  | checksum: XOR of the five words before   |
 *
 * "No node" is id 0 with a valid generation; 12 zero bytes are an empty slot.
 */
export const SLOT_BYTES = 12;
export const POINTER_BYTES = 24;
/** Id that means "no node". */
export const NO_NODE = 0;

/** States of a slot as seen from a check point. */
const SLOT_EMPTY = 0;
export const SLOT_BROKEN = 1;
/** Written at or before the check point. */
const SLOT_STABLE = 2;
/** Written after the check point, so it must not be trusted. */
export const SLOT_NEWER = 3;
export type SlotState = typeof SLOT_EMPTY | typeof SLOT_BROKEN | typeof SLOT_STABLE | typeof SLOT_NEWER;

export function readSlotGeneration(page: Uint8Array, at: number): number {
  return readU32(page, at);
}

/** Reads a 6-byte page id of tree files: u32 low bits, then u16 high bits. */
export function readPageId(page: Uint8Array, at: number): number {
  return ((page[at + 4]! << 8) | page[at + 5]!) * 0x1_0000_0000 + readU32(page, at);
}

export function writePageId(page: Uint8Array, at: number, id: number): void {
  const high = Math.floor(id / 0x1_0000_0000);
  writeU32(page, at, id);
  page[at + 4] = high >>> 8;
  page[at + 5] = high;
}

/** Writes one slot: generation, id and their checksum. */
export function writeSlot(page: Uint8Array, at: number, generation: number, id: number): void {
  writeU32(page, at, generation);
  writePageId(page, at + 4, id);
  page[at + 10] = page[at]! ^ page[at + 2]! ^ page[at + 4]! ^ page[at + 6]! ^ page[at + 8]!;
  page[at + 11] = page[at + 1]! ^ page[at + 3]! ^ page[at + 5]! ^ page[at + 7]! ^ page[at + 9]!;
}

/** Writes a pointer of a new node: value in the first slot, the second one empty. */
export function writePointer(page: Uint8Array, at: number, generation: number, id: number): void {
  writeSlot(page, at, generation, id);
  page.fill(0, at + SLOT_BYTES, at + POINTER_BYTES);
}

/** State of one slot as seen from the check point `stable`. */
export function readSlotState(page: Uint8Array, at: number, stable: number): SlotState {
  const generation = readSlotGeneration(page, at);
  if (generation === 0) return readPageId(page, at + 4) === 0 ? SLOT_EMPTY : SLOT_BROKEN;
  const high = page[at]! ^ page[at + 2]! ^ page[at + 4]! ^ page[at + 6]! ^ page[at + 8]!;
  const low = page[at + 1]! ^ page[at + 3]! ^ page[at + 5]! ^ page[at + 7]! ^ page[at + 9]!;
  if (high !== page[at + 10] || low !== page[at + 11]) return SLOT_BROKEN;
  return generation <= stable ? SLOT_STABLE : SLOT_NEWER;
}

/**
 * Offset of the slot with the value as of the check point `stable` (spec trees-and-indexes 4.1: newer slots count as empty); -1 if the
 * pointer is unreadable.
 */
export function findStableSlot(page: Uint8Array, at: number, stable: number): number {
  const a = readSlotState(page, at, stable) === SLOT_STABLE;
  const b = readSlotState(page, at + SLOT_BYTES, stable) === SLOT_STABLE;
  if (a && b) {
    const difference = readSlotGeneration(page, at) - readSlotGeneration(page, at + SLOT_BYTES);
    return difference === 0 ? -1 : difference > 0 ? at : at + SLOT_BYTES;
  }
  return a ? at : b ? at + SLOT_BYTES : -1;
}

/** Offset of the slot for a newer value: the one that does not hold the check point's value. -1 if the pointer is unreadable. */
export function findFreeSlot(page: Uint8Array, at: number, stable: number): number {
  const slot = findStableSlot(page, at, stable);
  return slot === -1 ? -1 : slot === at ? at + SLOT_BYTES : at;
}

/** True if a slot of the pointer was written after the check point. */
export function hasNewerSlot(page: Uint8Array, at: number, stable: number): boolean {
  return readSlotGeneration(page, at) > stable || readSlotGeneration(page, at + SLOT_BYTES) > stable;
}
