import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { unpackStore } from '../../../test/support/corpus/golden-store.ts';
import { makeTemporaryDirectory, removeDirectory } from '../../../test/support/corpus/unpack-corpus.ts';
import { copyDerivedFiles } from './derived-copy.ts';

let root: string;
let store: string;
let copy: string;
beforeEach(async () => {
  root = await makeTemporaryDirectory();
  store = await unpackStore('3.4.9-standard', root);
  copy = join(root, 'copy');
  mkdirSync(copy);
});
afterEach(() => removeDirectory(root));

const { signal } = new AbortController();

const list = (directory: string) => readdirSync(directory, { recursive: true, encoding: 'utf8' }).sort();

/** What a server would send of these files, except the counts. */
function derived(directory: string): string[] {
  return list(directory).filter(
    (name) =>
      /^(index\.db$|schema|index|neostore\.labelscanstore\.db$)/.test(name) && !/write\.lock$|profiles/.test(name),
  );
}

it('all parts of all indexes of a real store are copied', async () => {
  await copyDerivedFiles(store, copy, signal);
  expect(derived(store).some((name) => name.includes('temporal-1.0/'))).toBe(true);
  expect(list(copy)).toEqual(derived(store));
});
