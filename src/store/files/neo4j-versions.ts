import { decodeStoreVersion } from './store-version.ts';

/*
 * Identifies the release that wrote a store by the marks it leaves, as data. `neostore` keeps the store version in its record 4; log files
 * begin with the number of their format. The marks of 3.4 to 2026.08 were measured on real stores or logs (docs/formats). Earlier releases
 * are recognized by the known names of their formats.
 */

/** What graphkeep can do with a store. */
export type Support =
  /** Everything. */
  | 'full'
  /** Its records can be read: their layouts are those of 3.4, only the derived files differ. A 3.x server upgrades it. */
  | 'reading'
  | 'none';

export interface WritingRelease {
  /** For messages: "3.4 or 3.5". */
  releases: string;
  support: Support;
  /** Older stores can be upgraded on their way to 3.5; newer ones have tools of their own. */
  age: 'older' | 'same' | 'newer';
}

const older = (releases: string): WritingRelease => ({ releases, support: 'none', age: 'older' });
const reading = (releases: string): WritingRelease => ({ releases, support: 'reading', age: 'older' });
const newer = (releases: string): WritingRelease => ({ releases, support: 'none', age: 'newer' });
const supported: WritingRelease = { releases: '3.4 or 3.5', support: 'full', age: 'same' };

/** By the name in the store version (spec record-stores 4). */
const byName = new Map<string, WritingRelease>([
  ['v0.A.0', older('1.9')],
  ['v0.A.1', older('2.0')],
  ['v0.A.3', older('2.1')],
  ['v0.A.5', older('2.2')],
  ['v0.A.6', reading('2.3')],
  ['v0.A.7', reading('3.0 or 3.1')],
  ['v0.A.8', reading('3.2 or 3.3')],
  ['v0.A.9', supported],
  ['vE.H.0', reading('3.0')],
  ['vE.H.0b', reading('3.0')],
  ['vE.H.2', reading('3.1')],
  ['vE.H.3', reading('3.2 or 3.3')],
  ['vE.H.4', supported],
  ['SF4.0.0', newer('4.0 to 4.2')],
  ['AF4.1.a', newer('4.1 or 4.2')],
  ['SF4.3.0', newer('4.3 or 4.4')],
  ['AF4.3.0', newer('4.3 or 4.4')],
]);

/** Names of 4.x that are not in the table: standard, aligned or high_limit, then the release. */
const NAME_OF_4 = /^[A-Z]{2}4\./;

/** Replaces the version since 5.0; the real version is in other records, in a different form. */
const SINCE_5 = BigInt.asIntN(64, 0xcf1bbcdcb7a56463n);

/** By the first byte of a log file. 5.20 and later write 9; 10 marks the envelopes of late releases. */
const byLogFormat = new Map<number, WritingRelease>([
  [6, supported],
  [7, newer('4.x')],
  [8, newer('5.x')],
  [9, newer('5.20 or later')],
  [10, newer('2025 or later')],
]);
const OLDEST_READABLE_LOG = 6;

/** The release of a store version; undefined for an unknown value. */
export function releaseOfStore(version: bigint): WritingRelease | undefined {
  if (BigInt.asIntN(64, version) === SINCE_5) return newer('5 or later');
  const name = decodeStoreVersion(version);
  if (name === undefined) return undefined;
  return byName.get(name) ?? (NAME_OF_4.test(name) ? newer('4.x') : undefined);
}

/** The release of a log format; undefined for 0 and unknown numbers. */
export function releaseOfLog(format: number): WritingRelease | undefined {
  if (format > 0 && format < OLDEST_READABLE_LOG) return older('2.2 or older');
  return byLogFormat.get(format);
}

/** Log file names up to 2.1. */
export const OLD_LOG_NAME = /^nioneo_logical\.log/;
export const RELEASE_OF_OLD_LOGS: WritingRelease = older('2.1 or older');

/** Files of the block format (Enterprise). */
export const BLOCK_FILE_NAME = /^block\..*\.db$/;
export const RELEASE_OF_BLOCK_FORMAT: WritingRelease = newer('5 or later, in block format');
