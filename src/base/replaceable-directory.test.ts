import { mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeTemporaryDirectory, removeDirectory } from '../../test/support/corpus/unpack-corpus.ts';
import { pretendMounts } from '../../test/support/faults/pretended-mounts.ts';
import { findRenameObstacle, resolveTarget } from './replaceable-directory.ts';

let root: string;
beforeEach(async () => {
  root = await realpath(await makeTemporaryDirectory());
});
afterEach(() => removeDirectory(root));

describe('resolveTarget', () => {
  it('resolveTarget follows links, even several in a row or to something not made yet', async () => {
    mkdirSync(join(root, 'disk', 'sub'), { recursive: true });
    symlinkSync('disk', join(root, 'to-disk'));
    symlinkSync(join('to-disk', 'sub', '..', 'new'), join(root, 'a'));
    symlinkSync('a', join(root, 'b'));
    expect(await resolveTarget(join(root, 'b'))).toBe(join(root, 'disk', 'new'));
    expect(await resolveTarget(join(root, 'to-disk', 'x'))).toBe(join(root, 'disk', 'x'));
    expect(await resolveTarget(join(root, 'missing', 'x'))).toBe(join(root, 'missing', 'x'));
  });
});

describe('findRenameObstacle', () => {
  it('findRenameObstacle has no objection to an ordinary directory, whether it exists or not', async () => {
    mkdirSync(join(root, 'a'));
    expect(await findRenameObstacle(join(root, 'a'))).toBeUndefined();
    expect(await findRenameObstacle(join(root, 'b'))).toBeUndefined();
  });

  it('findRenameObstacle knows mount points, even on the same disk and with blanks in their names', async () => {
    const path = join(root, 'with blank');
    mkdirSync(path);
    const unmount = pretendMounts(path);
    expect(await findRenameObstacle(path)).toBe('the directory with blank is a mount point');
    unmount();
    expect(await findRenameObstacle(path)).toBeUndefined();
  });

  it.runIf(process.platform === 'linux')('findRenameObstacle knows every mount point of this machine', async () => {
    const points = readFileSync('/proc/self/mountinfo', 'utf8').trim().split('\n');
    expect(points.some((line) => line.split(' ')[4] === '/proc')).toBe(true);
    expect(await findRenameObstacle('/proc')).toBe('the directory proc is a mount point');
  });
});
