import type { ObjectStore } from '../../objects/object-store.ts';
import type { MarkOf } from '../catalogue/mark.ts';
import { findHolds, newestMarks, timeOfMark } from '../catalogue/mark-name.ts';
import type { TimelineHistory } from '../reading/database-history.ts';
import { keyOfMark, readMark, readNewestMark } from './mark-store.ts';

/** A base that is kept whatever the rules say. */
export interface Hold {
  readonly base: string;
  readonly since: Date;
  readonly reason: string | undefined;
}

/** What the last looks at the bases that there are have found, together. */
export interface LastVerification {
  /** The newest look. */
  readonly made: Date;
  readonly extent: MarkOf<'verified'>['extent'];
  /** How many of 100 objects were read, of `part`. */
  readonly percent: number | undefined;
  readonly faults: number;
  /** Bases that were looked at. */
  readonly bases: number;
}

/** What marks say of the backups of a database. */
export interface Trust {
  /** The last drill. */
  readonly proof: MarkOf<'proof'> | undefined;
  readonly verification: LastVerification | undefined;
  /** When an identity has last opened something. */
  readonly keyProvedAt: Date | undefined;
  readonly holds: readonly Hold[];
}

/** Reads those marks of a database that count: one for each base, and a few more. */
export async function readTrust(
  store: ObjectStore,
  histories: readonly TimelineHistory[],
  signal: AbortSignal,
): Promise<Trust> {
  const places = histories.map(({ timeline, marks }) => ({
    place: { database: timeline.database, timeline: timeline.id },
    marks,
  }));
  const [key] = newestMarks(
    histories.flatMap(({ marks }) => marks),
    'key',
  );
  return {
    proof: await readNewestMark(store, places, 'proof', signal),
    verification: await readVerification(store, histories, signal),
    keyProvedAt: key === undefined ? undefined : timeOfMark(key),
    holds: await readHolds(store, histories, signal),
  };
}

async function readVerification(
  store: ObjectStore,
  histories: readonly TimelineHistory[],
  signal: AbortSignal,
): Promise<LastVerification | undefined> {
  const found: MarkOf<'verified'>[] = [];
  for (const { bases, marks, timeline } of histories) {
    const place = { database: timeline.database, timeline: timeline.id };
    for (const { id } of bases) {
      const own = marks.filter(({ base }) => base === id);
      const newest = await readNewestMark(store, [{ place, marks: own }], 'verified', signal);
      if (newest !== undefined) found.push(newest);
    }
  }
  const [last] = found.toSorted((one, other) => other.made.getTime() - one.made.getTime());
  if (last === undefined) return undefined;
  const faults = found.reduce((sum, mark) => sum + mark.faults, 0);
  return { made: last.made, extent: last.extent, percent: last.percent, faults, bases: found.length };
}

async function readHolds(
  store: ObjectStore,
  histories: readonly TimelineHistory[],
  signal: AbortSignal,
): Promise<Hold[]> {
  const holds: Hold[] = [];
  for (const { bases, marks, timeline } of histories) {
    const place = { database: timeline.database, timeline: timeline.id };
    for (const [base, mark] of findHolds(marks)) {
      if (!bases.some(({ id }) => id === base)) continue;
      const content = await readMark(store, keyOfMark(place, mark), mark, signal);
      const reason = content?.kind === 'hold' ? content.reason : undefined;
      holds.push({ base, since: timeOfMark(mark), reason });
    }
  }
  return holds;
}
