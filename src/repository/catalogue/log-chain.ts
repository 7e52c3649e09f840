import type { SegmentName } from './segment-name.ts';

/** A stored run of transactions that is complete: one object, or all pieces of one large transaction. */
export interface Segment {
  readonly first: number;
  readonly last: number;
  readonly newestCommit: Date;
  readonly checksum: bigint;
  /** In the order of their pieces. */
  readonly names: readonly SegmentName[];
}

/** Transactions that can be had without a gap. */
export interface LogRun {
  readonly first: number;
  readonly last: number;
  /** Of the last transaction. */
  readonly checksum: bigint;
  readonly newestCommit: Date;
  /** What to read, in order. Neighbours may overlap: only the transactions after the previous one count. */
  readonly segments: readonly Segment[];
}

/** What the names of a log say (spec repository-layout 3). */
export interface LogChain {
  /** Ascending; there is a gap between any two of them. */
  readonly runs: readonly LogRun[];
  /** Names of transactions of which the last piece, or one before it, is missing: they do not count. */
  readonly unfinished: readonly SegmentName[];
  /** Segments that end with the same transaction and disagree on its checksum: two servers have written one history. */
  readonly conflicts: readonly (readonly [Segment, Segment])[];
}

/** Finds out what a log holds. Of segments that overlap, those that reach farthest are taken. */
export function findLogChain(names: Iterable<SegmentName>): LogChain {
  const { segments, unfinished } = joinPieces(names);
  return { runs: findRuns(segments), unfinished, conflicts: findConflicts(segments) };
}

/** The segments that lead from one transaction to another, both included, or undefined if there is a gap. */
export function segmentsBetween(chain: LogChain, first: number, last: number): readonly Segment[] | undefined {
  const run = chain.runs.find((candidate) => candidate.first <= first && candidate.last >= last);
  return run?.segments.filter((segment) => segment.last >= first && segment.first <= last);
}

/** The run that goes on after a transaction without a gap; undefined if there is none. */
export function findRunAfter({ runs }: LogChain, transaction: number): LogRun | undefined {
  return runs.find(({ first, last }) => first <= transaction + 1 && last > transaction);
}

/** Complete segments, in the order of the log, and names of pieces that lack others. */
export function joinPieces(names: Iterable<SegmentName>): { segments: Segment[]; unfinished: SegmentName[] } {
  const groups = new Map<string, SegmentName[]>();
  for (const name of names) {
    const key = `${name.first}-${name.last}-${name.checksum}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [name]);
    else group.push(name);
  }
  const segments: Segment[] = [];
  const unfinished: SegmentName[] = [];
  for (const group of groups.values()) {
    const pieces = completePieces(group);
    if (pieces === undefined) unfinished.push(...group);
    else {
      const { first, last, checksum, newestCommit } = pieces.at(-1)!;
      segments.push({ first, last, checksum, newestCommit, names: pieces });
    }
  }
  return { segments: segments.sort(byPlace), unfinished };
}

/**
 * The pieces 0 to the last one. The same piece may be there twice, sent by two runs: any will do, as a large transaction has objects of its
 * own, and is always cut at the same places.
 */
function completePieces(group: readonly SegmentName[]): SegmentName[] | undefined {
  const byNumber = new Map<number, SegmentName>();
  for (const name of group) {
    const other = byNumber.get(name.piece);
    if (other === undefined || name.digest < other.digest) byNumber.set(name.piece, name);
  }
  const pieces: SegmentName[] = [];
  for (let piece = 0; ; piece++) {
    const name = byNumber.get(piece);
    if (name === undefined) return undefined;
    pieces.push(name);
    if (name.isLastPiece) return pieces;
  }
}

/** By first transaction; of two that begin together, the longer one first. */
function byPlace(one: Segment, other: Segment): number {
  return one.first - other.first || other.last - one.last || (one.checksum < other.checksum ? -1 : 1);
}

/** Takes, again and again, the segment that reaches farthest among those that begin at or before the next transaction. */
function findRuns(sorted: readonly Segment[]): LogRun[] {
  const runs: LogRun[] = [];
  for (let at = 0; at < sorted.length; ) {
    const taken = [sorted[at++]!];
    const { first } = taken[0]!;
    for (;;) {
      const reached = taken.at(-1)!.last;
      let farthest: Segment | undefined;
      for (; at < sorted.length && sorted[at]!.first <= reached + 1; at++) {
        if (sorted[at]!.last > (farthest?.last ?? reached)) farthest = sorted[at]!;
      }
      if (farthest === undefined) break;
      taken.push(farthest);
    }
    const { last, checksum } = taken.at(-1)!;
    const newestCommit = new Date(Math.max(...taken.map((segment) => segment.newestCommit.getTime())));
    runs.push({ first, last, checksum, newestCommit, segments: taken });
  }
  return runs;
}

function findConflicts(segments: readonly Segment[]): [Segment, Segment][] {
  const byLast = new Map<number, Segment>();
  const conflicts: [Segment, Segment][] = [];
  for (const segment of segments) {
    const other = byLast.get(segment.last);
    if (other === undefined) byLast.set(segment.last, segment);
    else if (other.checksum !== segment.checksum) conflicts.push([other, segment]);
  }
  return conflicts;
}
