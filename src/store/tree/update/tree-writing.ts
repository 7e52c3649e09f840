import { GraphkeepError } from '../../../base/errors.ts';
import { encodeStatePage, type TreeState } from '../page/state-page.ts';
import type { OpenTree } from '../read/tree-file.ts';
import { FreeList } from './free-list.ts';
import type { ScrubResult } from './scrub.ts';

const MAX_GENERATION = 0xffff_ffff;

/** The frame of an update: state pages, free list, and everything else around the nodes. */
export class TreeWriting {
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

  /** Must resolve before the update writes anything. Works once; further calls do nothing. */
  async begin(): Promise<void> {
    if (this.hasBegun) return;
    this.hasBegun = true;
    const { file, state } = this.tree;
    // The blanked pointers must be durable before the state announces a generation that must not be found there.
    if (!state.clean) await file.sync();
    await this.writeState(this.otherStatePage, { ...state, unstable: this.generation, clean: false });
  }

  /** Makes everything durable and current. If nothing was begun, only closes the tree if needed. */
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

  /** Writes the same state marked clean beside the one that is not clean: the form in which a stopping server leaves it. */
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
