import { readdirSync } from 'node:fs';
import { constants, getPriority, setPriority } from 'node:os';

/** A thread gets about a tenth of what an ordinary one gets, if both want the same processor (nice 10; sched(7)). */
export const LOW_PRIORITY = constants.priority.PRIORITY_BELOW_NORMAL;

/**
 * Lets other processes have the processor first: for all threads of this process, and the threads and processes that it starts later. It
 * is never taken back, because only root may do that. One that has a lower priority already keeps it.
 */
export function lowerPriority(): void {
  for (const thread of threadsOfThisProcess()) {
    try {
      if (getPriority(thread) < LOW_PRIORITY) setPriority(thread, LOW_PRIORITY);
    } catch {
      // The thread has ended, or the system has no priorities: the work is the same.
    }
  }
}

/** On Linux each thread has a priority of its own. 0 stands for this process, which is all that other systems know. */
function threadsOfThisProcess(): number[] {
  if (process.platform !== 'linux') return [0];
  try {
    return readdirSync('/proc/self/task').map(Number);
  } catch {
    // Not mounted: at least this thread.
    return [0];
  }
}
