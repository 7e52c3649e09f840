import type { LogSource } from '../log-source.ts';
import { COMMIT_ENTRY_BYTES } from './entries/commit-entry.ts';

/*
 * Recognizes bytes lost in a power failure. A log file may then have its new length, but zeros where the last appended bytes did not reach
 * the disk: from the end of the forced part, or from a disk sector on. No entry begins with a zero byte, and none ends with nine of them.
 * So if an item is unreadable and such zeros extend to the end of the file, the item was never forced, and nothing in it was acknowledged.
 */

const SECTOR_BYTES = 512;
/** No entry ends with this many zeros: a commit ends with its time, a check point with an offset. */
const CLEARLY_LOST_BYTES = 9;
const CHUNK_BYTES = 64 * 1024;

/**
 * True if the end of a transaction or check point was lost in this way. The item begins at `itemOffset` and is unreadable from the entry at
 * `entryOffset` on.
 */
export function endsInLostBytes(source: LogSource, version: number, itemOffset: number, entryOffset: number): boolean {
  const size = source.sizeOf(version);
  const zerosFrom = findZeros(source, version, itemOffset, size);
  if (zerosFrom === itemOffset) return true;
  const lostFrom = Math.ceil(zerosFrom / SECTOR_BYTES) * SECTOR_BYTES;
  if (lostFrom >= size) return false;
  return size - lostFrom >= CLEARLY_LOST_BYTES || size - entryOffset <= COMMIT_ENTRY_BYTES;
}

/** True if a file whose header is zeros holds nothing else: its first bytes were never forced. */
export function isLostWhole(source: LogSource, version: number): boolean {
  return findZeros(source, version, 0, source.sizeOf(version)) === 0;
}

/** Start of the zeros at the end of the file, not below `from`; `size` if it does not end with zeros. */
function findZeros(source: LogSource, version: number, from: number, size: number): number {
  const chunk = Buffer.alloc(CHUNK_BYTES);
  for (let end = size; end > from; ) {
    const begin = Math.max(from, end - CHUNK_BYTES);
    const count = source.read(version, chunk, 0, end - begin, begin);
    if (count < end - begin) return size;
    for (let at = count - 1; at >= 0; at--) if (chunk[at] !== 0) return begin + at + 1;
    end = begin;
  }
  return from;
}
