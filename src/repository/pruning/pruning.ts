import type { ObjectStore } from '../../objects/object-store.ts';
import { baseFolder, logFolder, MANIFEST_NAME, timelineKey } from '../catalogue/object-keys.ts';
import type { PrunePlan } from './prune-plan.ts';

/** A base without a manifest is left alone for so long after its last object, by the clock of the store: it may be under way. */
const GRACE_MS = 7 * 86_400_000;
/** Keys of one request. */
const BATCH = 500;

/** What was removed. */
export interface Pruned {
  objects: number;
  /** What the store refused to remove, as where objects are locked for a time. */
  refused: number;
}

/** Of the folders of bases without a manifest, those that nobody works on any more. */
export async function findAbandoned(
  store: ObjectStore,
  unfinished: readonly string[],
  signal: AbortSignal,
): Promise<string[]> {
  const now = (await store.now(signal)).getTime();
  const folders: string[] = [];
  for (const folder of unfinished) {
    let newest = 0;
    for await (const { modified } of store.list(`${folder}/`, undefined, signal))
      newest = Math.max(newest, modified.getTime());
    if (now - newest > GRACE_MS) folders.push(folder);
  }
  return folders;
}

/**
 * Removes what a plan gives up, and the folders of abandoned bases. A base ends with its manifest, which goes first: a kill leaves a base
 * that does not exist. The log goes from its old end.
 */
export async function prune(
  store: ObjectStore,
  database: string,
  { bases, segments, timelines }: PrunePlan,
  abandoned: readonly string[],
  signal: AbortSignal,
): Promise<Pruned> {
  const pruned: Pruned = { objects: 0, refused: 0 };
  const remove = async (keys: readonly string[]): Promise<void> => {
    for (let at = 0; at < keys.length; at += BATCH) {
      const results = await store.remove(keys.slice(at, at + BATCH), signal);
      const removed = results.filter((result) => result.removed).length;
      pruned.objects += removed;
      pruned.refused += results.length - removed;
    }
  };
  const removeFolder = async (folder: string): Promise<void> => {
    const keys: string[] = [];
    for await (const { key } of store.list(`${folder}/`, undefined, signal)) keys.push(key);
    await remove(keys);
  };
  for (const { manifest, reasons } of bases) {
    if (reasons.length > 0) continue;
    const folder = baseFolder(database, manifest.timeline, manifest.id);
    await remove([`${folder}/${MANIFEST_NAME}`]);
    await removeFolder(folder);
  }
  for (const [timeline, names] of segments) {
    const folder = logFolder(database, timeline);
    await remove(names.map((name) => `${folder}/${name}`));
  }
  for (const folder of abandoned) await removeFolder(folder);
  for (const timeline of timelines) await remove([timelineKey(database, timeline)]);
  return pruned;
}
