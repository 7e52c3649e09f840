/** How far a phase of a command is. What is not known is left out. */
export interface Progress {
  /** What is being done, as in `copying files`. One of a few fixed texts. */
  phase: string;
  /** The part of the phase that is being done, as in `relationship chains`. */
  part?: string;
  files?: number;
  totalFiles?: number;
  bytes?: number;
  totalBytes?: number;
  /** `totalBytes` is a guess: the size of the last backup. */
  isEstimate?: true;
  transactions?: number;
  totalTransactions?: number;
  indexes?: number;
  totalIndexes?: number;
}

/** A progress with what the clock adds to it. */
export interface MeasuredProgress extends Progress {
  /** Since the phase began. */
  elapsedMs: number;
  /** 0 to 100, rounded down. 99 at most while the total is a guess. */
  percent?: number;
  /** Over the last seconds. */
  bytesPerSecond?: number;
  /** How long the rest of the phase takes at the present speed. */
  leftMs?: number;
}

/** What the percentage is made of: of what is counted, the first whose total is known. */
export function axisOf(progress: Progress): { done: number; total: number; isEven: boolean } | undefined {
  const { bytes, totalBytes, isEstimate, transactions, totalTransactions } = progress;
  const { files, totalFiles, indexes, totalIndexes } = progress;
  const isOutgrown = isEstimate === true && (bytes ?? 0) > (totalBytes ?? 0);
  if (bytes !== undefined && totalBytes !== undefined && !isOutgrown) {
    return { done: bytes, total: totalBytes, isEven: true };
  }
  if (transactions !== undefined && totalTransactions !== undefined) {
    return { done: transactions, total: totalTransactions, isEven: true };
  }
  // One file may be a million times as large as the next: a time that is left does not follow from them.
  if (files !== undefined && totalFiles !== undefined) return { done: files, total: totalFiles, isEven: false };
  if (indexes !== undefined && totalIndexes !== undefined) return { done: indexes, total: totalIndexes, isEven: false };
  return undefined;
}
