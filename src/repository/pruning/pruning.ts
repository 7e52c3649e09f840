import type { ObjectStore } from '../../objects/object-store.ts';
import type { Manifest } from '../catalogue/manifest.ts';
import { findHolds, type MarkName, parseMarkName } from '../catalogue/mark-name.ts';
import { baseFolder, logFolder, manifestKey, markFolder, timelineKey } from '../catalogue/object-keys.ts';
import { keyOfMark } from '../marks/mark-store.ts';
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
  /** Bases that somebody held after the plan was made; they stay. */
  held: string[];
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
 * that does not exist. Right before that, its marks are listed once more: it may be held since the plan was made. The log goes from its old
 * end.
 */
export async function prune(
  store: ObjectStore,
  database: string,
  { bases, segments, timelines, marks }: PrunePlan,
  abandoned: readonly string[],
  signal: AbortSignal,
): Promise<Pruned> {
  const pruned: Pruned = { objects: 0, refused: 0, held: [] };
  const spared = new Set<string>();
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
    const said = await listMarks(store, manifest, signal);
    if (findHolds(said).has(manifest.id)) {
      pruned.held.push(manifest.id);
      spared.add(manifest.timeline);
      continue;
    }
    const folder = baseFolder(database, manifest.timeline, manifest.id);
    await remove([manifestKey(database, manifest.timeline, manifest.id)]);
    await removeFolder(folder);
    await remove(said.map((mark) => keyOfMark(manifest, mark)));
  }
  for (const [timeline, names] of segments) {
    const folder = logFolder(database, timeline);
    await remove(names.map((name) => `${folder}/${name}`));
  }
  for (const folder of abandoned) await removeFolder(folder);
  for (const [timeline, names] of marks) {
    const folder = markFolder(database, timeline);
    await remove(names.map((name) => `${folder}/${name}`));
  }
  for (const timeline of timelines) if (!spared.has(timeline)) await remove([timelineKey(database, timeline)]);
  return pruned;
}

/** What is said of a base now. */
async function listMarks(
  store: ObjectStore,
  { database, timeline, id }: Manifest,
  signal: AbortSignal,
): Promise<MarkName[]> {
  const folder = markFolder(database, timeline);
  const marks: MarkName[] = [];
  for await (const { key } of store.list(`${folder}/${id}.`, undefined, signal)) {
    const mark = parseMarkName(key.slice(folder.length + 1));
    if (mark !== undefined) marks.push(mark);
  }
  return marks;
}
