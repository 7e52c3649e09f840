import type { LogChain, Segment } from './log-chain.ts';
import { findRunAfter, segmentsBetween } from './log-chain.ts';

/** A complete base, as its manifest tells. */
export interface BasePoint {
  readonly id: string;
  readonly timeline: string;
  /** Its files and its own log give the database as of this transaction: E. Earlier moments cannot be had from it. */
  readonly transaction: number;
  readonly checksum: bigint;
  /** The newest commit time in the base. */
  readonly newestCommit: Date;
}

/** A moment to go back to. A transaction is included; of a time, everything before the first later commit. */
export type Moment =
  | { readonly kind: 'latest' }
  | { readonly kind: 'transaction'; readonly transaction: number }
  | { readonly kind: 'time'; readonly time: Date };

/** What to read for a moment, in this order. */
export interface RestorePlan {
  readonly base: BasePoint;
  /** Only transactions after {@link base} count. */
  readonly segments: readonly Segment[];
  /** Where to end, if not with the last segment. A time is looked for in that segment: names tell only the newest commit of each. */
  readonly end: { readonly transaction: number } | { readonly before: Date } | undefined;
}

/** Why there is no plan. */
export type NoPlan =
  /** No base is complete. */
  | { readonly kind: 'no-base' }
  /** The moment is before the oldest base. */
  | { readonly kind: 'too-early'; readonly oldest: BasePoint }
  /** Transactions after `last` are missing: the log ends there, or has a gap. */
  | { readonly kind: 'not-reached'; readonly base: BasePoint; readonly last: number };

/**
 * Chooses what to read for a moment (spec repository-layout 5): the newest base at or before it, then the log after that base. `chainOf`
 * gives the log of a timeline.
 */
export function planRestore(
  bases: readonly BasePoint[],
  chainOf: (timeline: string) => LogChain,
  moment: Moment,
): RestorePlan | NoPlan {
  const sorted = bases.toSorted(byAge);
  const oldest = sorted[0];
  if (oldest === undefined) return { kind: 'no-base' };
  const candidates = sorted.filter((candidate) => isAtOrBefore(candidate, moment)).reverse();
  const [base] = candidates;
  if (base === undefined) return { kind: 'too-early', oldest };
  if (moment.kind === 'transaction') {
    // A newer timeline may begin before it and end before it, as after a restore of the server: then an older one has it.
    const plans = candidates.map((candidate) => planTo(candidate, chainOf(candidate.timeline), moment.transaction));
    return plans.find((plan) => !('kind' in plan)) ?? plans[0]!;
  }
  const chain = chainOf(base.timeline);
  const after = runAfter(base, chain);
  if (moment.kind === 'latest') return { base, segments: after, end: undefined };
  const later = after.findIndex(({ newestCommit }) => newestCommit > moment.time);
  return later < 0
    ? { base, segments: after, end: undefined }
    : { base, segments: after.slice(0, later + 1), end: { before: moment.time } };
}

/** Ids begin with the time at which a base was begun. */
function byAge(one: BasePoint, other: BasePoint): number {
  return one.id < other.id ? -1 : one.id > other.id ? 1 : 0;
}

function isAtOrBefore({ transaction, newestCommit }: BasePoint, moment: Moment): boolean {
  if (moment.kind === 'latest') return true;
  return moment.kind === 'transaction' ? transaction <= moment.transaction : newestCommit <= moment.time;
}

function planTo(base: BasePoint, chain: LogChain, transaction: number): RestorePlan | NoPlan {
  if (transaction === base.transaction) return { base, segments: [], end: undefined };
  const segments = segmentsBetween(chain, base.transaction + 1, transaction);
  if (segments === undefined) {
    return { kind: 'not-reached', base, last: runAfter(base, chain).at(-1)?.last ?? base.transaction };
  }
  return { base, segments, end: segments.at(-1)!.last === transaction ? undefined : { transaction } };
}

/** Everything that follows a base without a gap. */
function runAfter({ transaction }: BasePoint, chain: LogChain): readonly Segment[] {
  const run = findRunAfter(chain, transaction);
  return run === undefined ? [] : segmentsBetween(chain, transaction + 1, run.last)!;
}
