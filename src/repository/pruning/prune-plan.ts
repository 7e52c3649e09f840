import type { Manifest } from '../catalogue/manifest.ts';
import { findHolds, formatMarkName, type MarkName, newestMarks } from '../catalogue/mark-name.ts';
import { parseStampedId } from '../catalogue/object-keys.ts';
import { type KeepReason, planRetention, type RetentionPolicy } from '../catalogue/retention-plan.ts';
import { formatSegmentName, type SegmentName } from '../catalogue/segment-name.ts';
import type { TimelineHistory } from '../reading/database-history.ts';

/** What becomes of a base. */
export interface JudgedBase {
  readonly manifest: Manifest;
  /** Empty: it goes. */
  readonly reasons: readonly KeepReason[];
}

export interface PrunePlan {
  /** Oldest first. */
  readonly bases: readonly JudgedBase[];
  /** Names of log objects that go, by timeline. */
  readonly segments: ReadonlyMap<string, readonly string[]>;
  /** Timelines of which nothing is kept. */
  readonly timelines: readonly string[];
  /** Names of marks that go, by timeline: those of bases that are gone, and what newer ones say again. */
  readonly marks: ReadonlyMap<string, readonly string[]>;
}

/**
 * What to keep of a database, by the rules of {@link planRetention} for the bases of all its timelines together (spec repository-layout 6).
 * Of the log of a timeline stays what follows the oldest of its bases that moments are to be restored from. A base needs no log but its
 * own.
 */
export function planPrune(histories: readonly TimelineHistory[], policy: RetentionPolicy): PrunePlan {
  const manifests = new Map(histories.flatMap(({ bases }) => bases.map((manifest) => [manifest.id, manifest])));
  const held = new Set(histories.flatMap(({ marks }) => [...findHolds(marks).keys()]));
  const retained = [...manifests.values()].map(({ id, consistentAt, newestCommit }) => ({
    id,
    began: parseStampedId(id)!.began,
    transaction: consistentAt.transaction,
    newestCommit,
    isHeld: held.has(id),
    restores: true,
  }));
  const { bases } = planRetention(retained, policy);
  const judged = bases.map(({ base, reasons }) => ({ manifest: manifests.get(base.id)!, reasons }));
  const newest = judged.at(-1)?.manifest.id;
  // Moments after these bases are kept; without a window, those after the newest one.
  const isOrigin = ({ manifest, reasons }: JudgedBase) =>
    policy.pointInTimeMs === undefined ? manifest.id === newest : reasons.includes('point-in-time');
  const segments = new Map<string, string[]>();
  const timelines: string[] = [];
  const marks = new Map<string, readonly string[]>();
  for (const { timeline, chain, bases: own, marks: said } of histories) {
    const idle = findIdleMarks(said, new Set(own.map(({ id }) => id)));
    if (idle.length > 0) marks.set(timeline.id, idle.map(formatMarkName));
    // One without a base may be under way.
    if (own.length === 0) continue;
    const ours = judged.filter(({ manifest }) => manifest.timeline === timeline.id);
    const origin = ours.find(isOrigin)?.manifest.consistentAt.transaction ?? Number.POSITIVE_INFINITY;
    const names = [...chain.runs.flatMap((run) => run.segments.flatMap((segment) => segment.names))];
    const going = names.filter(({ last }: SegmentName) => last <= origin).map(formatSegmentName);
    if (going.length > 0) segments.set(timeline.id, going.sort());
    if (ours.every(({ reasons }) => reasons.length === 0)) timelines.push(timeline.id);
  }
  return { bases: judged, segments, timelines, marks };
}

/**
 * Marks that say nothing any more. Of looks at a base the last one counts; proofs stay, they tell how long it took each time. Marks of
 * bases that this plan gives up go with them.
 */
function findIdleMarks(marks: readonly MarkName[], bases: ReadonlySet<string>): MarkName[] {
  return [...new Set(marks.map(({ base }) => base))].flatMap((base) => {
    const own = marks.filter((mark) => mark.base === base);
    if (!bases.has(base)) return own;
    return [...newestMarks(own, 'verified').slice(1), ...newestMarks(own, 'key').slice(1)];
  });
}
