import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Whether `strace` is there and may be used. */
export const canTrace = spawnSync('strace', ['-qq', '-o', '/dev/null', 'true']).status === 0;

/** A command line to which another one is appended: its system calls with files and descriptors are written to the empty `folder`. */
export function traced(folder: string): string[] {
  // One file for each thread, so that no line is cut by another; paths of descriptors, no content.
  const how = ['-ff', '--seccomp-bpf', '-y', '-qq', '-s', '0', '-e', 'trace=%file,%desc'];
  return ['strace', ...how, '-o', join(folder, 'calls')];
}

/** Calls that only look, whatever their arguments. */
const READING = [
  ['read', 'pread64', 'readv', 'preadv', 'preadv2', 'lseek', 'readahead', 'fadvise64', 'close', 'poll', 'epoll_ctl'],
  ['stat', 'lstat', 'fstat', 'newfstatat', 'statx', 'statfs', 'fstatfs', 'access', 'faccessat', 'faccessat2'],
  ['readlink', 'readlinkat', 'getdents64', 'inotify_add_watch', 'chdir'],
].flat();

/** Calls that name two files: the argument that is only read. */
const SOURCE_ARGUMENT: Record<string, number> = { copy_file_range: 0, sendfile: 1, ioctl: 2 };

/**
 * The traced calls that name something below `directory` and do more than read it: open for writing, create, rename, remove, lock, change
 * rights or times, and everything else that is not known to be harmless. `fdatasync` is allowed: it changes nothing, and the log needs it.
 */
export function harmfulCalls(folder: string, directory: string): string[] {
  return tracedCalls(folder).filter((line) => line.includes(directory) && !isHarmless(line, directory));
}

/** All traced calls, one line each. */
export function tracedCalls(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => readFileSync(join(folder, name), 'utf8').trimEnd().split('\n'));
}

function isHarmless(line: string, directory: string): boolean {
  const call = /^(\w+)\((.*)/.exec(line);
  if (call === null) return false;
  const [, name, rest] = call as unknown as [string, string, string];
  if (READING.includes(name) || name === 'fdatasync') return true;
  if (['open', 'openat', 'openat2'].includes(name)) return !/O_(WRONLY|RDWR|CREAT|TRUNC|APPEND|TMPFILE)/.test(rest);
  if (name === 'fcntl') return /, F_(GETFL|GETFD|SETFD|DUPFD|DUPFD_CLOEXEC)\b/.test(rest);
  if (name === 'mmap') return !rest.includes('PROT_WRITE') || rest.includes('MAP_PRIVATE');
  const source = SOURCE_ARGUMENT[name];
  if (source === undefined || (name === 'ioctl' && !rest.includes('FICLONE'))) return false;
  return rest.split(', ').every((argument, i) => i === source || !argument.includes(directory));
}
