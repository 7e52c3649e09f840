/** Progress of one phase of a command. Unknown values are left out. */
export interface Progress {
  /** The activity, for example `copying files`. One of a few fixed texts. */
  phase: string;
  /** The current part of the phase, for example `relationship chains`. */
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

/** A progress with values derived from the clock. */
export interface MeasuredProgress extends Progress {
  /** Time since the phase began. */
  elapsedMs: number;
  /** 0 to 100, rounded down. 99 at most while the total is a guess. */
  percent?: number;
  /** Speed over the last seconds. */
  bytesPerSecond?: number;
  /** Time left in the phase at the current speed. */
  leftMs?: number;
}

/** The total of bytes, unless it was a guess that has proved too small. */
export function totalBytesOf({ bytes = 0, totalBytes, isEstimate }: Progress): number | undefined {
  return isEstimate === true && bytes > (totalBytes ?? 0) ? undefined : totalBytes;
}

/** The counter behind the percentage: the first one whose total is known. */
export function axisOf(progress: Progress): { done: number; total: number; isEven: boolean } | undefined {
  const { bytes, transactions, totalTransactions } = progress;
  const totalBytes = totalBytesOf(progress);
  const { files, totalFiles, indexes, totalIndexes } = progress;
  if (bytes !== undefined && totalBytes !== undefined) {
    return { done: bytes, total: totalBytes, isEven: true };
  }
  if (transactions !== undefined && totalTransactions !== undefined) {
    return { done: transactions, total: totalTransactions, isEven: true };
  }
  // One file may be a million times as large as the next, so a file count yields no time left.
  if (files !== undefined && totalFiles !== undefined) return { done: files, total: totalFiles, isEven: false };
  if (indexes !== undefined && totalIndexes !== undefined) return { done: indexes, total: totalIndexes, isEven: false };
  return undefined;
}
