import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

/*
 * Simulates mount points without the right to mount: the system's list names a directory that is not one, and renaming that directory fails
 * as with a real one. Call it before the code under test is loaded or, since that looks up both functions at each call, at any time later.
 */

const { readFile, rename } = fs.promises;

/** @returns a function that ends the pretence */
export function pretendMounts(...mounted: readonly string[]): () => void {
  const read = async (...args: Parameters<typeof readFile>) => {
    const text = await readFile(...args);
    if (args[0] !== '/proc/self/mountinfo') return text;
    return `${text}${mounted.map((path) => `999 1 0:99 / ${encodeMountPoint(path)} rw - tmpfs none rw\n`).join('')}`;
  };
  const move = async (from: string, to: string) => {
    for (const path of [from, to]) if (mounted.includes(path)) throw busy(from, to);
    await rename(from, to);
  };
  Object.assign(fs.promises, { readFile: read, rename: move });
  syncBuiltinESMExports();
  return () => {
    Object.assign(fs.promises, { readFile, rename });
    syncBuiltinESMExports();
  };
}

function encodeMountPoint(path: string): string {
  return path.replace(/[ \t\n\\]/g, (byte) => `\\${byte.charCodeAt(0).toString(8).padStart(3, '0')}`);
}

function busy(from: string, to: string): Error {
  const error = new Error(`EBUSY: resource busy or locked, rename '${from}' -> '${to}'`);
  return Object.assign(error, { code: 'EBUSY', errno: -16, syscall: 'rename', path: from, dest: to });
}
