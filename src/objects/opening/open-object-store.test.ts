import { join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { makeTemporaryDirectory, removeDirectory } from '../../../test/support/corpus/unpack-corpus.ts';
import { openObjectStore } from './open-object-store.ts';

let scratch: string;
beforeEach(async () => {
  scratch = await makeTemporaryDirectory();
});
afterEach(() => removeDirectory(scratch));

it('a folder is opened by its path, absolute or not, and by either form of its URL', async () => {
  const path = join(scratch, 'a b');
  for (const location of [path, relative('.', path), `file:${path}`, String(pathToFileURL(path))]) {
    const store = await openObjectStore(location, { create: true });
    expect([location, store.kind, store.address]).toEqual([location, 'folder', path]);
  }
});

it('a folder that does not exist is made only when that is asked for', async () => {
  await expect(openObjectStore(join(scratch, 'none'))).rejects.toMatchObject({ code: 'object.no-store' });
});

it.each(['ftp://host/x', 'gs://bucket', 'file://other-host/x'])('%s is no address of a store', async (location) => {
  await expect(openObjectStore(location)).rejects.toMatchObject({ code: 'object.address', observed: location });
});
