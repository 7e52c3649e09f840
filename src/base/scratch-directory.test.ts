import { existsSync, mkdirSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { makeTemporaryDirectory, removeDirectory } from '../../test/support/corpus/unpack-corpus.ts';
import { ScratchDirectory } from './scratch-directory.ts';

let root: string;
let parent: string;
let round = 0;
beforeAll(async () => {
  root = await makeTemporaryDirectory();
});
afterAll(() => removeDirectory(root));
beforeEach(() => {
  parent = join(root, `${round++}`);
  mkdirSync(parent);
});

it('a scratch directory belongs to its owner only, and leaves nothing', async () => {
  const scratch = await ScratchDirectory.create(parent, 'work');
  expect(statSync(scratch.path).mode & 0o777).toBe(0o700);
  mkdirSync(join(scratch.path, 'store'));
  writeFileSync(join(scratch.path, 'store', 'x'), 'x');
  await scratch.remove();
  expect(readdirSync(parent)).toEqual([]);
});

it('what killed runs have left is removed, and nothing else', async () => {
  mkdirSync(join(parent, 'work-0123abcd', 'store'), { recursive: true });
  writeFileSync(join(parent, 'work-0123abcd.lock'), '');
  mkdirSync(join(parent, 'work-without1'));
  mkdirSync(join(parent, 'work-1111aaaa'));
  writeFileSync(join(parent, 'work-2222bbbb.lock'), '');
  // Not made by us: other names, and other kinds of entries.
  const foreign = ['other-0123abcd', 'work-0123abcd.old', 'work'];
  for (const name of foreign) mkdirSync(join(parent, name));
  writeFileSync(join(parent, 'work-3333cccc'), '');
  symlinkSync(root, join(parent, 'work-4444dddd'));
  mkdirSync(join(parent, 'work-5555eeee.lock'));
  const scratch = await ScratchDirectory.create(parent, 'work');
  await scratch.remove();
  expect(readdirSync(parent).sort()).toEqual(
    [...foreign, 'work-without1', 'work-3333cccc', 'work-4444dddd', 'work-5555eeee.lock'].sort(),
  );
  expect(existsSync(join(root, '0'))).toBe(true);
});

it('runs at the same time do not disturb each other', async () => {
  const all = await Promise.all(Array.from({ length: 8 }, () => ScratchDirectory.create(parent, 'work')));
  for (const { path } of all) expect(existsSync(path)).toBe(true);
  expect(new Set(all.map(({ path }) => path)).size).toBe(8);
  for (const scratch of all) await scratch.remove();
  expect(readdirSync(parent)).toEqual([]);
});

it('a scratch directory needs a directory to be in', async () => {
  await expect(ScratchDirectory.create(join(parent, 'missing'), 'work')).rejects.toMatchObject({
    code: 'directory.missing',
  });
});
