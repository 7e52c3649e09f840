import { hasCode } from '../../base/errors.ts';
import type { LogPosition } from '../log-position.ts';
import type { LogSource } from '../log-source.ts';
import { COMMIT_ENTRY_BYTES, commitEntryStart } from './entries/commit-entry.ts';
import { LOG_HEADER_BYTES } from './log-header.ts';
import { LogReader } from './log-reader.ts';

/** Bytes that are searched at a time. */
const PIECE_BYTES = 1 << 20;
/** What must be a log after a place, so that it is believed. */
const PROOF_BYTES = 1 << 16;

/**
 * Finds where a transaction ends in a log file, without reading the file from its beginning: searches backward from its end for the bytes
 * of the commit entry. The next transaction, and what follows it, must be found there: the same bytes may also be in a property. Undefined
 * if there is no such place, or nothing after it yet.
 */
export function findCommit(log: LogSource, version: number, transaction: number): LogPosition | undefined {
  const wanted = commitEntryStart(transaction);
  const buffer = Buffer.allocUnsafe(PIECE_BYTES + wanted.length);
  for (let end = log.sizeOf(version); end > LOG_HEADER_BYTES; end -= PIECE_BYTES) {
    const begin = Math.max(LOG_HEADER_BYTES, end - PIECE_BYTES);
    // The entry may begin in this piece and end in the one after it, which was searched before.
    const length = log.read(version, buffer, 0, Math.min(buffer.length, end - begin + wanted.length - 1), begin);
    const piece = buffer.subarray(0, length);
    for (let at = piece.lastIndexOf(wanted); at !== -1; at = at === 0 ? -1 : piece.lastIndexOf(wanted, at - 1)) {
      // The version of the entry is the byte before.
      const position = { version, offset: begin + at - 1 + COMMIT_ENTRY_BYTES };
      if (isFollowedBy(log, position, transaction + 1)) return position;
    }
  }
  return undefined;
}

/** True if there is nothing at all, or the transaction and a stretch of sound log. */
function isFollowedBy(log: LogSource, from: LogPosition, transaction: number): boolean {
  const reader = new LogReader(log, { from, lastTransaction: transaction - 1, windowBytes: PROOF_BYTES });
  let isFollowed = false;
  try {
    for (let item = reader.next(); item !== undefined; item = reader.next()) {
      if (item.kind === 'transaction') isFollowed = true;
      const { version, offset } = reader.position;
      if (version !== from.version || offset - from.offset > PROOF_BYTES) break;
    }
    return isFollowed || reader.tornBytes === 0;
  } catch (error) {
    if (hasCode(error, 'log.corrupt', 'log.gap')) return false;
    throw error;
  }
}
