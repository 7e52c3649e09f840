import type { ByteWriter } from '../../../base/byte-writer.ts';
import { readExactI64 } from '../fields/log-integer.ts';
import { COMMIT_ENTRY, CURRENT_ENTRY_VERSION_BYTE } from './entry-types.ts';

/**
 * Commit entry (spec transaction-logs 2): `version type=5 transactionId:i64 timeCommitted:i64(ms)`. It is the only place that holds the
 * transaction's id.
 */
export interface CommitEntry {
  transactionId: number;
  timeCommitted: number;
}

export const COMMIT_ENTRY_BYTES = 18;

export function decodeCommitEntry(buffer: Uint8Array, at: number): CommitEntry {
  return { transactionId: readExactI64(buffer, at + 2), timeCommitted: readExactI64(buffer, at + 10) };
}

/** The bytes of the entry from its type to its transaction id: what makes it known among others. */
export function commitEntryStart(transactionId: number): Buffer {
  const bytes = Buffer.alloc(9);
  bytes[0] = COMMIT_ENTRY;
  bytes.writeBigInt64BE(BigInt(transactionId), 1);
  return bytes;
}

export function encodeCommitEntry(writer: ByteWriter, entry: CommitEntry): void {
  writer.u8(CURRENT_ENTRY_VERSION_BYTE).u8(COMMIT_ENTRY).i64(entry.transactionId).i64(entry.timeCommitted);
}
