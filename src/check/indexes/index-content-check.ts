import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hasCode } from '../../base/errors.ts';
import type { KeySorter } from '../../store/tree/load/key-sorter.ts';
import { TreeCursor } from '../../store/tree/read/tree-cursor.ts';
import type { CheckContext } from '../findings/check-context.ts';
import { ExpectedKeys } from './expected-keys.ts';
import { IndexFindings } from './index-findings.ts';
import { KeySorters } from './key-sorters.ts';
import { KeySum } from './key-sum.ts';
import { NeighbourWatch } from './neighbour-watch.ts';
import type { IndexTree, OpenIndex } from './open-index.ts';
import { type ExpectedSums, QuickSums } from './quick-sums.ts';

/** A tree of an index (existing or missing) whose entries differ from the records. */
interface Difference {
  index: OpenIndex;
  path: string;
  tree: IndexTree | undefined;
}

/**
 * Checks that indexes hold exactly the values of the nodes (spec consistency-check 3.11 and 5): missing, extra and stale entries, duplicate
 * entries, violations of uniqueness. First compares only fingerprints of both sides; trees that differ are sorted and merged. Values in
 * Lucene parts cannot be compared.
 */
export async function checkIndexContent(context: CheckContext, indexes: readonly OpenIndex[]): Promise<void> {
  const onNodes = indexes.filter(({ rule }) => rule.schema.entity === 'node' && !rule.schema.multi);
  if (onNodes.length === 0) return;
  const expected = new ExpectedKeys(context, onNodes);
  const findings = new IndexFindings(context, expected);
  const differences = findDifferences(onNodes, await new QuickSums(context, onNodes, expected).sum(), findings);
  if (differences.length === 0) return;
  const folder = mkdtempSync(join(tmpdir(), 'graphkeep-check-'));
  try {
    await compareKeys(context, expected, differences, findings, folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function findDifferences(indexes: readonly OpenIndex[], sums: ExpectedSums, findings: IndexFindings): Difference[] {
  const differences: Difference[] = [];
  for (const index of indexes) {
    const expected = sums.get(index) ?? new Map<string, KeySum>();
    for (const [path, tree] of index.trees) {
      if (!tree.sound || !sumTree(index, tree, findings).equals(expected.get(path) ?? new KeySum())) {
        differences.push({ index, path, tree });
      }
    }
    for (const path of expected.keys()) {
      if (!index.trees.has(path) && !index.unreadable.has(path)) differences.push({ index, path, tree: undefined });
    }
  }
  return differences;
}

/** Fingerprint of the entries of a tree; also compares neighbouring entries. */
function sumTree(index: OpenIndex, { tree }: IndexTree, findings: IndexFindings): KeySum {
  const sum = new KeySum();
  const watch = index.rule.unique ? new NeighbourWatch(tree.layout) : undefined;
  for (const cursor = new TreeCursor(tree); cursor.next(); ) {
    sum.add(cursor.page, cursor.keyStart, cursor.keyLength);
    if (watch?.see(cursor.page, cursor.keyStart, cursor.keyLength) === 'same-values') {
      const key = cursor.page.subarray(cursor.keyStart, cursor.keyStart + cursor.keyLength);
      findings.reportSameValues(index, tree.layout, watch, key);
    }
  }
  return sum;
}

const LEAST_SORTER_BYTES = 1 << 20;

/** Sorts the expected keys of the differing trees in one pass over the nodes, and merges each with its tree. */
async function compareKeys(
  context: CheckContext,
  expected: ExpectedKeys,
  differences: readonly Difference[],
  findings: IndexFindings,
  folder: string,
): Promise<void> {
  const maxBytesInMemory = Math.max(LEAST_SORTER_BYTES, Math.floor(context.budgetBytes / (differences.length + 1)));
  const sorters = new KeySorters(folder, maxBytesInMemory);
  const wanted = new Set(differences.map(({ path }) => path));
  try {
    await expected.forEach((_index, path, key, layout) => {
      if (wanted.has(path)) sorters.of(path, layout).add(key);
    });
    for (const { index, path, tree } of differences) {
      if (tree === undefined) {
        const { sorter, layout } = sorters.get(path)!;
        for (const key of sorter.sorted()) findings.reportMissingKey(index, layout, key);
      } else {
        const found = tree.sound ? readKeys(tree) : sortKeys(tree, sorters.of(`found in ${path}`, tree.tree.layout));
        if (found !== undefined) findings.merge(index, tree, sorters.of(path, tree.tree.layout).sorted(), found);
      }
    }
  } finally {
    sorters.close();
  }
}

/** The keys of a tree in its order; a yielded key is valid until the next one. */
function* readKeys({ tree }: IndexTree): Generator<Uint8Array> {
  for (const cursor = new TreeCursor(tree); cursor.next(); ) {
    yield cursor.page.subarray(cursor.keyStart, cursor.keyStart + cursor.keyLength);
  }
}

/** The keys of a damaged tree, sorted; undefined if some are unreadable. */
function sortKeys(tree: IndexTree, sorter: KeySorter): Generator<Uint8Array> | undefined {
  try {
    for (const key of readKeys(tree)) sorter.add(key);
    return sorter.sorted();
  } catch (error) {
    if (hasCode(error, 'file.corrupt', 'file.truncated')) return undefined;
    throw error;
  }
}
