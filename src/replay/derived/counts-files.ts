import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { removeTree, syncDirectory, syncFile } from '../../base/durable-files.ts';
import {
  Counts,
  type CountsFileName,
  otherCountsFile,
  readLiveCounts,
  writeCounts,
} from '../../store/counts/counts-store.ts';
import { recountStore } from '../../store/counts/recount.ts';
import { COUNTS_FILES } from '../../store/files/store-files.ts';
import { StoreReader } from '../../store/graph/store-reader.ts';

/** The counts store during a replay. */
export interface CountsUpdate {
  /** Receives the deltas of transactions after its own. */
  counts: Counts;
  /** The file it was read from; undefined if none was readable. */
  live: CountsFileName | undefined;
  /** The transaction for which the live file is exact. */
  from: number;
}

export function beginCounts(folder: string): CountsUpdate {
  const live = readLiveCounts(folder);
  const counts = live?.counts ?? new Counts();
  return { counts, live: live?.fileName, from: counts.txId };
}

/**
 * Writes the counts as of `lastTransaction` to the file that is not live, and removes the other one, which would pass for valid if the new
 * one were ever damaged (spec record-stores 12, "Trap"). Recounts from the records if the log cannot complete the counts: the live file is
 * missing, ends before `firstReplayed`, or is ahead of the store.
 */
export async function finishCounts(
  folder: string,
  update: CountsUpdate,
  lastTransaction: number,
  firstReplayed: number | undefined,
  signal?: AbortSignal,
): Promise<'kept' | 'updated' | 'recounted'> {
  const { live, from } = update;
  const hasGap = firstReplayed !== undefined && from < firstReplayed - 1;
  const usable = live !== undefined && !hasGap && from <= lastTransaction;
  if (usable && from === lastTransaction) {
    await removeOthers(folder, live);
    return 'kept';
  }
  const counts = usable ? update.counts : await recount(folder, update.counts, signal);
  counts.txId = lastTransaction;
  counts.minorVersion = 0;
  const fileName = otherCountsFile(live);
  writeCounts(join(folder, fileName), counts);
  await syncFile(join(folder, fileName));
  await syncDirectory(folder);
  await removeOthers(folder, fileName);
  return usable ? 'updated' : 'recounted';
}

/** Only sampling produces index statistics, so the old ones are kept; they merely guide the planner. */
async function recount(folder: string, old: Counts, signal: AbortSignal | undefined): Promise<Counts> {
  const reader = new StoreReader(folder);
  try {
    const counts = await recountStore(reader, signal === undefined ? {} : { signal });
    for (const [rule, statistics] of old.indexStatistics) counts.indexStatistics.set(rule, statistics);
    for (const [rule, sample] of old.indexSamples) counts.indexSamples.set(rule, sample);
    return counts;
  } finally {
    reader.close();
  }
}

async function removeOthers(folder: string, live: CountsFileName): Promise<void> {
  for (const name of COUNTS_FILES) {
    if (name !== live && existsSync(join(folder, name))) await removeTree(join(folder, name));
  }
}
