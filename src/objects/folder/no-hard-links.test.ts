import { expect, it, vi } from 'vitest';
import { describeObjectStore } from '../../../test/support/conformance/object-store.ts';
import { makeTemporaryDirectory, removeDirectory } from '../../../test/support/corpus/unpack-corpus.ts';
import { sha256Of } from '../whole-object.ts';
import { FolderStore } from './folder-store.ts';

/** A file system without hard links, such as FAT. */
vi.mock('node:fs/promises', async (importOriginal) => ({
  ...(await importOriginal<typeof import('node:fs/promises')>()),
  link: () => Promise.reject(Object.assign(new Error('EPERM'), { code: 'EPERM', syscall: 'link' })),
}));

const never = new AbortController().signal;

describeObjectStore(
  'a folder without hard links',
  async (scratch) => ({ open: () => FolderStore.open(scratch), close: async () => {} }),
  { races: false, copies: false },
);

it('a folder without hard links does not claim what it cannot do', async () => {
  const scratch = await makeTemporaryDirectory();
  const store = await FolderStore.open(scratch);
  await store.create('a', Buffer.from('x'), sha256Of(Buffer.from('x')), {}, never);
  await expect(store.copy('a', 'b', never)).rejects.toMatchObject({ code: 'object.unsupported' });
  expect(store.capabilities).toMatchObject({ conditionalCreate: false, serverSideCopy: false });
  await removeDirectory(scratch);
});
