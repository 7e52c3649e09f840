import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { campaign } from '../../../../test/support/random/campaign-size.ts';
import { MemoryPageFile } from '../../../../test/support/stores/memory-page-file.ts';
import { loadTree, readEntries } from '../../../../test/support/trees/trees.ts';
import { numberKey, numberLayout } from '../../index/keys/number-key.ts';
import { RIGHT_SIBLING_AT, SUCCESSOR_AT } from '../page/node-page.ts';
import { SLOT_BYTES, writeSlot } from '../page/pointer.ts';
import { encodeStatePage, type TreeState } from '../page/state-page.ts';
import { walkFreeList } from '../read/free-list-walk.ts';
import { checkTreeStructure } from '../read/structure-check.ts';
import { openTree } from '../read/tree-file.ts';
import type { TreeChange } from './tree-change.ts';
import { updateTreeFile } from './tree-update.ts';

const PAGE_BYTES = 256;
const layout = numberLayout;
const key = (n: number) => numberKey.encode(n, [{ type: 'int', value: n }])!;

/** A tree that has been updated a few times, so that its free list is long: 24 entries fit on a page. */
async function createTree(): Promise<MemoryPageFile> {
  const keys = Array.from({ length: 400 }, (_, n) => ({ key: key(n) }));
  const file = new MemoryPageFile(await loadTree(layout, keys, PAGE_BYTES));
  for (const step of [2, 3, 5]) {
    const changes = keys.map((entry, n): TreeChange => ({ kind: n % step === 0 ? 'remove' : 'add', key: entry.key }));
    await updateTreeFile(file, layout, changes);
  }
  return file;
}

/** Rewrites the current state. */
function patchState(file: MemoryPageFile, patch: Partial<TreeState>): void {
  const { state, statePage, header } = openTree(file, layout);
  file.write(encodeStatePage({ ...state, ...patch }, header, PAGE_BYTES), statePage * PAGE_BYTES);
}

async function expectHealed(file: MemoryPageFile, entries: string[]): Promise<void> {
  await updateTreeFile(file, layout, []);
  expect(await checkTreeStructure(file, layout)).toEqual([]);
  expect(readEntries(file, layout)).toEqual(entries);
  const changes = Array.from({ length: 500 }, (_, n): TreeChange => ({ kind: 'add', key: key(n) }));
  await updateTreeFile(file, layout, changes);
  expect(await checkTreeStructure(file, layout)).toEqual([]);
  expect(readEntries(file, layout)).toHaveLength(500);
}

describe('a tree that was not closed', () => {
  it('a tree that was not closed gets a new free list if its own loses pages', async () => {
    const file = await createTree();
    const entries = readEntries(file, layout);
    const { freeWritePage, freeWritePosition } = openTree(file, layout).state;
    patchState(file, { clean: false, freeReadPage: freeWritePage, freeReadPosition: freeWritePosition });
    expect((await checkTreeStructure(file, layout))[0]!.kind).toBe('leaked-page');
    await expectHealed(file, entries);
  });

  it('a tree that was not closed gets a new free list if its own names pages of the tree or cannot be read', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: 255 }), fc.nat({ max: 255 }), async (at, value) => {
        const file = await createTree();
        const entries = readEntries(file, layout);
        const pages: number[] = [];
        walkFreeList(openTree(file, layout), { listPage: (id) => pages.push(id), freePage: () => {} });
        patchState(file, { clean: false });
        file.write(new Uint8Array([value]), pages[at % pages.length]! * PAGE_BYTES + at);
        await expectHealed(file, entries);
      }),
      // A page of the list with the kind of a tree node; found once by chance.
      { numRuns: campaign.rounds(40), examples: [[0, 1]] },
    );
  });

  it('a tree that was not closed loses pointers newer than its check point, including torn ones', async () => {
    const file = await createTree();
    const entries = readEntries(file, layout);
    const { state } = openTree(file, layout);
    patchState(file, { clean: false });
    const slot = new Uint8Array(SLOT_BYTES);
    writeSlot(slot, 0, state.stable + 1, 5);
    for (const at of [RIGHT_SIBLING_AT, SUCCESSOR_AT]) {
      const position = state.rootId * PAGE_BYTES + at + SLOT_BYTES;
      file.write(slot, position);
      expect(readEntries(file, layout)).toEqual(entries);
      slot[SLOT_BYTES - 1]! ^= 1;
    }
    await expectHealed(file, entries);
  });

  it('a tree that claims to be closed but has newer pointers is refused', async () => {
    const file = await createTree();
    const entries = readEntries(file, layout);
    const { state } = openTree(file, layout);
    const slot = new Uint8Array(SLOT_BYTES);
    writeSlot(slot, 0, state.stable + 1, 5);
    file.write(slot, state.rootId * PAGE_BYTES + RIGHT_SIBLING_AT + SLOT_BYTES);
    expect((await checkTreeStructure(file, layout))[0]!.kind).toBe('crash-pointer');
    await expect(updateTreeFile(file, layout, [{ kind: 'remove', key: key(7) }])).rejects.toThrow(
      'a pointer of a crash',
    );
    expect(readEntries(file, layout)).toEqual(entries);
  });

  it('a tree that was not closed because an update failed half way has its old content', async () => {
    const file = await createTree();
    const entries = readEntries(file, layout);
    const changes = [7, 300, 20].map((n): TreeChange => ({ kind: 'remove', key: key(n) }));
    await expect(updateTreeFile(file, layout, changes)).rejects.toThrow('do not ascend');
    expect(openTree(file, layout).state.clean).toBe(false);
    await expectHealed(file, entries);
  });

  it('a tree that was not closed because an update was cancelled half way has its old content', async () => {
    const file = await createTree();
    const entries = readEntries(file, layout);
    const cancel = new AbortController();
    const changes = function* (): Generator<TreeChange> {
      for (let n = 0; n < 100_000; n++) {
        if (n === 60_000) cancel.abort();
        yield { kind: 'add', key: key(n) };
      }
    };
    const run = updateTreeFile(file, layout, changes(), { signal: cancel.signal });
    await expect(run).rejects.toMatchObject({ code: 'cancelled' });
    await expectHealed(file, entries);
  });
});
