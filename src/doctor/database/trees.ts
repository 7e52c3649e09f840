import { statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { atFile } from '../../base/file-errors.ts';
import { formatBytes } from '../../config/sizes.ts';
import { type DoctorFinding, inOrder, warning } from '../findings/finding.ts';
import { describeSpan } from '../findings/spans.ts';
import type { MeasuredFile } from './modern-store.ts';

/** What a disk gives at least, if it is not a very slow one. */
const FULL_SPEED = 100 * 1024 * 1024;

export interface TreeSurroundings {
  bytesPerSecond: number | undefined;
  checkPointIntervalMs: number;
  /** The setting with the interval. */
  interval: string;
  /** Where a tree is put that changes too often. Default: the directory of the system for temporary files. */
  temporary?: string;
}

/**
 * A tree is copied between two check points of the server, which may come at any time (spec modern-copies 2). One that takes longer than
 * their interval is copied to a temporary file at full speed first; one for which that is too slow is left out, and the server makes it
 * anew.
 */
export async function checkTrees(
  trees: readonly MeasuredFile[],
  { bytesPerSecond = FULL_SPEED, checkPointIntervalMs, interval, temporary = tmpdir() }: TreeSurroundings,
): Promise<DoctorFinding> {
  const bytes = trees.reduce((sum, tree) => sum + tree.bytes, 0);
  const largest = trees.reduce((one, other) => (other.bytes > one.bytes ? other : one), { name: 'none', bytes: 0 });
  const copyMs = (1000 * largest.bytes) / Math.min(bytesPerSecond, FULL_SPEED);
  const observed =
    `${trees.length} trees, ${formatBytes(bytes)}; the largest one, ${largest.name}, has ${formatBytes(largest.bytes)} and takes ` +
    `${describeSpan(copyMs)}, with a check point every ${describeSpan(checkPointIntervalMs)}`;
  const numbers = { trees: trees.length, bytes, largestBytes: largest.bytes, copyMs };
  if ((1000 * largest.bytes) / FULL_SPEED > checkPointIntervalMs) {
    return warning(
      'trees',
      `${observed}: it may change faster than it can be read`,
      `Raise ${interval} on the server. A tree that does not rest is left out of the backup: the server makes it anew after a restore, which takes time.`,
      numbers,
    );
  }
  if (copyMs <= checkPointIntervalMs) return inOrder('trees', observed, numbers);
  const { bavail, bsize } = await atFile('read the file system', temporary, () => statfs(temporary));
  const freeBytes = bavail * bsize;
  const staged = `${observed}: it is copied to ${temporary} first, where ${formatBytes(freeBytes)} are free`;
  if (freeBytes > largest.bytes) return inOrder('trees', staged, { ...numbers, freeBytes });
  const remedy = 'Set TMPDIR to a directory with more room, or raise --rate-limit.';
  return warning('trees', staged, remedy, { ...numbers, freeBytes });
}
