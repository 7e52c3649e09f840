import { formatStampedId, parseStampedId } from './object-keys.ts';

/** What can be said of a base after it was made. Readers pass over kinds that they do not know. */
export const markKinds = ['hold', 'release', 'proof', 'verified', 'key'] as const;
export type MarkKind = (typeof markKinds)[number];

/**
 * What the name of a mark says (spec repository-layout 7):
 *
 *     <base id>.<kind>.<UTC>-<8 hex>.json
 *
 * `<UTC>-<8 hex>` is the id of the mark, which sorts by the time at which it was made, as those of bases do.
 */
export interface MarkName {
  readonly base: string;
  readonly kind: MarkKind;
  readonly id: string;
}

const NAME = /^([^.]+)\.([a-z]+)\.([^.]+)\.json$/;

/** @throws RangeError for ids that are none */
export function formatMarkName({ base, kind, id }: MarkName): string {
  for (const text of [base, id]) {
    const parsed = parseStampedId(text);
    if (parsed === undefined || formatStampedId(parsed) !== text) throw new RangeError(`no mark: ${base}, ${id}`);
  }
  return `${base}.${kind}.${id}.json`;
}

/** Undefined for any other name, and for a kind of a later release. */
export function parseMarkName(name: string): MarkName | undefined {
  const [, base = '', text, id = ''] = NAME.exec(name) ?? [];
  const kind = markKinds.find((known) => known === text);
  if (kind === undefined || parseStampedId(base) === undefined || parseStampedId(id) === undefined) return undefined;
  return { base, kind, id };
}

/** When a mark was made, by the clock of the store. */
export function timeOfMark({ id }: MarkName): Date {
  return parseStampedId(id)!.began;
}

/** Of a base or of several, the newest of some kinds first. */
export function newestMarks(marks: readonly MarkName[], ...kinds: MarkKind[]): MarkName[] {
  return marks.filter(({ kind }) => kinds.includes(kind)).sort((one, other) => (one.id < other.id ? 1 : -1));
}

/**
 * The marks that hold a base, by its id: the last word of each base counts. If a hold and a release were made in the same second, as two
 * machines may do, the base is held.
 */
export function findHolds(marks: readonly MarkName[]): ReadonlyMap<string, MarkName> {
  const last = new Map<string, MarkName>();
  for (const mark of newestMarks(marks, 'hold', 'release').reverse()) {
    const before = last.get(mark.base);
    const isTie = before !== undefined && timeOfMark(before).getTime() === timeOfMark(mark).getTime();
    if (!isTie || mark.kind === 'hold') last.set(mark.base, mark);
  }
  return new Map([...last].filter(([, { kind }]) => kind === 'hold'));
}
