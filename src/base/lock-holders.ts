import { readFile, realpath } from 'node:fs/promises';
import { statIfExists } from './durable-files.ts';
import { mountOf } from './mounts.ts';

/** Whether anybody holds a lock on a file, seen without taking one. */
export type LockView =
  /** `process`: its id, where the system tells it. */
  | { kind: 'held'; process: number | undefined }
  /** Nobody that this process can see: locks of other containers may be hidden. Also if there is no such file. */
  | { kind: 'free' }
  /** The system has no list of locks. */
  | { kind: 'unseen' };

/** Looks for locks on a file in the list of the system. Neither opens nor locks the file. */
export async function viewLock(path: string): Promise<LockView> {
  const info = await statIfExists(path);
  if (info === undefined) return { kind: 'free' };
  let list: string;
  try {
    list = await readFile('/proc/locks', 'utf8');
  } catch {
    // Only Linux has it.
    return { kind: 'unseen' };
  }
  const mount = await mountOf(await realpath(path).catch(() => path));
  return findHolder(list, info, OTHER_DEVICE.test(mount?.type ?? ''));
}

/** The same for files any of which may hold the lock that counts: one that is held, else one that cannot be seen. */
export async function viewLocks(paths: readonly [string, ...string[]]): Promise<LockView> {
  const views = await Promise.all(paths.map((path) => viewLock(path)));
  return views.find(({ kind }) => kind === 'held') ?? views.find(({ kind }) => kind === 'unseen') ?? views[0]!;
}

/** File systems on which a file has another device in the list than for `stat`: there the number of its inode has to do. */
const OTHER_DEVICE = /^(btrfs|bcachefs|overlay|overlayfs|aufs|zfs)$/;

/** Looks for a file in the text of the list. `hasOtherDevice`: its device there is another one than that of `stat`. */
export function findHolder(
  list: string,
  { dev, ino }: { dev: number; ino: number },
  hasOtherDevice: boolean,
): LockView {
  const locks = list.split('\n').map(readLock);
  const found = locks.find((lock) => lock?.inode === ino && (hasOtherDevice || lock.device === dev));
  if (found === undefined) return { kind: 'free' };
  return { kind: 'held', process: found.process > 0 ? found.process : undefined };
}

interface ListedLock {
  device: number;
  inode: number;
  process: number;
}

/** `1: POSIX  ADVISORY  WRITE 8320 fe:00:5439790 0 EOF`; the process of an open file description lock is -1. Waiting ones have `->`. */
function readLock(line: string): ListedLock | undefined {
  const match = /^\d+: (?!->)\S+ +\S+ +\S+ +(-?\d+) ([0-9a-f]+):([0-9a-f]+):(\d+) /.exec(line);
  if (match === null) return undefined;
  const [, process, major, minor, inode] = match;
  const device = deviceNumber(Number.parseInt(major!, 16), Number.parseInt(minor!, 16));
  return { device, inode: Number(inode), process: Number(process) };
}

/** As `stat` gives it on Linux: 12 bits of the major number between two parts of the minor one. */
function deviceNumber(major: number, minor: number): number {
  return (minor & 0xff) + (major & 0xfff) * 0x100 + Math.floor(minor / 0x100) * 0x10_0000;
}
