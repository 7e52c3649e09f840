import type { Stats } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { atFile } from '../../base/file-errors.ts';
import { type DoctorFinding, inOrder, warning } from '../findings/finding.ts';
import { describeMoment, describeSpan, MINUTE_MS } from '../findings/spans.ts';

/** Clocks differ by seconds. */
const TOLERANCE_MS = MINUTE_MS;

/** A server, or a disk, whose clock is ahead: pruning by time and the ages in this report are wrong then. */
export async function checkClock(
  directory: string,
  newestCommitMs: number | undefined,
  nowMs: number,
): Promise<DoctorFinding> {
  const remedy =
    'Set the clocks of the server and of this machine (NTP). Ages and retention by time are wrong until they agree.';
  if (newestCommitMs !== undefined && newestCommitMs > nowMs + TOLERANCE_MS) {
    const aheadMs = newestCommitMs - nowMs;
    const observed = `the newest transaction is of ${describeMoment(newestCommitMs)}, ${describeSpan(aheadMs)} ahead of this machine`;
    return warning('clock', observed, remedy, { aheadMs });
  }
  const newest = await newestFile(directory);
  if (newest === undefined || newest.mtimeMs <= nowMs + TOLERANCE_MS) {
    return inOrder('clock', 'no transaction and no file is of the future');
  }
  const aheadMs = newest.mtimeMs - nowMs;
  return warning('clock', `the file ${newest.name} was changed ${describeSpan(aheadMs)} in the future`, remedy, {
    aheadMs,
  });
}

async function newestFile(directory: string): Promise<{ name: string; mtimeMs: number } | undefined> {
  let newest: { name: string; mtimeMs: number } | undefined;
  for (const name of await atFile('read the directory', directory, () => readdir(directory))) {
    const info: Stats | undefined = await stat(join(directory, name)).catch(() => undefined);
    if (info?.isFile() === true && info.mtimeMs > (newest?.mtimeMs ?? 0)) newest = { name, mtimeMs: info.mtimeMs };
  }
  return newest;
}
