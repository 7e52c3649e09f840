import { statfs } from 'node:fs/promises';
import { atFile } from '../../base/file-errors.ts';
import { formatBytes } from '../../config/sizes.ts';
import { type DoctorFinding, failure, inOrder, unseen, warning } from '../findings/finding.ts';
import type { TargetView } from './target-view.ts';

/** What backups would need, in bytes; undefined: it cannot be seen. */
export interface WantedRoom {
  /** A full copy with its log, and what replay adds. */
  fullBytes: number | undefined;
  /** The missing transactions and what they change; undefined also if the next backup is full. */
  incrementalBytes: number | undefined;
  /** Whether the next backup is incremental as far as can be seen. */
  isIncremental: boolean;
  /** Why a full copy may take less room than it says, to be put behind `unless`; undefined if it does not. */
  unless: string | undefined;
  /** What can be removed there, as a sentence. Default: backups that were replaced. */
  removable?: string;
}

/** A disk that is nearly full is not enough for a database that grows. */
const MARGIN = 1.2;

const REPLACED = 'Backups that were replaced (NAME.err.N) can be removed.';

/** Replay writes what is in the log to the store, and derived files grow too. */
export function roomOfFull(storeBytes: number, logBytes: number): number {
  return storeBytes + 2 * logBytes;
}

export function roomOfIncremental(logBytes: number): number {
  return 2 * logBytes;
}

/** Whether the disk has room for the next backup, and for the full one that may take its place: the old one is kept beside it. */
export async function checkRoom(
  { base }: Pick<TargetView, 'base'>,
  { fullBytes, incrementalBytes, isIncremental, unless, removable = REPLACED }: WantedRoom,
): Promise<DoctorFinding> {
  const { bavail, bsize } = await atFile('read', base, () => statfs(base));
  const freeBytes = bavail * bsize;
  const free = `${formatBytes(freeBytes)} free`;
  const remedy = `Free room on the disk of the target, or choose another one. ${removable}`;
  const numbers = {
    freeBytes,
    ...(fullBytes === undefined ? {} : { fullBytes }),
    ...(incrementalBytes === undefined ? {} : { incrementalBytes }),
  };
  if (freeBytes === 0) return failure('room', free, remedy, numbers);
  const full = fullBytes === undefined ? '' : `a full backup needs about ${formatBytes(fullBytes)}`;
  if (isIncremental) {
    const next =
      incrementalBytes === undefined ? '' : `, the next incremental needs about ${formatBytes(incrementalBytes)}`;
    const observed = `${free}${next}`;
    if (incrementalBytes !== undefined && incrementalBytes > freeBytes)
      return failure('room', observed, remedy, numbers);
    if (fullBytes !== undefined && fullBytes * MARGIN > freeBytes) {
      return warning(
        'room',
        `${observed}; ${full}, if it has to take the place of an incremental: too much, since the old one is kept`,
        remedy,
        numbers,
      );
    }
    return inOrder('room', full === '' ? observed : `${observed}; ${full} beside the old one`, numbers);
  }
  if (fullBytes === undefined)
    return unseen('room', `${free}; how large the database is cannot be seen from here`, undefined, numbers);
  const observed = `${free}; ${full}`;
  if (fullBytes > freeBytes && unless !== undefined) {
    return warning('room', `${observed}, unless ${unless}`, remedy, numbers);
  }
  if (fullBytes > freeBytes) return failure('room', observed, remedy, numbers);
  return fullBytes * MARGIN > freeBytes
    ? warning('room', observed, remedy, numbers)
    : inOrder('room', observed, numbers);
}
