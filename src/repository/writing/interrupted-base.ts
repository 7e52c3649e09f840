import { rm } from 'node:fs/promises';
import type { ObjectStore } from '../../objects/object-store.ts';
import { baseFolder, MANIFEST_NAME, parseStampedId } from '../catalogue/object-keys.ts';
import type { TimelineHistory } from '../reading/database-history.ts';
import { type JournaledBase, readJournal, type StoredPart } from './part-journal.ts';

/** A base that was not completed, and what of it is stored. */
export interface InterruptedBase {
  readonly head: JournaledBase;
  readonly parts: readonly StoredPart[];
  /** Bytes as they are stored. */
  readonly storedBytes: number;
}

export interface InterruptionQuery {
  readonly store: ObjectStore;
  readonly database: string;
  /** Where the journal is. */
  readonly path: string;
  /** The newest timeline with a base, as it is now. */
  readonly newest: TimelineHistory | undefined;
  /** The next base belongs to that timeline. */
  readonly goesOn: boolean;
  readonly signal: AbortSignal;
}

/**
 * The base that an earlier run on this machine has left, if the next one can take its place: nobody has made another one since, and some of
 * its objects are there with the sizes that the journal knows.
 */
export async function findInterruptedBase(query: InterruptionQuery): Promise<InterruptedBase | undefined> {
  const { store, database, path, newest, goesOn, signal } = query;
  const journal = await readJournal(path);
  if (journal === undefined) return undefined;
  const { head } = journal;
  if (!isNext(head, newest, goesOn)) return undefined;
  const folder = baseFolder(database, head.timeline, head.base);
  const sizes = new Map<string, number>();
  for await (const { key, size } of store.list(`${folder}/`, undefined, signal)) {
    sizes.set(key.slice(folder.length + 1), size);
  }
  if (sizes.has(MANIFEST_NAME)) return undefined;
  const parts = journal.parts.filter(({ object, storedBytes }) => sizes.get(object) === storedBytes);
  if (parts.length === 0) {
    await rm(path, { force: true });
    return undefined;
  }
  return { head, parts, storedBytes: parts.reduce((sum, { storedBytes }) => sum + storedBytes, 0) };
}

/** Names of bases and timelines sort by time: one that was begun before another one cannot come after it any more. */
function isNext(
  { timeline, parent, base }: JournaledBase,
  newest: TimelineHistory | undefined,
  goesOn: boolean,
): boolean {
  if (parseStampedId(timeline) === undefined || parseStampedId(base) === undefined) return false;
  if (goesOn) return timeline === newest?.timeline.id && base > (newest.bases.at(-1)?.id ?? '');
  return parent === newest?.timeline.id && timeline > (parent ?? '');
}
