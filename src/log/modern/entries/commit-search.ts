import { crc32c } from '@node-rs/crc32';
import type { FileWindow } from '../fields/file-window.ts';
import { isLittleEndian } from '../fields/kernel-version.ts';
import { readLong, readUnsigned } from '../fields/long-numbers.ts';
import { isZero } from '../fields/zeros.ts';
import type { StartEntry } from './start-entry.ts';

/** `u8 kernel version | u8 5 | i64 id | i64 time | u32 checksum` (spec modern-logs 4). */
const COMMIT_BYTES = 22;
const COMMIT_ENTRY = 5;
const CHECKSUM_AT = 18;

/**
 * No transaction holds so many zeros in a row: every record in it has a header, and no record is longer than 16 MiB. A log file ends with
 * up to 256 MiB of zeros, which need not be read to know that a transaction is not complete.
 */
const MOST_ZEROS = 32 * 1024 * 1024;

export interface FoundCommit {
  readonly id: number;
  readonly commitTime: number;
  readonly checksum: number;
  /** Offset in the file behind the entry. */
  readonly end: number;
}

/**
 * Finds the commit entry of the transaction that starts at `at`, without knowing its commands: only the right one has the checksum of
 * everything before it (spec modern-logs 5). Each byte goes into the checksum once, however many places look like a commit entry. Hands out
 * undefined after each move of the window; the result is undefined if the file does not hold the commit.
 */
export function* findCommit(
  window: FileWindow,
  at: number,
  start: StartEntry,
  kernelVersion: number,
): Generator<undefined, FoundCommit | undefined> {
  const little = isLittleEndian(kernelVersion);
  const { buffer } = window;
  const needle = Buffer.from([kernelVersion, COMMIT_ENTRY]);
  let zeros = 0;
  let checksum = 0;
  let summedTo = at;
  const sumTo = (offset: number): number => {
    const bytes = buffer.subarray(window.indexOf(summedTo), window.indexOf(offset));
    if (bytes.length > 0) checksum = crc32c(bytes, checksum);
    summedTo = offset;
    return checksum;
  };
  for (let from = at + start.bytes; ; ) {
    // All that the view will lose goes into the sum first. A place that looked like a commit may have taken it further already.
    if (summedTo < from && from <= window.end) sumTo(from);
    if (window.show(from, COMMIT_BYTES) < COMMIT_BYTES) return undefined;
    const view = buffer.subarray(0, window.length);
    zeros = isZero(view) ? zeros + view.length : 0;
    if (zeros > MOST_ZEROS) return undefined;
    const last = view.length - COMMIT_BYTES;
    let next = view.indexOf(needle, window.indexOf(from));
    for (; next !== -1 && next <= last; next = view.indexOf(needle, next + 1)) {
      const id = readLong(view, next + 2, little);
      if (!Number.isSafeInteger(id) || id <= start.lastCommittedWhenStarted) continue;
      const expected = readUnsigned(view, next + CHECKSUM_AT, little);
      if (sumTo(window.offset + next + CHECKSUM_AT) !== expected) continue;
      const commitTime = readLong(view, next + 10, little);
      return { id, commitTime, checksum: expected, end: window.offset + next + COMMIT_BYTES };
    }
    // A place near the end, of which the view does not show enough, or the last byte, which may be the first one of an entry.
    from = window.offset + (next === -1 ? view.length - 1 : next);
    yield undefined;
  }
}
