import type { NodeTarget } from '../load/level-writer.ts';
import type { Pulse } from '../page/pulse.ts';
import type { KeyWindow } from '../read/search.ts';
import type { OpenTree } from '../read/tree-file.ts';
import type { ChangeQueue } from './tree-change.ts';
import type { TreeWriting } from './tree-writing.ts';

export interface TreeUpdateResult {
  /** Entries that were missing before. */
  added: number;
  removed: number;
  /** Entries whose value, or whose key's bytes, changed. */
  replaced: number;
}

/** The nodes that replace an old one: none, one or several. */
export class Replacement {
  readonly ids: number[] = [];
  /** The separator before each node; the first one is meaningless. */
  readonly separators: Uint8Array[] = [];

  add(id: number, key: Uint8Array, start: number, length: number): void {
    this.ids.push(id);
    this.separators.push(new Uint8Array(key.subarray(start, start + length)));
  }
}

/** Shared by the levels of an update. */
export interface UpdateContext {
  readonly tree: OpenTree;
  readonly queue: ChangeQueue;
  readonly writing: TreeWriting;
  readonly target: NodeTarget;
  readonly result: TreeUpdateResult;
  readonly pulse: Pulse;
}

/** True if `key` belongs below the separator `upper` (undefined = no limit). */
export function isBelow(tree: OpenTree, key: KeyWindow, upper: KeyWindow | undefined): boolean {
  if (upper === undefined) return true;
  return tree.layout.compare(key.bytes, key.start, key.length, upper.bytes, upper.start, upper.length) < 0;
}
