import { findRunAfter, type LogChain } from './log-chain.ts';

/** A complete base, as far as ranges need it. */
export interface RangeBase {
  readonly transaction: number;
  /** The newest commit time in it. */
  readonly newestCommit: Date;
}

/** Every transaction from `first` to `last` can be restored. */
export interface RestorableRange {
  readonly first: number;
  readonly last: number;
  /** The newest commit time of its first base. */
  readonly from: Date;
  /** The newest commit time in all of it. */
  readonly until: Date;
}

/** What can be restored of one timeline, oldest first: from each base as far as the log goes. `bases`: oldest first. */
export function findRanges(bases: readonly RangeBase[], chain: LogChain): RestorableRange[] {
  const ranges: RestorableRange[] = [];
  for (const { transaction, newestCommit } of bases) {
    const before = ranges.at(-1);
    if (before !== undefined && transaction <= before.last) continue;
    const run = findRunAfter(chain, transaction);
    const until = run !== undefined && run.newestCommit > newestCommit ? run.newestCommit : newestCommit;
    ranges.push({ first: transaction, last: run?.last ?? transaction, from: newestCommit, until });
  }
  return ranges;
}
