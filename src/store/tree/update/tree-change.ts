import { GraphkeepError } from '../../../base/errors.ts';
import { KeyCheck } from '../page/key-check.ts';
import type { KeyWindow } from '../read/search.ts';
import type { OpenTree } from '../read/tree-file.ts';

/**
 * One change of a tree. Changes are idempotent: adding an existing entry or removing a missing one does nothing. `mask` is for trees whose
 * values are bitsets: it clears the bits in `clear`, then sets those in `set`; an entry without bits is removed. `ensure` adds an entry
 * with a value of zeros where there is none.
 */
export type TreeChange =
  | { kind: 'add'; key: Uint8Array; value?: Uint8Array }
  | { kind: 'remove'; key: Uint8Array }
  | { kind: 'ensure'; key: Uint8Array }
  | { kind: 'mask'; key: Uint8Array; set: Uint8Array; clear: Uint8Array };

/**
 * Yields the changes of an update one by one. Keys must ascend. A removal and an addition of equal keys, in either order, count as the
 * addition.
 */
export class ChangeQueue {
  current: TreeChange | undefined;
  /** Key of {@link current}. */
  readonly key: KeyWindow = { bytes: new Uint8Array(0), start: 0, length: 0 };
  private readonly changes: Iterator<TreeChange>;
  private readonly tree: OpenTree;
  private readonly keyCheck: KeyCheck;
  private ahead: TreeChange | undefined;

  constructor(changes: Iterable<TreeChange>, tree: OpenTree) {
    this.changes = changes[Symbol.iterator]();
    this.tree = tree;
    this.keyCheck = new KeyCheck(tree.file.path, tree.layout, tree.format);
    this.ahead = this.pull();
    this.advance();
  }

  advance(): void {
    let change = this.ahead;
    this.ahead = undefined;
    if (change !== undefined) {
      for (
        this.ahead = this.pull();
        this.ahead !== undefined && this.isSameKey(change, this.ahead);
        this.ahead = this.pull()
      ) {
        change = this.join(change, this.ahead);
      }
      this.keyCheck.check(change.key);
      this.key.bytes = change.key;
      this.key.length = change.key.length;
    }
    this.current = change;
  }

  private pull(): TreeChange | undefined {
    const next = this.changes.next();
    return next.done ? undefined : next.value;
  }

  private isSameKey(a: TreeChange, b: TreeChange): boolean {
    return this.tree.layout.compare(a.key, 0, a.key.length, b.key, 0, b.key.length) === 0;
  }

  private join(a: TreeChange, b: TreeChange): TreeChange {
    if (a.kind === 'mask' || b.kind === 'mask') {
      throw new GraphkeepError('internal', 'two changes of the same bitset', { place: { file: this.tree.file.path } });
    }
    return a.kind === 'add' ? a : b;
  }
}
