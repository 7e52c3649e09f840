import type { RelationshipRecord } from '../../store/records/relationship-record.ts';

/** A relationship is in two chains, one at each end. A loop is in one chain, and both its sides must be equal. */
export type Side = 'start' | 'end';

/** The three chains of a group. */
export const OUT = 0;
export const IN = 1;
export const LOOP = 2;

/** One number for type and direction; it selects the chain of a dense node that holds the relationship. */
export function branchOf(type: number, direction: number): number {
  return type * 4 + direction;
}

export function nodeOf(r: RelationshipRecord, side: Side): number {
  return side === 'start' ? r.start : r.end;
}

/** Id of the previous relationship; the length of the chain if {@link isFirst}. */
export function prevOf(r: RelationshipRecord, side: Side): number {
  return side === 'start' ? r.startPrev : r.endPrev;
}

export function nextOf(r: RelationshipRecord, side: Side): number {
  return side === 'start' ? r.startNext : r.endNext;
}

export function isFirst(r: RelationshipRecord, side: Side): boolean {
  return side === 'start' ? r.firstInStart : r.firstInEnd;
}

/** The side that is in the chain of `node`: the start side of a loop; undefined if neither end is `node`. */
export function sideAt(r: RelationshipRecord, node: number): Side | undefined {
  if (r.start === node) return 'start';
  return r.end === node ? 'end' : undefined;
}

export function directionOf(r: RelationshipRecord, side: Side): number {
  if (r.start === r.end) return LOOP;
  return side === 'start' ? OUT : IN;
}

export function isOddLoop(r: RelationshipRecord): boolean {
  if (r.start !== r.end) return false;
  if (r.startNext !== r.endNext || r.firstInStart !== r.firstInEnd) return true;
  // The first relationship of a chain holds the chain's length instead; servers sometimes update it on one side only.
  return !r.firstInStart && r.startPrev !== r.endPrev;
}

/** True if `r` says that it follows the relationship `previous` in the chain of `node`. */
export function follows(r: RelationshipRecord, previous: number, node: number): boolean {
  const side = sideAt(r, node);
  return side !== undefined && !isFirst(r, side) && prevOf(r, side) === previous;
}
