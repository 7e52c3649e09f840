const MOST_CALLS = 8;

/**
 * The threads of a dump of the Java virtual machine (SIGQUIT) that run code of the server: name, state, what they wait for, and their
 * topmost calls.
 */
export function summarizeThreads(dump: string): string {
  return serverThreads(dump).map(summarizeThread).join('\n');
}

/**
 * Whether all commits of the server wait for each other, for ever. Seen with 3.5.34: a check point waits until nobody reads the counts; a
 * commit that reads them waits for a record of another commit, or for its turn to write explicit indexes, which another one has; and that
 * one wants to read them too, but has to queue after the check point. It takes indexes, several writers and many check points.
 */
export function isLockedUp(dump: string): boolean {
  const threads = serverThreads(dump);
  const some = (...calls: readonly string[]) =>
    threads.some((thread) => calls.every((call) => thread.includes(`${call}(`)));
  const commit = 'TransactionRepresentationCommitProcess.commit';
  const checkPoint = some('LockWrapper.writeLock', 'CountsTracker.rotate', 'CheckPointerImpl.doCheckPoint');
  const overRecord =
    some('LockWrapper.readLock', 'CountsTracker.updateIndexCounts') && some('ReentrantLockService.acquire', commit);
  const overExplicitIndexes =
    some('LockWrapper.readLock', 'CountsTracker.apply', commit) &&
    some('SynchronizedArrayIdOrderingQueue.waitFor', 'ExplicitBatchIndexApplier.startTx', commit);
  return checkPoint && (overRecord || overExplicitIndexes);
}

function serverThreads(dump: string): string[] {
  return dump.split(/\n\s*\n(?=")/).filter((thread) => thread.includes('at org.neo4j'));
}

function summarizeThread(thread: string): string {
  const lines = thread.split('\n').map((line) => line.trim());
  const name = lines.flatMap((line) => /^"(.*?)"/.exec(line)?.[1] ?? []).at(0) ?? '?';
  const state = lines.flatMap((line) => /^java\.lang\.Thread\.State: (.*)/.exec(line)?.[1] ?? []).at(0) ?? '?';
  const calls = lines.filter((line) => line.startsWith('- waiting') || line.startsWith('at org.neo4j'));
  return [`"${name}" ${state}`, ...calls.slice(0, MOST_CALLS).map((call) => `  ${call}`)].join('\n');
}
