import { describe, expect, it } from 'vitest';
import { isLockedUp, summarizeThreads } from './thread-dump.ts';

function thread(name: string, state: string, ...calls: readonly string[]): string {
  const lines = calls.map((call) => (call.startsWith('-') ? `\t${call}` : `\tat ${call}(Some.java:1)`));
  return [`"${name}" #1 daemon prio=5 waiting on condition`, `   java.lang.Thread.State: ${state}`, ...lines].join(
    '\n',
  );
}

const commitProcess = 'org.neo4j.kernel.impl.api.TransactionRepresentationCommitProcess.commit';
const store = 'org.neo4j.kernel.impl.store';
const checkPoint = thread(
  'neo4j.CheckPoint-1',
  'WAITING (parking)',
  'jdk.internal.misc.Unsafe.park',
  '- parking to wait for  <0x1> (a java.util.concurrent.locks.ReentrantReadWriteLock$FairSync)',
  `${store}.kvstore.LockWrapper.writeLock`,
  `${store}.counts.CountsTracker.rotate`,
  'org.neo4j.kernel.impl.transaction.log.checkpoint.CheckPointerImpl.doCheckPoint',
);
const indexWriter = thread(
  'neo4j.BoltWorker-5 [bolt]',
  'WAITING (parking)',
  `${store}.kvstore.LockWrapper.readLock`,
  `${store}.counts.CountsTracker.updateIndexCounts`,
);
const commit = thread(
  'neo4j.BoltWorker-2 [bolt]',
  'TIMED_WAITING (parking)',
  'org.neo4j.kernel.impl.locking.ReentrantLockService.acquire',
  commitProcess,
);
const explicitIndexCommit = thread(
  'neo4j.BoltWorker-6 [bolt]',
  'WAITING (on object monitor)',
  'org.neo4j.kernel.impl.util.SynchronizedArrayIdOrderingQueue.waitFor',
  'org.neo4j.kernel.impl.api.ExplicitBatchIndexApplier.startTx',
  commitProcess,
);
const commitBefore = thread(
  'neo4j.BoltWorker-4 [bolt]',
  'WAITING (parking)',
  `${store}.kvstore.LockWrapper.readLock`,
  `${store}.counts.CountsTracker.apply`,
  commitProcess,
);
const foreign = thread('Reference Handler', 'RUNNABLE', 'java.lang.ref.Reference.waitForReferencePendingList');
const dump = (...threads: readonly string[]) => `Full thread dump\n\n${threads.join('\n\n')}\n`;

describe('a dump of threads', () => {
  it('shows what each thread of the server does and waits for', () => {
    const object = thread('neo4j.X-1', 'WAITING (on object monitor)', '- waiting on <0x2> (a Lock)', 'org.neo4j.A.b');
    expect(summarizeThreads(dump(foreign, object))).toBe(
      '"neo4j.X-1" WAITING (on object monitor)\n  - waiting on <0x2> (a Lock)\n  at org.neo4j.A.b(Some.java:1)',
    );
  });

  it('tells a server whose commits wait for each other from one at work', () => {
    for (const lockedUp of [
      [checkPoint, commit, indexWriter],
      [checkPoint, explicitIndexCommit, commitBefore],
    ]) {
      expect(isLockedUp(dump(foreign, ...lockedUp))).toBe(true);
      for (const one of lockedUp)
        expect(isLockedUp(dump(foreign, ...lockedUp.filter((other) => other !== one)))).toBe(false);
    }
  });
});
