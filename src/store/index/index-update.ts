import { basename, dirname, join } from 'node:path';
import { makeDirectory, removeTree, renameDurably, temporarySibling } from '../../base/durable-files.ts';
import { hasCode } from '../../base/errors.ts';
import type { IndexRule } from '../graph/schema-rule.ts';
import { bulkLoadTree } from '../tree/load/bulk-load.ts';
import type { TreeLayout } from '../tree/page/layout.ts';
import { openTreeForReading } from '../tree/read/tree-file.ts';
import type { TreeChange } from '../tree/update/tree-change.ts';
import { type TreeUpdateOptions, updateTree } from '../tree/update/tree-update.ts';
import type { PropertyValue } from '../values/property-value.ts';
import { listIndexTrees, readIndexState, readPointCurves, unknownProvider } from './index-files.ts';
import { decodeIndexHeader, ONLINE_HEADER } from './index-header.ts';
import { type LocatedKey, locateKey } from './index-key.ts';
import type { NativePart } from './index-part.ts';
import { findProvider, type IndexFolders } from './index-provider.ts';
import { genericKey } from './keys/generic-key.ts';
import { encodeSpatialHeader, type PointCurves } from './keys/point-curves.ts';
import { pointLayout } from './keys/point-key.ts';

/** What an index held and must hold for a node: one value per property of the index; undefined = the node is not in the index. */
export interface IndexChange {
  node: number;
  before: readonly PropertyValue[] | undefined;
  after: readonly PropertyValue[] | undefined;
}

/** Sorted changes to one tree file. */
export interface IndexFileUpdate {
  /** Absolute. */
  path: string;
  layout: TreeLayout;
  /** The file must be created: this is the first value of its type. */
  create: boolean;
  /** User header of a new file, or a replacement where the old header lacks the settings of new points. */
  header?: Uint8Array;
  changes: TreeChange[];
}

export type IndexPlan =
  /** Updating these files brings the index up to date. */
  | { kind: 'update'; files: IndexFileUpdate[] }
  /** We cannot update the index: it must be removed (see `removeIndex`), and the server rebuilds it at its next start. */
  | { kind: 'drop'; reason: string }
  /** The index has failed on the server; it stays as it is until the user drops it. */
  | { kind: 'keep'; reason: string };

/** Aborts the planning of an index that must be dropped. */
class CannotUpdate extends Error {}

/**
 * Plans how `changes` (one per node, in any order) go into the files of the index below `storeDirectory`. Reads only states and headers,
 * and writes nothing. A tree that was not closed is part of the plan even without changes, so that the whole index ends up closed. Applying
 * a plan is idempotent, so a long list of changes may be split into several plans.
 */
export async function planIndexUpdate(
  rule: IndexRule,
  storeDirectory: string,
  changes: Iterable<IndexChange>,
): Promise<IndexPlan> {
  const folders = findProvider(rule.provider)?.folders(rule.id);
  if (folders === undefined) return { kind: 'drop', reason: unknownProvider(rule) };
  try {
    const { state, problem } = await readIndexState(storeDirectory, rule);
    if (state === 'failed') return { kind: 'keep', reason: problem! };
    if (state === 'populating') return { kind: 'drop', reason: problem! };
    const planner = new Planner(rule, folders, await readPointCurves(storeDirectory, rule));
    for (const change of changes) planner.take(change);
    return { kind: 'update', files: await planner.plan(storeDirectory) };
  } catch (error) {
    if (error instanceof CannotUpdate) return { kind: 'drop', reason: error.message };
    const damage = describeDamage(error);
    if (damage !== undefined) return { kind: 'drop', reason: damage };
    throw error;
  }
}

/**
 * Plans and applies the changes. Damage found during an update drops the index instead of throwing. `workFolder`: see {@link
 * applyIndexUpdate}.
 */
export async function updateIndex(
  rule: IndexRule,
  storeDirectory: string,
  workFolder: string,
  changes: Iterable<IndexChange>,
  options: TreeUpdateOptions = {},
): Promise<{ kind: 'updated' } | { kind: 'drop' | 'keep'; reason: string }> {
  const plan = await planIndexUpdate(rule, storeDirectory, changes);
  if (plan.kind !== 'update') return plan;
  try {
    await applyIndexUpdate(plan.files, workFolder, options);
    return { kind: 'updated' };
  } catch (error) {
    const damage = describeDamage(error);
    if (damage !== undefined) return { kind: 'drop', reason: damage };
    throw error;
  }
}

/** Why an index cannot be updated, if the error is about its files or values; otherwise undefined. */
function describeDamage(error: unknown): string | undefined {
  if (!hasCode(error, 'file.corrupt', 'file.truncated', 'store.format')) return undefined;
  return `${error.place?.file ?? 'a file'} cannot be updated: ${error.message}`;
}

/** Writes the files of a plan; each write is crash safe and durable. `workFolder`: see `IndexBuilder`. */
export async function applyIndexUpdate(
  files: readonly IndexFileUpdate[],
  workFolder: string,
  options: TreeUpdateOptions = {},
): Promise<void> {
  for (const file of files) {
    if (file.create) await createPart(file, workFolder, options);
    else await updateTree(file.path, file.layout, file.changes, withHeader(options, file.header));
  }
}

function withHeader(options: TreeUpdateOptions, header: Uint8Array | undefined): TreeUpdateOptions {
  return header === undefined ? options : { ...options, header };
}

async function createPart(
  { path, layout, changes, header }: IndexFileUpdate,
  workFolder: string,
  options: TreeUpdateOptions,
): Promise<void> {
  await makeDirectory(dirname(path));
  const temporary = temporarySibling(join(workFolder, basename(path)));
  try {
    await bulkLoadTree(temporary, layout, header ?? ONLINE_HEADER, changes, options);
    await renameDurably(temporary, path);
  } finally {
    await removeTree(temporary);
  }
}

class Planner {
  private readonly rule: IndexRule;
  private readonly folders: IndexFolders;
  private readonly curves: PointCurves;
  private readonly parts = new Map<string, { part: NativePart; changes: TreeChange[] }>();

  constructor(rule: IndexRule, folders: IndexFolders, curves: PointCurves) {
    this.rule = rule;
    this.folders = folders;
    this.curves = curves;
  }

  take({ node, before, after }: IndexChange): void {
    const old = before && this.locate(node, before);
    const now = after && this.locate(node, after);
    if (old !== undefined && now !== undefined && old.path === now.path && Buffer.compare(old.key, now.key) === 0)
      return;
    if (old !== undefined) this.note(old, 'remove');
    if (now !== undefined) this.note(now, 'add');
  }

  async plan(storeDirectory: string): Promise<IndexFileUpdate[]> {
    const files: IndexFileUpdate[] = [];
    const present = await listIndexTrees(storeDirectory, this.rule);
    for (const { path, layout } of present) {
      const changes = this.parts.get(path)?.changes ?? [];
      this.parts.delete(path);
      if (changes.length === 0 && isClosed(join(storeDirectory, path), layout)) continue;
      const update = { path: join(storeDirectory, path), layout, create: false, changes: sortChanges(layout, changes) };
      const needsHeader = layout === genericKey.layout && this.curves.hasAdditions;
      files.push(needsHeader ? { ...update, header: this.curves.encodeGenericHeader() } : update);
    }
    // Only missing optional parts are left, and nothing needs removing from them.
    for (const [path, { part, changes }] of this.parts) {
      const { layout } = part.codec;
      const additions = changes.filter((change) => change.kind === 'add');
      if (additions.length === 0) continue;
      files.push({
        path: join(storeDirectory, path),
        layout,
        create: true,
        header: this.headerOf(path, layout),
        changes: sortChanges(layout, additions),
      });
    }
    return files;
  }

  private headerOf(path: string, layout: TreeLayout): Uint8Array {
    if (layout !== pointLayout) return ONLINE_HEADER;
    return encodeSpatialHeader(this.curves.settingsOf(Number(/\d+$/.exec(path)![0]))!);
  }

  private locate(node: number, values: readonly PropertyValue[]): LocatedKey {
    const located = locateKey(this.folders, this.rule.unique, node, values, this.curves);
    if (typeof located === 'string') throw new CannotUpdate(located);
    return located;
  }

  private note({ path, part, key }: LocatedKey, kind: 'add' | 'remove'): void {
    let entry = this.parts.get(path);
    if (entry === undefined) {
      entry = { part, changes: [] };
      this.parts.set(path, entry);
    }
    entry.changes.push({ kind, key });
  }
}

function isClosed(path: string, layout: TreeLayout): boolean {
  const tree = openTreeForReading(path, layout);
  tree.file.close();
  decodeIndexHeader(tree.header, path);
  return tree.state.clean;
}

function sortChanges(layout: TreeLayout, changes: TreeChange[]): TreeChange[] {
  return changes.sort((a, b) => layout.compare(a.key, 0, a.key.length, b.key, 0, b.key.length));
}
