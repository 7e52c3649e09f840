import type { ByteWriter } from '../../../base/byte-writer.ts';
import { copyBytes, corruptLog, INCOMPLETE, readExactI64, readI32 } from '../fields/log-integer.ts';
import { MAX_START_HEADER_BYTES } from '../fields/log-limits.ts';
import { CURRENT_ENTRY_VERSION_BYTE, START_ENTRY } from './entry-types.ts';

/**
 * Start entry (spec transaction-logs 2), offsets from the version byte
 *
 * | off | size | field |
 * |---|---|---|
 * | 0 | 2 | version, type 1 |
 * | 2 | 4 | master id, -1 on a standalone server |
 * | 6 | 4 | author id, -1 on a standalone server |
 * | 10 | 8 | time started, ms |
 * | 18 | 8 | last committed transaction at its start |
 * | 26 | 4 | length n of the additional header |
 * | 30 | n | additional header: 8 random bytes, or the Raft log index |
 */
export interface StartEntry {
  masterId: number;
  authorId: number;
  timeStarted: number;
  latestCommittedWhenStarted: number;
  header: Uint8Array;
}

export const START_FIXED_BYTES = 30;

/** Offset after the entry at `at`; throws {@link INCOMPLETE} if the window ends first. */
export function skipStartEntry(buffer: Uint8Array, at: number, end: number): number {
  if (at + START_FIXED_BYTES > end) throw INCOMPLETE;
  const length = readI32(buffer, at + 26);
  if (length < 0 || length > MAX_START_HEADER_BYTES) {
    throw corruptLog(`the additional header of a transaction is not 0 to ${MAX_START_HEADER_BYTES} bytes`, at, length);
  }
  const next = at + START_FIXED_BYTES + length;
  if (next > end) throw INCOMPLETE;
  return next;
}

/** Decodes the complete entry at `at`; {@link StartEntry.header} is a copy. */
export function decodeStartEntry(buffer: Uint8Array, at: number): StartEntry {
  const headerLength = readI32(buffer, at + 26);
  return {
    masterId: readI32(buffer, at + 2),
    authorId: readI32(buffer, at + 6),
    timeStarted: readExactI64(buffer, at + 10),
    latestCommittedWhenStarted: readExactI64(buffer, at + 18),
    header: copyBytes(buffer, at + START_FIXED_BYTES, at + START_FIXED_BYTES + headerLength),
  };
}

export function encodeStartEntry(writer: ByteWriter, entry: StartEntry): void {
  writer.u8(CURRENT_ENTRY_VERSION_BYTE).u8(START_ENTRY).i32(entry.masterId).i32(entry.authorId);
  writer.i64(entry.timeStarted).i64(entry.latestCommittedWhenStarted);
  writer.i32(entry.header.length).bytes(entry.header);
}

/** Low half of the transaction checksum: a hash of the additional header of the entry at `at`. */
export function checksumLow(buffer: Uint8Array, at: number): number {
  const end = at + START_FIXED_BYTES + readI32(buffer, at + 26);
  let hash = 1;
  for (let i = at + START_FIXED_BYTES; i < end; i++) hash = (Math.imul(31, hash) + ((buffer[i]! << 24) >> 24)) | 0;
  return hash;
}

/** High half of the transaction checksum of the entry at `at`. */
export function checksumHigh(buffer: Uint8Array, at: number): number {
  return (Math.imul(readI32(buffer, at + 2), 37) + readI32(buffer, at + 6)) | 0;
}

/** Joins the two halves to the signed 64-bit value in `neostore` field 9 and in the protocols. */
export function joinChecksum(high: number, low: number): bigint {
  return (BigInt(high) << 32n) | BigInt(low >>> 0);
}

/** Checksum of a transaction; it covers only the Start entry (spec transaction-logs 2). */
export function transactionChecksum(entry: StartEntry): bigint {
  let hash = 1;
  for (const byte of entry.header) hash = (Math.imul(31, hash) + ((byte << 24) >> 24)) | 0;
  return joinChecksum((Math.imul(entry.masterId, 37) + entry.authorId) | 0, hash);
}
