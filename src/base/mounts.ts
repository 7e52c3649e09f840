import { readFile } from 'node:fs/promises';
import { isWithin } from './inner-links.ts';

/** A mounted file system, as the system lists it. */
export interface Mount {
  point: string;
  /** The kind of file system: `ext4`, `nfs4`, `tmpfs`, ... */
  type: string;
}

/** The mount that a path is on; undefined where the system has no list. The path must be resolved (no links). */
export async function mountOf(path: string): Promise<Mount | undefined> {
  let best: Mount | undefined;
  for (const mount of await listMounts()) {
    // Of two on the same point, the later one hides the other.
    if (isWithin(path, mount.point) && mount.point.length >= (best?.point.length ?? 0)) best = mount;
  }
  return best;
}

/** Includes mounts on the same disk (`mount --bind`), which device numbers do not show. */
export async function isMountPoint(path: string): Promise<boolean> {
  return (await listMounts()).some(({ point }) => point === path);
}

/** In the order in which they were mounted. Empty where the system has no such list. */
async function listMounts(): Promise<Mount[]> {
  try {
    const lines = (await readFile('/proc/self/mountinfo', 'utf8')).split('\n');
    return lines.filter((line) => line !== '').map(readMount);
  } catch {
    // The system has no such list.
    return [];
  }
}

/** `36 35 98:0 / /mnt rw,noatime master:1 - ext4 /dev/root rw` */
function readMount(line: string): Mount {
  const point = decodeMountPoint(line.split(' ')[4] ?? '');
  return { point, type: / - (\S+)/.exec(line)?.[1] ?? '' };
}

/** Blanks and similar characters are octal escapes there: `\040`. */
function decodeMountPoint(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}
