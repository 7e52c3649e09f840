import { GraphkeepError } from '../../../base/errors.ts';
import type { TreeLayout } from '../page/layout.ts';
import {
  BODY_AT,
  FIRST_NODE_PAGE,
  isLeaf,
  LEFT_SIBLING_AT,
  RIGHT_SIBLING_AT,
  readKeyCount,
  SUCCESSOR_AT,
} from '../page/node-page.ts';
import type { PageFile } from '../page/page-file.ts';
import {
  findStableSlot,
  NO_NODE,
  readPageId,
  readSlotGeneration,
  readSlotState,
  SLOT_BROKEN,
  SLOT_BYTES,
  SLOT_NEWER,
} from '../page/pointer.ts';
import { Pulse } from '../page/pulse.ts';
import { walkFreeList } from './free-list-walk.ts';
import { compareKeyAt, type KeyWindow } from './search.ts';
import { findNodeProblem, MAX_DEPTH, type OpenTree, openTree } from './tree-file.ts';

export type TreeFindingKind =
  /** The file cannot be opened as a tree: meta page, state pages, length. */
  | 'file'
  | 'pointer'
  /** A slot written after the last check point in a file that claims to be closed. */
  | 'crash-pointer'
  | 'node'
  | 'order'
  | 'depth'
  | 'sibling'
  | 'successor'
  /** Two pointers lead to the same page. */
  | 'shared-page'
  | 'free-list'
  /** Neither in the tree nor free: harmless for readers. */
  | 'leaked-page';

export interface TreeFinding {
  kind: TreeFindingKind;
  page: number;
  message: string;
}

export interface StructureCheckOptions {
  signal?: AbortSignal;
  /** The check stops after this many findings. */
  maxFindings?: number;
}

const IN_TREE = 1;
const FREE_LIST_PAGE = 2;
const FREE = 3;

/**
 * Checks the structure of a tree file as of its last check point (spec trees-and-indexes 7): pointers, generations, order of keys,
 * siblings, depth, free list, leaked pages. Closes the file. An empty list = sound.
 */
export async function checkTreeStructure(
  file: PageFile,
  layout: TreeLayout,
  options: StructureCheckOptions = {},
): Promise<TreeFinding[]> {
  let tree: OpenTree;
  try {
    tree = openTree(file, layout);
  } catch (error) {
    if (!(error instanceof GraphkeepError) || error.code === 'file.io') throw error;
    const observed = error.observed === undefined ? '' : `: ${error.observed}`;
    return [{ kind: 'file', page: 0, message: `${error.message}${observed}` }];
  }
  try {
    return await new StructureCheck(tree, options).run();
  } finally {
    file.close();
  }
}

/** Stops the walk when there are enough findings. */
class EnoughFindings extends Error {}

interface Level {
  page: Uint8Array;
  /** Last node visited on this level, 0 = none. */
  lastId: number;
  /** Target of its right sibling pointer. */
  lastRight: number;
}

class StructureCheck {
  private readonly tree: OpenTree;
  private readonly findings: TreeFinding[] = [];
  private readonly maxFindings: number;
  private readonly pulse: Pulse;
  /** The role found for each page. */
  private readonly roles: Uint8Array;
  private readonly levels: Level[] = [];
  private leafDepth = -1;
  private skippedSubtree = false;

  constructor(tree: OpenTree, options: StructureCheckOptions) {
    this.tree = tree;
    this.maxFindings = options.maxFindings ?? 1000;
    this.pulse = new Pulse(options.signal);
    this.roles = new Uint8Array(tree.state.lastId + 1);
  }

  async run(): Promise<TreeFinding[]> {
    const { state } = this.tree;
    try {
      await this.visit(state.rootId, state.rootGeneration, 0, undefined, undefined);
      for (const level of this.levels) {
        if (level.lastRight !== NO_NODE && !this.skippedSubtree) {
          this.report('sibling', level.lastId, `page ${level.lastRight} stands right of the last node of a level`);
        }
      }
      this.checkFreeList();
      this.checkLeaks();
    } catch (error) {
      if (!(error instanceof EnoughFindings)) throw error;
    }
    return this.findings;
  }

  private report(kind: TreeFindingKind, page: number, message: string): void {
    this.findings.push({ kind, page, message });
    if (this.findings.length >= this.maxFindings) throw new EnoughFindings();
  }

  private skip(kind: TreeFindingKind, page: number, message: string): void {
    this.skippedSubtree = true;
    this.report(kind, page, message);
  }

  private async visit(
    id: number,
    pointerGeneration: number,
    depth: number,
    lower: KeyWindow | undefined,
    upper: KeyWindow | undefined,
  ): Promise<void> {
    const { tree } = this;
    if (this.roles[id] !== 0) return this.skip('shared-page', id, 'the tree reaches this page twice');
    if (depth > MAX_DEPTH) return this.skip('depth', id, 'the tree is too deep');
    this.roles[id] = IN_TREE;
    const level = this.openLevel(depth);
    tree.file.read(level.page, id * tree.format.pageBytes);
    const problem = findNodeProblem(tree, level.page, pointerGeneration);
    if (problem !== undefined) return this.skip('node', id, problem);
    const leaf = isLeaf(level.page);
    this.checkSiblings(id, level);
    this.checkSuccessor(id, level.page);
    this.checkSpace(id, level.page, leaf);
    this.reportIncomparable(id, () => this.checkKeys(id, level.page, leaf, lower, upper));
    await this.pulse.tick();
    if (!leaf) return this.visitChildren(id, level.page, depth, lower, upper);
    if (this.leafDepth === -1) this.leafDepth = depth;
    if (this.leafDepth !== depth) this.report('depth', id, `a leaf at depth ${depth}, others are at ${this.leafDepth}`);
  }

  private openLevel(depth: number): Level {
    this.levels[depth] ??= { page: new Uint8Array(this.tree.format.pageBytes), lastId: 0, lastRight: NO_NODE };
    return this.levels[depth];
  }

  private async visitChildren(
    id: number,
    page: Uint8Array,
    depth: number,
    lower: KeyWindow | undefined,
    upper: KeyWindow | undefined,
  ): Promise<void> {
    const { format } = this.tree;
    const count = readKeyCount(page);
    const keyAt = (index: number): KeyWindow => ({
      bytes: page,
      start: format.keyStart(page, false, index),
      length: format.keyLength(page, false, index),
    });
    for (let i = 0; i <= count; i++) {
      const at = format.childStart(page, i);
      const child = this.readPointer(id, page, at);
      if (child === undefined || child === NO_NODE) {
        this.skippedSubtree = true;
        if (child === NO_NODE) this.report('pointer', id, `child ${i} is no node`);
        continue;
      }
      const generation = readSlotGeneration(page, findStableSlot(page, at, this.tree.state.stable));
      await this.visit(child, generation, depth + 1, i === 0 ? lower : keyAt(i - 1), i === count ? upper : keyAt(i));
    }
  }

  /** Target of the pointer; undefined (with a finding) if it is unreadable. */
  private readPointer(id: number, page: Uint8Array, at: number): number | undefined {
    const { stable, clean, lastId } = this.tree.state;
    for (const slot of [at, at + SLOT_BYTES]) {
      const slotState = readSlotState(page, slot, stable);
      if (slotState === SLOT_BROKEN) this.report('pointer', id, `damaged pointer at ${slot}`);
      if (slotState === SLOT_NEWER && clean) {
        this.report('crash-pointer', id, `pointer of generation ${readSlotGeneration(page, slot)} at ${slot}`);
      }
    }
    const slot = findStableSlot(page, at, stable);
    if (slot === -1) {
      this.report('pointer', id, `unreadable pointer at ${at}`);
      return undefined;
    }
    const target = readPageId(page, slot + 4);
    if (target === NO_NODE || (target >= FIRST_NODE_PAGE && target <= lastId)) return target;
    this.report('pointer', id, `pointer at ${at} leads to page ${target}, outside 3..${lastId}`);
    return undefined;
  }

  private checkSiblings(id: number, level: Level): void {
    const left = this.readPointer(id, level.page, LEFT_SIBLING_AT);
    const right = this.readPointer(id, level.page, RIGHT_SIBLING_AT);
    // After an unreadable subtree, not all nodes of a level are known.
    if (!this.skippedSubtree) {
      if (left !== undefined && left !== level.lastId) {
        this.report('sibling', id, `left sibling is page ${left}, not ${level.lastId}`);
      }
      if (level.lastId !== 0 && level.lastRight !== id) {
        this.report('sibling', level.lastId, `right sibling is page ${level.lastRight}, not ${id}`);
      }
    }
    level.lastId = id;
    level.lastRight = right ?? NO_NODE;
  }

  private checkSuccessor(id: number, page: Uint8Array): void {
    const successor = this.readPointer(id, page, SUCCESSOR_AT);
    if (successor !== undefined && successor !== NO_NODE) {
      this.report('successor', id, `replaced by page ${successor} but still in the tree`);
    }
  }

  private checkSpace(id: number, page: Uint8Array, leaf: boolean): void {
    const space = this.tree.format.findSpaceProblem(page, leaf);
    if (space !== undefined) this.report('node', id, space);
  }

  /** A key may have no place in the order: a time zone with an unknown number. */
  private reportIncomparable(id: number, compareKeys: () => void): void {
    try {
      compareKeys();
    } catch (error) {
      if (!(error instanceof GraphkeepError) || error.code === 'file.io') throw error;
      this.report('order', id, `the keys cannot be compared: ${error.message}`);
    }
  }

  private checkKeys(
    id: number,
    page: Uint8Array,
    leaf: boolean,
    lower: KeyWindow | undefined,
    upper: KeyWindow | undefined,
  ): void {
    const { format, layout } = this.tree;
    const count = readKeyCount(page);
    const previous: KeyWindow = { bytes: page, start: BODY_AT, length: 0 };
    for (let i = 0; i < count; i++) {
      if (i > 0 && compareKeyAt(format, layout.compare, page, leaf, i, previous) <= 0) {
        this.report('order', id, `key ${i} is not after key ${i - 1}`);
      }
      previous.start = format.keyStart(page, leaf, i);
      previous.length = format.keyLength(page, leaf, i);
      const problem = leaf ? undefined : layout.findKeyProblem?.(page, previous.start, previous.length, true);
      if (problem !== undefined) this.report('node', id, `key ${i} cannot be read: ${problem}`);
    }
    if (count === 0) return;
    if (lower !== undefined && compareKeyAt(format, layout.compare, page, leaf, 0, lower) < 0) {
      this.report('order', id, 'the first key is before the range of the node');
    }
    if (upper !== undefined && compareKeyAt(format, layout.compare, page, leaf, count - 1, upper) >= 0) {
      this.report('order', id, 'the last key is after the range of the node');
    }
  }

  private checkFreeList(): void {
    const { lastId } = this.tree.state;
    const claim = (id: number, role: number, what: string) => {
      if (id < FIRST_NODE_PAGE || id > lastId) this.report('free-list', id, `${what} is outside 3..${lastId}`);
      else if (this.roles[id] !== 0) this.report('free-list', id, `${what} is also ${roleName(this.roles[id]!)}`);
      else this.roles[id] = role;
    };
    const problem = walkFreeList(this.tree, {
      listPage: (id) => claim(id, FREE_LIST_PAGE, 'a page of the free list'),
      freePage: (id) => claim(id, FREE, 'a free page'),
    });
    if (problem !== undefined) this.skip('free-list', problem.page, problem.message);
  }

  private checkLeaks(): void {
    if (this.skippedSubtree) return;
    for (let id = FIRST_NODE_PAGE; id < this.roles.length; id++) {
      if (this.roles[id] === 0) this.report('leaked-page', id, 'neither in the tree nor free');
    }
  }
}

function roleName(role: number): string {
  return role === IN_TREE ? 'in the tree' : role === FREE ? 'free' : 'a page of the free list';
}
