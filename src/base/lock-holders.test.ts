import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeTemporaryDirectory, removeDirectory } from '../../test/support/corpus/unpack-corpus.ts';
import { lockFile } from '../../test/support/stores/locked-file.ts';
import { findHolder, viewLock } from './lock-holders.ts';

let root: string;
beforeEach(async () => {
  root = await makeTemporaryDirectory();
});
afterEach(() => removeDirectory(root));

describe.runIf(process.platform === 'linux')('viewLock', () => {
  it('a lock is seen while it is held, and of the file that it is on only', async () => {
    const path = join(root, 'store_lock');
    writeFileSync(join(root, 'other'), '');
    const lock = await lockFile(path);
    expect(await viewLock(path)).toEqual({ kind: 'held', process: undefined });
    expect(await viewLock(join(root, 'other'))).toEqual({ kind: 'free' });
    await lock.release();
    writeFileSync(path, '');
    expect(await viewLock(path)).toEqual({ kind: 'free' });
  });

  it('a file that does not exist is not locked, and is not made', async () => {
    expect(await viewLock(join(root, 'store_lock'))).toEqual({ kind: 'free' });
    const lock = await lockFile(join(root, 'store_lock'));
    expect(lock.created).toBe(true);
    await lock.release();
  });
});

describe('the list of the system', () => {
  const list = [
    '1: POSIX  ADVISORY  WRITE 8320 fe:02:12 0 EOF',
    '2: -> POSIX  ADVISORY  WRITE 77 fe:00:13 0 EOF',
    '3: OFDLCK ADVISORY  READ  -1 00:27:333 0 EOF',
    'something else',
    '',
  ].join('\n');
  const device = (major: number, minor: number) => major * 256 + minor;

  it('a lock is of a file by its device and inode, with the process that holds it', () => {
    expect(findHolder(list, { dev: device(0xfe, 2), ino: 12 }, false)).toEqual({ kind: 'held', process: 8320 });
    expect(findHolder(list, { dev: device(0xfe, 3), ino: 12 }, false)).toEqual({ kind: 'free' });
    expect(findHolder(list, { dev: device(0xfe, 2), ino: 13 }, false)).toEqual({ kind: 'free' });
  });

  it('who only waits for a lock does not hold it', () => {
    expect(findHolder(list, { dev: device(0xfe, 0), ino: 13 }, false)).toEqual({ kind: 'free' });
  });

  it('where files have another device in the list, the inode tells', () => {
    expect(findHolder(list, { dev: 40, ino: 333 }, true)).toEqual({ kind: 'held', process: undefined });
    expect(findHolder(list, { dev: 40, ino: 333 }, false)).toEqual({ kind: 'free' });
  });
});
