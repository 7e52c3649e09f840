import type { TreeLayout } from '../page/layout.ts';
import { openPageFile, type PageFile } from '../page/page-file.ts';
import { Pulse } from '../page/pulse.ts';
import { openTree } from '../read/tree-file.ts';
import { BranchUpdate } from './branch-update.ts';
import { scrubTree } from './scrub.ts';
import { ChangeQueue, type TreeChange } from './tree-change.ts';
import { TreeWriting } from './tree-writing.ts';
import type { TreeUpdateResult } from './update-context.ts';

export interface TreeUpdateOptions {
  signal?: AbortSignal;
  /** New user header; becomes current together with the changes. */
  header?: Uint8Array;
}

/**
 * Applies `changes`, sorted by key, to a tree file, all or nothing. Until the last write, whatever part of the writes reached the disk, the
 * file reads as of its last check point, for us and for a real server. Resolves once the result is durable; the file is then closed
 * cleanly, even if it was not before. Without changes nothing is written, unless the file was not clean. May be repeated with the same
 * changes at any time.
 *
 * Order of writes (each step durable before the next):
 * 1. if the tree was not closed: blank the pointers newer than the check point S ({@link scrubTree});
 * 2. the other state page: (S, new generation N, not clean), so that a server finds and blanks our writes if we die;
 * 3. changed nodes as new pages of generation N; pointers to them in the nodes that stay, in the slot that S does not use; the free list
 *    after the position that S knows;
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
  const writing = new TreeWriting(tree, scrubbed, options.header);
  if (scrubbed.free !== undefined) await writing.begin();
  const update = new BranchUpdate(tree, new ChangeQueue(changes, tree), writing, pulse);
  const root = await update.run();
  if (options.header !== undefined && Buffer.compare(options.header, tree.header) !== 0) await writing.begin();
  await writing.complete(root);
  return update.result;
}
