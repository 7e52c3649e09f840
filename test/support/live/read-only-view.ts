import { spawnSync } from 'node:child_process';
import { canMount } from '../faults/small-disk.ts';

/** Whether a process can be given a view of its own of the file system: Linux, root, and `unshare`. */
export const canViewReadOnly = canMount && spawnSync('unshare', ['--mount', 'true']).status === 0;

/**
 * A command line to which another one is appended: it runs where everything below `directory` is mounted read-only. Whoever else uses the
 * directory does not notice: the mount is in a namespace of its own, and ends with the process.
 */
export function viewedReadOnly(directory: string): string[] {
  const mounting = 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && exec "$@"';
  return ['unshare', '--mount', '--propagation', 'private', 'sh', '-ec', mounting, directory];
}
