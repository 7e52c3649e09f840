import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { GraphkeepError } from '../../base/errors.ts';
import { fileError, isMissing } from '../../base/file-errors.ts';
import type { IndexRule } from '../graph/schema-rule.ts';
import type { TreeLayout } from '../tree/page/layout.ts';
import { openTreeForReading } from '../tree/read/tree-file.ts';
import { decodeIndexHeader, type IndexState } from './index-header.ts';
import { TEMPORAL_FILES } from './index-part.ts';
import { findProvider, type IndexFolders } from './index-provider.ts';
import { genericKey } from './keys/generic-key.ts';
import { numberKey, uniqueNumberKey } from './keys/number-key.ts';
import { decodeSpatialHeader, PointCurves } from './keys/point-curves.ts';
import { pointLayout } from './keys/point-key.ts';
import { TEMPORAL_TYPES } from './keys/temporal-fields.ts';
import { temporalKeys } from './keys/temporal-key.ts';
import { textKey } from './keys/text-key.ts';
import { readLuceneState } from './lucene-part.ts';

/** A tree file that an index has or should have. */
export interface IndexTreeFile {
  /** Relative to the store directory. */
  path: string;
  layout: TreeLayout;
  /** The server creates it with the first value of its type. */
  optional: boolean;
}

/** File names in the spatial part: `<table>-<code>` of the coordinate reference system. */
const SPATIAL_FILE = /^\d+-\d+$/;

/** The tree files of an index: the required ones, and the optional ones that exist. */
export async function listIndexTrees(storeDirectory: string, rule: IndexRule): Promise<IndexTreeFile[]> {
  const folders = findProvider(rule.provider)?.folders(rule.id);
  if (folders === undefined) return [];
  const trees: IndexTreeFile[] = [];
  const must = (path: string | undefined, layout: TreeLayout) => {
    if (path !== undefined) trees.push({ path, layout, optional: false });
  };
  must(folders.generic, genericKey.layout);
  must(folders.numbers, rule.unique ? uniqueNumberKey.layout : numberKey.layout);
  must(folders.texts, textKey.layout);
  for (const name of await listIfThere(storeDirectory, folders.temporal)) {
    const type = TEMPORAL_TYPES.find((candidate) => TEMPORAL_FILES[candidate] === name);
    if (type !== undefined) {
      trees.push({ path: `${folders.temporal}/${name}`, layout: temporalKeys[type].layout, optional: true });
    }
  }
  for (const name of await listIfThere(storeDirectory, folders.spatial)) {
    if (SPATIAL_FILE.test(name))
      trees.push({ path: `${folders.spatial}/${name}`, layout: pointLayout, optional: true });
  }
  return trees;
}

/**
 * State of an index as a server would see it at its start (spec trees-and-indexes 10): failed if any part is failed; else populating if any
 * part is populating or a required part is missing; else online. `problem` says why it is not online. Throws for an unreadable part.
 */
export async function readIndexState(
  storeDirectory: string,
  rule: IndexRule,
): Promise<{ state: IndexState; problem?: string }> {
  const folders = findProvider(rule.provider)?.folders(rule.id);
  if (folders === undefined) return { state: 'failed', problem: unknownProvider(rule) };
  const parts: { state: IndexState; problem?: string }[] = [];
  for (const tree of await listIndexTrees(storeDirectory, rule)) parts.push(readTreeState(storeDirectory, tree));
  parts.push(await readLuceneProblem(storeDirectory, folders));
  return (
    parts.find((part) => part.state === 'failed') ??
    parts.find((part) => part.state === 'populating') ?? { state: 'online' }
  );
}

export function unknownProvider(rule: IndexRule): string {
  return `unknown index provider ${rule.provider.key}-${rule.provider.version}`;
}

function readTreeState(
  storeDirectory: string,
  { path, layout }: IndexTreeFile,
): { state: IndexState; problem?: string } {
  const file = join(storeDirectory, path);
  try {
    const tree = openTreeForReading(file, layout);
    tree.file.close();
    const { state, failure } = decodeIndexHeader(tree.header, file);
    return state === 'online' ? { state } : { state, problem: `${path} is ${state}${failure ? `: ${failure}` : ''}` };
  } catch (error) {
    if (error instanceof GraphkeepError && isMissing(error))
      return { state: 'populating', problem: `${path} is missing` };
    throw error;
  }
}

async function readLuceneProblem(
  storeDirectory: string,
  folders: IndexFolders,
): Promise<{ state: IndexState; problem?: string }> {
  if (folders.lucene === undefined) return { state: 'online' };
  const { state, failure } = await readLuceneState(join(storeDirectory, folders.lucene));
  if (state === 'online') return { state };
  return { state, problem: `${folders.lucene} is ${state}${failure ? `: ${failure}` : ''}` };
}

async function listIfThere(storeDirectory: string, directory: string | undefined): Promise<string[]> {
  if (directory === undefined) return [];
  const path = join(storeDirectory, directory);
  try {
    return (await readdir(path)).sort();
  } catch (error) {
    if (isMissing(error)) return [];
    throw fileError(error, 'read the directory', path);
  }
}

/** The curves of an index's points, from the headers of its trees. */
export async function readPointCurves(storeDirectory: string, rule: IndexRule): Promise<PointCurves> {
  const curves = new PointCurves();
  for (const { path, layout } of await listIndexTrees(storeDirectory, rule)) {
    if (layout !== genericKey.layout && layout !== pointLayout) continue;
    const file = join(storeDirectory, path);
    const tree = openTreeForReading(file, layout);
    tree.file.close();
    if (layout === pointLayout) curves.set(Number(/\d+$/.exec(path)![0]), decodeSpatialHeader(tree.header, file));
    else curves.readGenericHeader(tree.header, file);
  }
  return curves;
}
