import type { LogChain } from './log-chain.ts';

/** Transactions that are missing between others. */
export interface LogGap {
  readonly first: number;
  readonly last: number;
}

/**
 * Where the log of a timeline does not go on, although more of it follows. What comes before a base ends with it, without a gap, and a new
 * run may begin behind a base. `bases`: the transactions as of which they are complete, in order.
 */
export function findGaps(bases: readonly number[], { runs }: LogChain): LogGap[] {
  const gaps: LogGap[] = [];
  let [reached] = bases;
  for (const { first, last } of runs) {
    const isAfterBase = bases.some(
      (transaction) => transaction > (reached ?? 0) && first <= transaction + 1 && last >= transaction,
    );
    if (reached !== undefined && first > reached + 1 && !isAfterBase)
      gaps.push({ first: reached + 1, last: first - 1 });
    reached = Math.max(reached ?? 0, last);
  }
  return gaps;
}
