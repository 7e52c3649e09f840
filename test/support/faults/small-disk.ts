import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Name of the file that occupies the remaining room. */
export const BALLAST = 'ballast';

/** Whether this process may mount a disk: Linux, and root with all its rights. */
export const canMount = (() => {
  if (process.platform !== 'linux') return false;
  const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8'));
  const CAP_SYS_ADMIN = 21n;
  return effective !== null && (BigInt(`0x${effective[1]}`) & (1n << CAP_SYS_ADMIN)) !== 0n;
})();

/** A disk in memory with little room. */
export class SmallDisk {
  readonly path: string;

  /** @param path an empty directory */
  constructor(path: string) {
    this.path = path;
  }

  mount(...options: string[]): void {
    execFileSync('mount', ['-t', 'tmpfs', '-o', options.join(','), 'graphkeep-test', this.path], { stdio: 'pipe' });
  }

  unmount(): void {
    execFileSync('umount', [this.path], { stdio: 'pipe' });
  }

  /** Leaves this much room on the disk. */
  fillUp(roomBytes: number): void {
    rmSync(join(this.path, BALLAST), { force: true });
    const { bavail, bsize } = statfsSync(this.path);
    writeFileSync(join(this.path, BALLAST), Buffer.alloc(Math.max(0, bavail * bsize - roomBytes)));
  }

  freeRoom(): void {
    rmSync(join(this.path, BALLAST));
  }
}
