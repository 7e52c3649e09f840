import { GraphkeepError, hasCode } from '../../base/errors.ts';
import { version } from '../../base/own-version.ts';
import type { ObjectStore } from '../../objects/object-store.ts';
import { readWhole } from '../../objects/whole-object.ts';
import { MOST_JSON_BYTES } from '../catalogue/json-object.ts';
import type { Manifest } from '../catalogue/manifest.ts';
import { formatMark, type Mark, type MarkOf, parseMark } from '../catalogue/mark.ts';
import { formatMarkName, type MarkKind, type MarkName, newestMarks } from '../catalogue/mark-name.ts';
import { markFolder, parseStampedId } from '../catalogue/object-keys.ts';
import { objectError } from '../object-errors.ts';
import { createSmall } from '../opening/repository.ts';
import { makeId } from '../writing/base-writer.ts';

/** What a mark says, without what follows from when and where it is made. */
export type MarkContent = Mark extends infer One
  ? One extends Mark
    ? Omit<One, 'format' | 'version' | 'base' | 'made' | 'tool'>
    : never
  : never;

/** The base that a mark is about. */
export type MarkedBase = Pick<Manifest, 'database' | 'timeline' | 'id'>;

/** Where a timeline has its marks. */
type MarkPlace = Pick<Manifest, 'database' | 'timeline'>;

/**
 * Says something of a base. `known`: the marks of its timeline; the new one is later than those of the base.
 * @throws GraphkeepError those of {@link ObjectStore.create}
 */
export async function writeMark(
  store: ObjectStore,
  { database, timeline, id: base }: MarkedBase,
  content: MarkContent,
  known: readonly MarkName[],
  signal: AbortSignal,
): Promise<MarkName> {
  const previous = known.filter((mark) => mark.base === base).map(({ id }) => id);
  const id = makeId(await store.now(signal), previous.sort().at(-1));
  const made = parseStampedId(id)!.began;
  const mark = { format: 'graphkeep-mark', version: 1, base, made, tool: version, ...content } as const;
  const name = { base, kind: content.kind, id };
  await createSmall(store, keyOfMark({ database, timeline }, name), formatMark(mark), signal);
  return name;
}

/** A mark that could not be written, and why. */
export interface UnwrittenMark {
  readonly base: string;
  readonly error: unknown;
}

/**
 * As {@link writeMark}, for a mark that only records a result: that is told in any case, as where this user may not write.
 * @returns what the user should know
 */
export async function tryToMark(
  store: ObjectStore,
  base: MarkedBase,
  content: MarkContent,
  known: readonly MarkName[],
  signal: AbortSignal,
): Promise<UnwrittenMark | undefined> {
  try {
    await writeMark(store, base, content, known, signal);
    return undefined;
  } catch (error) {
    if (signal.aborted || !(error instanceof GraphkeepError)) throw error;
    return { base: base.id, error };
  }
}

/** So many marks that cannot be read are passed over. */
const MOST_UNREADABLE = 5;

/**
 * The newest mark of one kind that can be read, of some timelines of a database. Marks that are gone or damaged, or of a later release, are
 * passed over: nothing depends on them.
 */
export async function readNewestMark<Kind extends MarkKind>(
  store: ObjectStore,
  places: readonly { place: MarkPlace; marks: readonly MarkName[] }[],
  kind: Kind,
  signal: AbortSignal,
): Promise<MarkOf<Kind> | undefined> {
  const keys = new Map(
    places.flatMap(({ place, marks }) => marks.map((mark) => [mark, keyOfMark(place, mark)] as const)),
  );
  for (const mark of newestMarks([...keys.keys()], kind).slice(0, MOST_UNREADABLE)) {
    const read = await readMark(store, keys.get(mark)!, mark, signal);
    if (read !== undefined) return read as MarkOf<Kind>;
  }
  return undefined;
}

export function keyOfMark({ database, timeline }: MarkPlace, mark: MarkName): string {
  return `${markFolder(database, timeline)}/${formatMarkName(mark)}`;
}

/** Undefined if it cannot be read. */
export async function readMark(
  store: ObjectStore,
  key: string,
  { base, kind }: MarkName,
  signal: AbortSignal,
): Promise<Mark | undefined> {
  try {
    const mark = parseMark(await readWhole(store, key, { mostBytes: MOST_JSON_BYTES }, signal), key);
    if (mark.base === base && mark.kind === kind) return mark;
    throw objectError('repository.object-damaged', key, 'it says something else than its name', {
      observed: `${mark.kind} of ${mark.base}`,
    });
  } catch (error) {
    if (!hasCode(error, ...UNREADABLE)) throw error;
    return undefined;
  }
}

const UNREADABLE = [
  'object.missing',
  'object.damaged',
  'repository.object-damaged',
  'repository.newer-version',
] as const;
