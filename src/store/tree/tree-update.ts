import { GraphkeepError } from '../../base/errors.ts';
import { BranchUpdate } from './branch-update.ts';
import { FreeList } from './free-list.ts';
import type { TreeLayout } from './layout.ts';
import { openPageFile, type PageFile } from './page-file.ts';
import { Pulse } from './pulse.ts';
import { type ScrubResult, scrubTree } from './scrub.ts';
import { encodeStatePage, type TreeState } from './state-page.ts';
import { ChangeQueue, type TreeChange } from './tree-change.ts';
import { type OpenTree, openTree } from './tree-file.ts';

export interface TreeUpdateOptions {
  signal?: AbortSignal;
  /** New user header; it becomes current together with the changes. */
  header?: Uint8Array;
}

export interface TreeUpdateResult {
  /** Entries that were not there before. */
  added: number;
  removed: number;
  /** Entries whose value (or the bytes of whose key) changed. */
  replaced: number;
}

const MAX_GENERATION = 0xffff_ffff;

/**
 * Applies `changes`, which ascend by key, to a tree file, all or nothing: until the last write, and whatever part of the writes
 * reached the disk, the file reads as before at its last check point, for us and for a real server. Returns when the result is durable; the
 * file is then closed cleanly, also if it was not before. No changes, no writes, unless the file was not clean. May be repeated
 * with the same changes at any time.
 *
 * The order of writes (each step durable before the next):
 * 1. if the tree was not closed: pointers newer than the check point S are blanked ({@link scrubTree});
 * 2. the other state page: (S, new generation N, not clean), so that a server finds and blanks what we leave if we die;
 * 3. changed nodes as new pages of generation N; pointers to them in nodes that stay, in the slot that S does not use; the free list behind
 *    the position that S knows;
 * 4. the first state page: (stable N, unstable N + 1, clean) with the new root.
 */
export async function updateTree(
  path: string,
  layout: TreeLayout,
  changes: Iterable<TreeChange>,
  options: TreeUpdateOptions = {},
): Promise<TreeUpdateResult> {
  const file = openPageFile(path, 'write');
  try {
    return await updateTreeFile(file, layout, changes, options);
  } finally {
    file.close();
  }
}

/** Takes a tree that was not closed to the clean state of its last check point; a clean one is left alone. */
export async function closeTreeCleanly(
  path: string,
  layout: TreeLayout,
  options: TreeUpdateOptions = {},
): Promise<void> {
  await updateTree(path, layout, [], options);
}

/** {@link updateTree} on an open file, which stays open. */
export async function updateTreeFile(
  file: PageFile,
  layout: TreeLayout,
  changes: Iterable<TreeChange>,
  options: TreeUpdateOptions = {},
): Promise<TreeUpdateResult> {
  const tree = openTree(file, layout);
  const pulse = new Pulse(options.signal);
  const scrubbed = tree.state.clean ? { oldFreeListPages: [] } : await scrubTree(tree, pulse);
  const writing = new Writing(tree, scrubbed, options.header);
  if (scrubbed.free !== undefined) await writing.begin();
  const update = new BranchUpdate(tree, new ChangeQueue(changes, tree), writing, pulse);
  const root = await update.run();
  if (options.header !== undefined && Buffer.compare(options.header, tree.header) !== 0) await writing.begin();
  await writing.complete(root);
  return update.result;
}

/** The frame of an update: everything around the nodes. */
export class Writing {
  readonly generation: number;
  readonly freeList: FreeList;
  private readonly tree: OpenTree;
  private readonly newHeader: Uint8Array;
  private hasBegun = false;

  constructor(tree: OpenTree, scrubbed: ScrubResult, newHeader = tree.header) {
    this.tree = tree;
    this.newHeader = newHeader;
    this.generation = tree.state.unstable + 1;
    if (this.generation >= MAX_GENERATION) {
      throw new GraphkeepError('file.corrupt', 'the generations of the tree are used up', {
        place: { file: tree.file.path, offset: tree.format.pageBytes },
        observed: tree.state.unstable,
      });
    }
    this.freeList = new FreeList(tree, this.generation, scrubbed.free);
    for (const id of scrubbed.oldFreeListPages) this.freeList.release(id);
  }

  /** Has to return before anything is written for the update; does its work once. */
  async begin(): Promise<void> {
    if (this.hasBegun) return;
    this.hasBegun = true;
    const { file, state } = this.tree;
    // Blanked pointers have to be gone before the state promises a generation that may not be found there.
    if (!state.clean) await file.sync();
    await this.writeState(this.otherStatePage, { ...state, unstable: this.generation, clean: false });
  }

  /** Makes everything durable and current. If nothing has begun there is at most a tree to close. */
  async complete(rootId: number): Promise<void> {
    const { file, state, statePage } = this.tree;
    if (!this.hasBegun) {
      if (!state.clean) await this.closeUnchanged();
      return;
    }
    const freeList = this.freeList.flush();
    await file.sync();
    const next = {
      ...state,
      ...freeList,
      stable: this.generation,
      unstable: this.generation + 1,
      rootId,
      rootGeneration: rootId === state.rootId ? state.rootGeneration : this.generation,
      clean: true,
    };
    await this.writeState(statePage, next, this.newHeader);
  }

  /** Beside the state that is not clean stands the same one as clean: the form that a server leaves when it stops. */
  private async closeUnchanged(): Promise<void> {
    const { file, state } = this.tree;
    await file.sync();
    await this.writeState(this.otherStatePage, { ...state, clean: true });
  }

  private get otherStatePage(): 1 | 2 {
    return this.tree.statePage === 1 ? 2 : 1;
  }

  private async writeState(statePage: 1 | 2, state: TreeState, header = this.tree.header): Promise<void> {
    const { file, format } = this.tree;
    file.write(encodeStatePage(state, header, format.pageBytes), statePage * format.pageBytes);
    await file.sync();
  }
}
