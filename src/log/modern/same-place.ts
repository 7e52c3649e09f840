import type { LogPosition } from '../log-position.ts';
import type { LogSource } from '../log-source.ts';
import { dataStartOf, readModernLogHeader } from './fields/log-header.ts';
import { isZero } from './fields/zeros.ts';

const CHUNK_BYTES = 64 * 1024;

/**
 * The last name of a place in the log. The end of a file and the start of the next one are the same place, and check points use both names
 * (spec modern-logs 5): compare positions only after this.
 */
export function lastNameOf(source: LogSource, position: LogPosition): LogPosition {
  let place = position;
  for (;;) {
    const next = readModernLogHeader(source, place.version + 1);
    if (next === undefined || !isAtEnd(source, place)) return place;
    place = dataStartOf(next);
  }
}

/** Nothing follows in the file. What is cut off at a rotation may still be there, as zeros. */
function isAtEnd(source: LogSource, { version, offset }: LogPosition): boolean {
  const chunk = Buffer.alloc(CHUNK_BYTES);
  for (let at = offset; ; at += CHUNK_BYTES) {
    const count = source.read(version, chunk, 0, CHUNK_BYTES, at);
    if (!isZero(chunk.subarray(0, count))) return false;
    if (count < CHUNK_BYTES) return true;
  }
}
