import { statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';

const IN_MEMORY = '/dev/shm';
/** Several times what the tests have at the same time; a container may give it much less. */
const LEAST_FREE_BYTES = 4 * 1024 ** 3;

/**
 * Where tests put their files: in memory if there is room, otherwise where the system says. Tests flush thousands of files, which takes a
 * disk longer than everything else, and none can see whether the bytes have reached it.
 */
export function fastTemporaryDirectory(): string {
  try {
    const { bavail, bsize } = statfsSync(IN_MEMORY);
    if (bavail * bsize >= LEAST_FREE_BYTES) return IN_MEMORY;
  } catch {
    // Not Linux, or nothing is mounted there.
  }
  return tmpdir();
}
