import type { LogSource } from '../log-source.ts';
import { COMMIT_ENTRY_BYTES } from './entries/commit-entry.ts';

/*
 * A power failure can leave a log file with its new length, and zeros where what was appended last has not reached the disk: from the end
 * of what was forced, or from a sector of the disk on. No entry begins with zero, and none ends with nine of them: so what cannot be read,
 * with such zeros up to the end of the file, was never forced, and nothing was acknowledged that is in it.
 */

const SECTOR_BYTES = 512;
/** The last bytes of no entry are all zero: the time of a commit, the offset of a check point. */
const CLEARLY_LOST_BYTES = 9;
const CHUNK_BYTES = 64 * 1024;

/**
 * Whether the end of a transaction or check point, which begins at `itemOffset` and cannot be read from the entry at `entryOffset` on, was
 * lost in this way.
 */
export function endsInLostBytes(source: LogSource, version: number, itemOffset: number, entryOffset: number): boolean {
  const size = source.sizeOf(version);
  const zerosFrom = findZeros(source, version, itemOffset, size);
  if (zerosFrom === itemOffset) return true;
  const lostFrom = Math.ceil(zerosFrom / SECTOR_BYTES) * SECTOR_BYTES;
  if (lostFrom >= size) return false;
  return size - lostFrom >= CLEARLY_LOST_BYTES || size - entryOffset <= COMMIT_ENTRY_BYTES;
}

/** Whether a file with a header of zeros holds nothing else: its first bytes were never forced. */
export function isLostWhole(source: LogSource, version: number): boolean {
  return findZeros(source, version, 0, source.sizeOf(version)) === 0;
}

/** Where the zeros begin with which the file ends, not below `from`; `size` if it ends otherwise. */
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
