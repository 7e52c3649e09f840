import { corruptLog, readI32, readRecordId } from '../fields/log-integer.ts';

/**
 * Flags byte of node, relationship, relationship group and property images (spec transaction-logs 3)
 *
 * | bit | meaning |
 * |---|---|
 * | 0x01 | in use |
 * | 0x02 | created in this transaction; in a property image: the owner is a relationship |
 * | 0x04 | requires a secondary unit |
 * | 0x08 | has a secondary unit: its id is in the image |
 * | 0x10 | stored with fixed references (high_limit) |
 */
export const IN_USE = 0x01;
export const CREATED = 0x02;
export const OWNER_IS_RELATIONSHIP = 0x02;
export const REQUIRES_SECONDARY_UNIT = 0x04;
export const HAS_SECONDARY_UNIT = 0x08;
export const FIXED_REFERENCES = 0x10;

const UNDEFINED_BITS = 0xe0;

export function checkFlags(flags: number, at: number): void {
  if ((flags & UNDEFINED_BITS) !== 0) throw corruptLog('a record image has flags that do not exist', at, flags);
}

/** Bytes of the secondary unit's id in an image with these flags: 8, or 0 if there is none. */
export function secondaryUnitBytes(flags: number): number {
  return (flags & HAS_SECONDARY_UNIT) === 0 ? 0 : 8;
}

/** The id of the secondary unit, at `at` if an image with these flags has one; -1 = none. */
export function readSecondaryUnit(buffer: Uint8Array, flags: number, at: number): number {
  return (flags & HAS_SECONDARY_UNIT) === 0 ? -1 : readRecordId(buffer, at);
}

/** Checks a byte that must be 0 or 1. */
export function checkBoolean(buffer: Uint8Array, at: number): void {
  if (buffer[at]! > 1) throw corruptLog('a byte that must be 0 or 1 has another value', at, buffer[at]!);
}

/** Reads a count; a negative one is damage. */
export function readCount(buffer: Uint8Array, at: number): number {
  const count = readI32(buffer, at);
  if (count < 0) throw corruptLog('a count is negative', at, count);
  return count;
}
