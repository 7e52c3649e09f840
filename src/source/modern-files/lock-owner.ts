import { readFileSync, statSync } from 'node:fs';

/**
 * The process that holds a lock on a file, as Linux tells (proc(5), `/proc/locks`). Undefined if none does, if it is in another container,
 * or on other systems.
 */
export function findLockOwner(path: string): number | undefined {
  let table: string;
  let inode: bigint;
  try {
    inode = statSync(path, { bigint: true }).ino;
    table = readFileSync('/proc/locks', 'utf8');
  } catch {
    // No such file, or no such system: nobody can be seen.
    return undefined;
  }
  for (const line of table.split('\n')) {
    // 1: POSIX  ADVISORY  WRITE 4711 fd:01:131077 0 EOF; the device is not that of stat on every file system
    const [, pid, found] = /^\d+: (?:POSIX|OFDLCK)\s+\S+\s+WRITE\s+(-?\d+)\s+\S+:(\d+)\s/.exec(line) ?? [];
    if (found !== undefined && BigInt(found) === inode && Number(pid) > 0) return Number(pid);
  }
  return undefined;
}
