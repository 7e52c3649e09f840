import {
  FIRST_NODE_PAGE,
  isLeaf,
  KIND_NODE,
  LEFT_SIBLING_AT,
  RIGHT_SIBLING_AT,
  readKeyCount,
  SUCCESSOR_AT,
} from '../page/node-page.ts';
import { findStableSlot, readSlotState, SLOT_BROKEN, SLOT_BYTES, SLOT_NEWER } from '../page/pointer.ts';
import type { Pulse } from '../page/pulse.ts';
import { walkFreeList } from '../read/free-list-walk.ts';
import {
  corruptNode,
  findNodeProblem,
  MAX_DEPTH,
  type OpenTree,
  type Pointer,
  readNode,
  readPointer,
} from '../read/tree-file.ts';

const PAGES_PER_READ = 64;

const IN_TREE = 1;
const FREE_LIST_PAGE = 2;
const FREE = 3;

export interface ScrubResult {
  /** The usable pages, if the free list in the file is not exact. */
  free?: number[];
  /** Pages of the old free list, if it must be rewritten: free after the next check point. */
  oldFreeListPages: number[];
}

/**
 * Takes a tree that was not closed back to its last check point (spec trees-and-indexes 4.1). Blanks every newer pointer slot, so that no
 * later generation mistakes it for its own, and slots torn by the crash. Pages that the tree does not reach stay as they are. Can be
 * repeated if interrupted anywhere.
 */
export async function scrubTree(tree: OpenTree, pulse: Pulse): Promise<ScrubResult> {
  const roles = await markReachablePages(tree, pulse);
  await blankNewerPointers(tree, roles, pulse);
  return checkFreeList(tree, roles);
}

/** Reads the internal nodes from the root down and marks the pages they reach; leaves are not read. */
async function markReachablePages(tree: OpenTree, pulse: Pulse): Promise<Uint8Array> {
  const { state, format } = tree;
  const roles = new Uint8Array(state.lastId + 1);
  const height = findHeight(tree);
  const page = new Uint8Array(format.pageBytes);
  const pointer: Pointer = { id: state.rootId, generation: state.rootGeneration };
  let level = [{ ...pointer }];
  roles[state.rootId] = IN_TREE;
  for (let above = height; above > 0; above--) {
    const next: Pointer[] = [];
    for (const node of level) {
      await pulse.tick();
      readNode(tree, node.id, node.generation, page);
      if (isLeaf(page)) throw corruptNode(tree, node.id, 'a leaf above the level of the other leaves');
      for (let i = 0; i <= readKeyCount(page); i++) {
        readPointer(tree, node.id, page, format.childStart(page, i), pointer);
        if (roles[pointer.id] !== 0) throw corruptNode(tree, pointer.id, 'the tree reaches this page twice');
        roles[pointer.id] = IN_TREE;
        if (above > 1) next.push({ ...pointer });
      }
    }
    level = next;
  }
  return roles;
}

/** Number of levels of internal nodes. */
function findHeight(tree: OpenTree): number {
  const page = new Uint8Array(tree.format.pageBytes);
  const pointer: Pointer = { id: tree.state.rootId, generation: tree.state.rootGeneration };
  for (let height = 0; height <= MAX_DEPTH; height++) {
    readNode(tree, pointer.id, pointer.generation, page);
    if (isLeaf(page)) return height;
    readPointer(tree, pointer.id, page, tree.format.childStart(page, 0), pointer);
  }
  throw corruptNode(tree, pointer.id, 'the tree is too deep, its pointers form a cycle');
}

async function blankNewerPointers(tree: OpenTree, roles: Uint8Array, pulse: Pulse): Promise<void> {
  const { file, format, state } = tree;
  const chunk = new Uint8Array(PAGES_PER_READ * format.pageBytes);
  for (let first = FIRST_NODE_PAGE; first <= state.lastId; first += PAGES_PER_READ) {
    const count = Math.min(PAGES_PER_READ, state.lastId + 1 - first);
    file.read(chunk.subarray(0, count * format.pageBytes), first * format.pageBytes);
    for (let i = 0; i < count; i++) {
      await pulse.tick();
      if (roles[first + i] !== IN_TREE) continue;
      const page = chunk.subarray(i * format.pageBytes, (i + 1) * format.pageBytes);
      if (blankPointersOf(tree, first + i, page)) file.write(page, (first + i) * format.pageBytes);
    }
  }
}

function blankPointersOf(tree: OpenTree, id: number, page: Uint8Array): boolean {
  const { format, state } = tree;
  const problem = findNodeProblem(tree, page, state.stable);
  if (problem !== undefined) throw corruptNode(tree, id, problem);
  let changed = blankPointer(tree, id, page, RIGHT_SIBLING_AT);
  changed = blankPointer(tree, id, page, LEFT_SIBLING_AT) || changed;
  changed = blankPointer(tree, id, page, SUCCESSOR_AT) || changed;
  if (isLeaf(page)) return changed;
  for (let i = 0; i <= readKeyCount(page); i++) {
    changed = blankPointer(tree, id, page, format.childStart(page, i)) || changed;
  }
  return changed;
}

function blankPointer(tree: OpenTree, id: number, page: Uint8Array, at: number): boolean {
  const { stable } = tree.state;
  if (findStableSlot(page, at, stable) === -1) throw corruptNode(tree, id, 'a pointer is unreadable', at);
  let changed = false;
  for (const slot of [at, at + SLOT_BYTES]) {
    const slotState = readSlotState(page, slot, stable);
    if (slotState !== SLOT_NEWER && slotState !== SLOT_BROKEN) continue;
    page.fill(0, slot, slot + SLOT_BYTES);
    changed = true;
  }
  return changed;
}

/**
 * Checks that the check point's free list names exactly the pages that the tree does not reach, and that none of its own pages looks like a
 * tree node, which an update would refuse.
 */
function checkFreeList(tree: OpenTree, roles: Uint8Array): ScrubResult {
  const listPages: number[] = [];
  let exact = true;
  const kind = new Uint8Array(1);
  const claim = (id: number, role: number) => {
    if (id < FIRST_NODE_PAGE || id >= roles.length || roles[id] !== 0) exact = false;
    else roles[id] = role;
    if (role === FREE_LIST_PAGE) listPages.push(id);
  };
  const problem = walkFreeList(tree, {
    listPage: (id) => {
      claim(id, FREE_LIST_PAGE);
      tree.file.read(kind, id * tree.format.pageBytes);
      if (kind[0] === KIND_NODE) exact = false;
    },
    freePage: (id) => claim(id, FREE),
  });
  if (problem === undefined && exact && roles.indexOf(0, FIRST_NODE_PAGE) === -1) return { oldFreeListPages: [] };
  const free: number[] = [];
  const oldFreeListPages: number[] = [];
  for (let id = FIRST_NODE_PAGE; id < roles.length; id++) {
    if (roles[id] === IN_TREE) continue;
    if (roles[id] === FREE_LIST_PAGE) oldFreeListPages.push(id);
    else free.push(id);
  }
  return { free: free.reverse(), oldFreeListPages };
}
