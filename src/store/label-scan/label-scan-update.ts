import { GraphkeepError } from '../../base/errors.ts';
import { openTreeForReading } from '../tree/read/tree-file.ts';
import type { TreeChange } from '../tree/update/tree-change.ts';
import { type TreeUpdateOptions, updateTree } from '../tree/update/tree-update.ts';
import type { TreeUpdateResult } from '../tree/update/update-context.ts';
import { bitOf, createBitset, createLabelKey, rangeOf, setBit } from './label-range.ts';
import { HEADER_USABLE, labelScanLayout } from './label-scan-layout.ts';

/** The label changes of a node. A label in both lists counts as added. */
export interface LabelChange {
  node: number;
  removed: ArrayLike<number>;
  added: ArrayLike<number>;
}

/**
 * Brings the label scan store up to date: crash safe, idempotent, and closed cleanly afterwards (see {@link updateTree}). Changes may come
 * in any order, one per node. Throws `file.corrupt` for a store that must be rebuilt.
 */
export async function updateLabelScanStore(
  path: string,
  changes: Iterable<LabelChange>,
  options: TreeUpdateOptions = {},
): Promise<TreeUpdateResult> {
  requireUsable(path);
  return updateTree(path, labelScanLayout, toTreeChanges(collect(changes)), options);
}

/**
 * Gives every range that is named an entry, without nodes if it has none: a server of 3.4 adds a label that it should remove where there is
 * no entry (spec transaction-logs 7.3). Otherwise as {@link updateLabelScanStore}.
 */
export async function ensureLabelRanges(
  path: string,
  rangesByLabel: ReadonlyMap<number, ReadonlySet<number>>,
  options: TreeUpdateOptions = {},
): Promise<TreeUpdateResult> {
  requireUsable(path);
  return updateTree(path, labelScanLayout, toEnsuredEntries(rangesByLabel), options);
}

function* toEnsuredEntries(rangesByLabel: ReadonlyMap<number, ReadonlySet<number>>): Generator<TreeChange> {
  for (const label of [...rangesByLabel.keys()].sort((a, b) => a - b)) {
    const ranges = Float64Array.from(rangesByLabel.get(label)!).sort();
    for (const range of ranges) yield { kind: 'ensure', key: createLabelKey(label, range) };
  }
}

function requireUsable(path: string): void {
  const tree = openTreeForReading(path, labelScanLayout);
  tree.file.close();
  if (tree.header[0] === HEADER_USABLE) return;
  throw new GraphkeepError('file.corrupt', 'the label scan store has to be built anew', {
    place: { file: path },
    observed: tree.header[0] ?? 'no header',
  });
}

/** Per label: `node * 2`, plus 1 for an addition. Sorting puts the removal of a node before its addition. */
type ChangesByLabel = Map<number, number[]>;

function collect(changes: Iterable<LabelChange>): ChangesByLabel {
  const byLabel: ChangesByLabel = new Map();
  const note = (label: number, code: number) => {
    const codes = byLabel.get(label);
    if (codes === undefined) byLabel.set(label, [code]);
    else codes.push(code);
  };
  for (const { node, removed, added } of changes) {
    for (let i = 0; i < removed.length; i++) note(removed[i]!, node * 2);
    for (let i = 0; i < added.length; i++) note(added[i]!, node * 2 + 1);
  }
  return byLabel;
}

function* toTreeChanges(byLabel: ChangesByLabel): Generator<TreeChange> {
  for (const label of [...byLabel.keys()].sort((a, b) => a - b)) {
    const codes = Float64Array.from(byLabel.get(label)!).sort();
    for (let i = 0; i < codes.length; ) {
      const range = rangeOf(Math.floor(codes[i]! / 2));
      const set = createBitset();
      const clear = createBitset();
      for (; i < codes.length; i++) {
        const node = Math.floor(codes[i]! / 2);
        if (rangeOf(node) !== range) break;
        setBit(codes[i]! % 2 === 1 ? set : clear, bitOf(node));
      }
      yield { kind: 'mask', key: createLabelKey(label, range), set, clear };
    }
  }
}
