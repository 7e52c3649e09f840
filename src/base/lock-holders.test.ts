import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeTemporaryDirectory, removeDirectory } from '../../test/support/corpus/unpack-corpus.ts';
import { lockFile } from '../../test/support/stores/locked-file.ts';
import { viewLock } from './lock-holders.ts';

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
    await expect(lockFile(join(root, 'store_lock'))).resolves.toMatchObject({ created: true });
  });
});
