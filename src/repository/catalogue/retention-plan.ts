/* Which bases and which log a repository keeps (spec repository-layout 6). A pure function of what is listed and of the policy. */

const DAY_MS = 86_400_000;

/** Bases of one database. Missing rules keep nothing by themselves. */
export interface RetentionPolicy {
  /** The newest so many bases. */
  readonly keepLast?: number;
  /** All bases that are no older than this, in milliseconds. Ages count from the newest base, so that a stopped backup deletes nothing. */
  readonly keepWithinMs?: number;
  /** The newest base of each of the last so many days, weeks (from Monday), months and years that have one; in UTC. */
  readonly keepDaily?: number;
  readonly keepWeekly?: number;
  readonly keepMonthly?: number;
  readonly keepYearly?: number;
  /** Any moment of so many milliseconds before the newest base can be restored: a base and all of the log after it are kept. */
  readonly pointInTimeMs?: number;
  /** Never fewer bases than this. At least one that restores is always kept. */
  readonly minimumBases?: number;
}

/** A complete base of one timeline. */
export interface RetainedBase {
  readonly id: string;
  readonly began: Date;
  /** Its last transaction, E. */
  readonly transaction: number;
  /** The newest commit time in it. */
  readonly newestCommit: Date;
  /** Somebody asked to keep it. */
  readonly isHeld: boolean;
  /** False if it is known that objects are missing. */
  readonly restores: boolean;
}

export type KeepReason =
  | 'held'
  | 'last'
  | 'within'
  | 'daily'
  | 'weekly'
  | 'monthly'
  | 'yearly'
  | 'point-in-time'
  | 'newest-that-restores'
  | 'minimum';

export interface RetentionPlan {
  /** Oldest first. A base without a reason goes. */
  readonly bases: readonly { readonly base: RetainedBase; readonly reasons: readonly KeepReason[] }[];
  /** Segments that end at or before this transaction go; undefined: all stay. */
  readonly logUpTo: number | undefined;
}

/**
 * Plans what to keep of one timeline. The log is kept from the oldest base on that the policy needs for moments between bases; every base
 * holds its own log, so older ones do without.
 */
export function planRetention(bases: readonly RetainedBase[], policy: RetentionPolicy): RetentionPlan {
  const sorted = bases.toSorted((one, other) => (one.id < other.id ? -1 : 1));
  const reasons = new Map<RetainedBase, KeepReason[]>(sorted.map((base) => [base, []]));
  const keep = (kept: readonly RetainedBase[], reason: KeepReason) => {
    for (const base of kept) reasons.get(base)!.push(reason);
  };
  // A hold only adds: what the rules keep of the others does not depend on it.
  const isKept = (base: RetainedBase) => reasons.get(base)!.some((reason) => reason !== 'held');
  // A base that does not restore must not take the place of one that does.
  const sound = sorted.filter(({ restores }) => restores).reverse();
  const [newest] = sound;

  keep(
    sorted.filter(({ isHeld }) => isHeld),
    'held',
  );
  keep(sound.slice(0, policy.keepLast ?? 0), 'last');
  if (newest !== undefined && policy.keepWithinMs !== undefined) {
    const since = newest.began.getTime() - policy.keepWithinMs;
    keep(
      sound.filter(({ began }) => began.getTime() >= since),
      'within',
    );
  }
  for (const [reason, count, periodOf] of periods(policy)) keep(newestOfPeriods(sound, count, periodOf), reason);
  const first = firstOfPointInTime(sound, policy);
  if (first !== undefined)
    keep(
      sound.filter(({ id }) => id >= first.id),
      'point-in-time',
    );
  keep(sound.slice(0, 1), 'newest-that-restores');
  const missing = (policy.minimumBases ?? 0) - sound.filter(isKept).length;
  keep(sound.filter((base) => !isKept(base)).slice(0, Math.max(0, missing)), 'minimum');
  return {
    bases: sorted.map((base) => ({ base, reasons: reasons.get(base)! })),
    logUpTo: (first ?? newest)?.transaction,
  };
}

type Period = readonly [reason: KeepReason, count: number, periodOf: (time: Date) => string];

function periods(policy: RetentionPolicy): Period[] {
  return [
    ['daily', policy.keepDaily ?? 0, (time) => time.toISOString().slice(0, 10)],
    ['weekly', policy.keepWeekly ?? 0, mondayOf],
    ['monthly', policy.keepMonthly ?? 0, (time) => time.toISOString().slice(0, 7)],
    ['yearly', policy.keepYearly ?? 0, (time) => time.toISOString().slice(0, 4)],
  ];
}

function mondayOf(time: Date): string {
  const sinceMonday = (time.getUTCDay() + 6) % 7;
  return new Date(time.getTime() - sinceMonday * DAY_MS).toISOString().slice(0, 10);
}

function newestOfPeriods(
  newestFirst: readonly RetainedBase[],
  count: number,
  periodOf: (time: Date) => string,
): RetainedBase[] {
  const newest = new Map<string, RetainedBase>();
  for (const base of newestFirst) {
    const period = periodOf(base.began);
    if (!newest.has(period)) newest.set(period, base);
  }
  return [...newest.values()].slice(0, count);
}

/** The newest base that is old enough for the whole window; if none is, the oldest one. */
function firstOfPointInTime(
  soundNewestFirst: readonly RetainedBase[],
  { pointInTimeMs }: RetentionPolicy,
): RetainedBase | undefined {
  const [newest] = soundNewestFirst;
  if (newest === undefined || pointInTimeMs === undefined) return undefined;
  const since = newest.newestCommit.getTime() - pointInTimeMs;
  return soundNewestFirst.find(({ newestCommit }) => newestCommit.getTime() <= since) ?? soundNewestFirst.at(-1);
}
