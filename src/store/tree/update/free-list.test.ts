import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  makeTemporaryDirectory,
  removeDirectory,
  unpackCorpus,
} from '../../../../test/support/corpus/unpack-corpus.ts';
import { campaign } from '../../../../test/support/random/campaign-size.ts';
import { MemoryPageFile } from '../../../../test/support/stores/memory-page-file.ts';
import { readEntries } from '../../../../test/support/trees/trees.ts';
import { genericLayout } from '../../index/keys/generic-key.ts';
import { walkFreeList } from '../read/free-list-walk.ts';
import { checkTreeStructure } from '../read/structure-check.ts';
import { openTree } from '../read/tree-file.ts';
import type { TreeChange } from './tree-change.ts';
import { updateTreeFile } from './tree-update.ts';

const PAGE_BYTES = 8192;
const layout = genericLayout;

let directory: string;
beforeAll(async () => {
  directory = await makeTemporaryDirectory();
  await unpackCorpus('trees/free-lists.tar.gz', directory);
});
afterAll(() => removeDirectory(directory));

const read = (name: string) => readFileSync(join(directory, name));

function listPages(file: MemoryPageFile): number[] {
  const pages: number[] = [];
  expect(
    walkFreeList(openTree(file, layout), { listPage: (id) => pages.push(id), freePage: () => {} }),
  ).toBeUndefined();
  return pages;
}

function kindsOf(bytes: Uint8Array, pages: number[]): number[] {
  return pages.map((id) => bytes[id * PAGE_BYTES]!);
}

const remove = (entry: string): TreeChange => ({ kind: 'remove', key: Buffer.from(entry, 'hex') });
const add = (entry: string): TreeChange => ({ kind: 'add', key: Buffer.from(entry, 'hex') });

/** Removes every third entry and adds it again, several times, so that pages of the list are used up, left and added. */
async function updateOften(file: MemoryPageFile): Promise<void> {
  const entries = readEntries(file, layout);
  for (let round = 0; round < campaign.size(4, 2); round++) {
    const chosen = entries.filter((_, i) => i % 3 === round % 3);
    await updateTreeFile(file, layout, chosen.map(remove));
    expect(readEntries(file, layout)).toHaveLength(entries.length - chosen.length);
    expect(await checkTreeStructure(file, layout)).toEqual([]);
    await updateTreeFile(file, layout, chosen.map(add));
    expect(await checkTreeStructure(file, layout)).toEqual([]);
  }
  expect(readEntries(file, layout)).toEqual(entries);
}

describe.each([
  { name: 'two-list-pages', pages: [4, 1276] },
  { name: 'updated-by-server', pages: [1276, 1182] },
])('the free list of a real server, $name', ({ name, pages }) => {
  it('the free list of a real server continues in a page of kind 0 and is sound', async () => {
    const file = new MemoryPageFile(read(name));
    expect(listPages(file)).toEqual(pages);
    expect(kindsOf(file.bytes(), pages)).toEqual([2, 0]);
    expect(readEntries(file, layout)).toHaveLength(900);
    expect(await checkTreeStructure(file, layout)).toEqual([]);
  });

  it('the free list of a real server is updated, and pages that we write have kind 2', async () => {
    const file = new MemoryPageFile(read(name));
    await updateOften(file);
    const now = listPages(file);
    expect(now).not.toEqual(pages);
    expect(kindsOf(file.bytes(), now)).toEqual(now.map(() => 2));
  });

  it.each(campaign.sample([0, 7, 255]))(
    'the free list of a real server is the same with kind byte %i in all its pages',
    async (kind) => {
      const bytes = read(name);
      for (const id of pages) bytes[id * PAGE_BYTES] = kind;
      const file = new MemoryPageFile(bytes);
      expect(await checkTreeStructure(file, layout)).toEqual([]);
      await updateOften(file);
    },
  );
});

describe('a free list that leads into the tree', () => {
  it('a free list that leads into the tree is found by the check, and no update follows it', async () => {
    const bytes = read('two-list-pages');
    const { rootId } = openTree(new MemoryPageFile(bytes), layout).state;
    bytes.writeUInt32BE(rootId, 4 * PAGE_BYTES + 1);
    bytes.writeUInt16BE(0, 4 * PAGE_BYTES + 5);
    const file = new MemoryPageFile(bytes);
    const findings = await checkTreeStructure(file, layout, { maxFindings: 5 });
    expect(findings[0]).toMatchObject({ kind: 'free-list', page: rootId });
    expect(findings[0]!.message).toBe('a page of the free list is also in the tree');
    const entries = readEntries(file, layout);
    const halves = [entries.filter((_, i) => i % 2 === 0), entries.filter((_, i) => i % 2 === 1)];
    const rewriteAll = async () => {
      for (const half of halves) {
        await updateTreeFile(file, layout, half.map(remove));
        await updateTreeFile(file, layout, half.map(add));
      }
    };
    await expect(rewriteAll()).rejects.toMatchObject({
      code: 'file.corrupt',
      message: 'the free list leads to a tree node',
      place: { offset: rootId * PAGE_BYTES },
    });
  });
});
