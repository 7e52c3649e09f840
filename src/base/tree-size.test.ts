import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { makeTemporaryDirectory, removeDirectory } from '../../test/support/corpus/unpack-corpus.ts';
import { measureTree } from './tree-size.ts';

let root: string;
beforeEach(async () => {
  root = await makeTemporaryDirectory();
  await mkdir(join(root, 'a/b'), { recursive: true });
  await writeFile(join(root, 'one'), 'x'.repeat(10));
  await writeFile(join(root, 'a/two'), 'x'.repeat(20));
  await writeFile(join(root, 'a/b/three'), 'x'.repeat(30));
});
afterEach(() => removeDirectory(root));

it('counts files and bytes of all folders', async () => {
  expect(await measureTree(root)).toEqual({ files: 3, bytes: 60 });
});

it('leaves out what is not wanted, with all below it', async () => {
  expect(await measureTree(root, (name) => name !== 'a/b')).toEqual({ files: 2, bytes: 30 });
});

it('ends where a link leads back or nowhere, and knows nothing of a directory that is not there', async () => {
  await symlink(root, join(root, 'a/back'));
  await symlink(join(root, 'gone'), join(root, 'dangling'));
  expect(await measureTree(root)).toEqual({ files: 3, bytes: 60 });
  expect(await measureTree(join(root, 'gone'))).toEqual({ files: 0, bytes: 0 });
});
