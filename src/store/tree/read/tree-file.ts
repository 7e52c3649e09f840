import { GraphkeepError } from '../../../base/errors.ts';
import type { TreeLayout } from '../page/layout.ts';
import { decodeMetaPage, findMetaProblem, META_BYTES } from '../page/meta-page.ts';
import type { NodeFormat } from '../page/node-format.ts';
import { createNodeFormat } from '../page/node-formats.ts';
import { BODY_AT, FIRST_NODE_PAGE, KIND_NODE, readNodeGeneration } from '../page/node-page.ts';
import { openPageFile, type PageFile, truncated } from '../page/page-file.ts';
import { findStableSlot, NO_NODE, readPageId, readSlotGeneration } from '../page/pointer.ts';
import { chooseState, decodeStatePage, type TreeState } from '../page/state-page.ts';

/** Deeper than any tree that fits on a disk; a longer path must be a cycle. */
export const MAX_DEPTH = 64;

/** An open tree file with its current state. */
export interface OpenTree {
  readonly file: PageFile;
  readonly layout: TreeLayout;
  readonly format: NodeFormat;
  readonly state: TreeState;
  /** The state page that holds {@link state}: 1 or 2. */
  readonly statePage: 1 | 2;
  /** User header of the current state: index state, settings (spec trees-and-indexes 9 and 11). */
  readonly header: Uint8Array;
}

/**
 * Opens the tree in `file`: checks that it has `layout`, chooses the current state (spec trees-and-indexes 3), and checks that the file is
 * long enough. Closes the file on errors.
 */
export function openTree(file: PageFile, layout: TreeLayout): OpenTree {
  try {
    const head = new Uint8Array(META_BYTES);
    file.read(head, 0);
    const meta = decodeMetaPage(head);
    const problem = findMetaProblem(meta, layout);
    if (problem !== undefined) throw corrupt(file, 0, problem.message, problem.observed);
    const current = readCurrentState(file, meta.pageBytes);
    checkState(file, current.state, meta.pageBytes);
    return { file, layout, format: createNodeFormat(layout, meta.pageBytes), ...current };
  } catch (error) {
    file.close();
    throw error;
  }
}

/** Opens a tree for reading only. */
export function openTreeForReading(path: string, layout: TreeLayout): OpenTree {
  return openTree(openPageFile(path, 'read'), layout);
}

function readCurrentState(file: PageFile, pageBytes: number): Pick<OpenTree, 'state' | 'statePage' | 'header'> {
  const pages = new Uint8Array(2 * pageBytes);
  file.read(pages, pageBytes);
  const a = decodeStatePage(pages.subarray(0, pageBytes));
  const b = decodeStatePage(pages.subarray(pageBytes));
  const choice = chooseState(a?.state, b?.state);
  if (choice === 'none-valid') throw corrupt(file, pageBytes, 'no state page of the tree is valid');
  if (choice === 'indistinguishable')
    throw corrupt(file, pageBytes, 'both state pages of the tree claim to be current');
  const chosen = (choice === 'a' ? a : b)!;
  const statePage = choice === 'a' ? 1 : 2;
  if (chosen.header === undefined) {
    throw corrupt(file, statePage * pageBytes, 'the user header does not fit into the state page');
  }
  return { state: chosen.state, statePage, header: chosen.header };
}

function checkState(file: PageFile, state: TreeState, pageBytes: number): void {
  const { stable, unstable, lastId, rootId } = state;
  if (stable < 1 || unstable <= stable) {
    throw corrupt(
      file,
      pageBytes,
      'the generations of the tree are impossible',
      `stable ${stable}, unstable ${unstable}`,
    );
  }
  if (!Number.isSafeInteger(lastId) || lastId < FIRST_NODE_PAGE) {
    throw corrupt(file, pageBytes, 'the last page id of the tree is impossible', lastId);
  }
  if (!Number.isSafeInteger(rootId) || rootId < FIRST_NODE_PAGE || rootId > lastId) {
    throw corrupt(file, pageBytes, `the root of the tree is not a page between 3 and ${lastId}`, rootId);
  }
  const size = file.sizeBytes();
  if (size < (lastId + 1) * pageBytes) throw truncated(file.path, size);
}

/**
 * Reads node `id` into `page` and checks what every reader relies on: it is a node, not newer than `pointerGeneration`, and its body is
 * readable.
 */
export function readNode(tree: OpenTree, id: number, pointerGeneration: number, page: Uint8Array): void {
  tree.file.read(page, id * tree.format.pageBytes);
  const problem = findNodeProblem(tree, page, pointerGeneration);
  if (problem !== undefined) throw corruptNode(tree, id, problem);
}

/** Why a page is not a readable node for a pointer of `pointerGeneration`; undefined if it is. */
export function findNodeProblem(tree: OpenTree, page: Uint8Array, pointerGeneration: number): string | undefined {
  if (page[0] !== KIND_NODE) return `page kind ${page[0]} is not a tree node`;
  if (page[1]! > 1) return `node type ${page[1]} is neither leaf nor internal`;
  const generation = readNodeGeneration(page);
  if (generation > pointerGeneration) {
    return `node generation ${generation} is newer than ${pointerGeneration}, that of the pointer to it`;
  }
  return tree.format.findProblem(page, page[1] === 1);
}

/** A pointer as of the last check point; reused by its reader. */
export interface Pointer {
  id: number;
  generation: number;
}

/** Reads the pointer at `at` of node `id` as of the last check point; throws if it is unreadable or points outside the tree. */
export function readPointer(tree: OpenTree, id: number, page: Uint8Array, at: number, pointer: Pointer): Pointer {
  const slot = findStableSlot(page, at, tree.state.stable);
  if (slot === -1) throw corruptNode(tree, id, 'a pointer is unreadable', at);
  pointer.generation = readSlotGeneration(page, slot);
  pointer.id = readPageId(page, slot + 4);
  const inside = pointer.id >= FIRST_NODE_PAGE && pointer.id <= tree.state.lastId;
  if (!inside && (pointer.id !== NO_NODE || at >= BODY_AT)) {
    throw corruptNode(tree, id, `a pointer leads to page ${pointer.id}, outside 3..${tree.state.lastId}`, at);
  }
  return pointer;
}

export function corruptNode(tree: OpenTree, id: number, problem: string, at = 0): GraphkeepError {
  return corrupt(tree.file, id * tree.format.pageBytes + at, `tree page ${id}: ${problem}`);
}

function corrupt(file: PageFile, offset: number, message: string, observed?: string | number): GraphkeepError {
  const place = { file: file.path, offset };
  return new GraphkeepError('file.corrupt', message, observed === undefined ? { place } : { place, observed });
}
