import type { ClientConfig } from '../../config/neo4j-conf.ts';
import { settings } from '../../config/settings.ts';
import { formatBytes } from '../../config/sizes.ts';
import { type DoctorFinding, failure, inOrder, warning } from '../findings/finding.ts';
import { describeSpan } from '../findings/spans.ts';

/** The program itself, beside the memory that it is given. */
const PROGRAM_BYTES = 128 * 1024 * 1024;

export function checkMemory(budgetBytes: number, availableBytes = process.availableMemory()): DoctorFinding {
  const neededBytes = budgetBytes + PROGRAM_BYTES;
  const observed = `${formatBytes(availableBytes)} available, and a backup uses up to ${formatBytes(neededBytes)}`;
  const numbers = { availableBytes, neededBytes };
  if (neededBytes <= availableBytes) return inOrder('memory', observed, numbers);
  return warning(
    'memory',
    observed,
    'Lower HEAP_SIZE or --pagecache, or give the machine or container more memory.',
    numbers,
  );
}

/** Whether a full copy can end within `graphkeep.backup.max_time` when it is slowed down. Sizes may be unknown. */
export function checkTimeLimit(
  config: ClientConfig,
  { bytesPerSecond, copyBytes }: { bytesPerSecond: number | undefined; copyBytes: number | undefined },
): DoctorFinding {
  const limitMs = config.get(settings.backupMaxTimeMs);
  const limit = limitMs === 0 ? 'a backup may take any time' : `a backup may take ${describeSpan(limitMs)}`;
  if (bytesPerSecond === undefined || copyBytes === undefined) return inOrder('time-limit', limit, { limitMs });
  const copyMs = (1000 * copyBytes) / bytesPerSecond;
  const observed = `${limit}, and with this --rate-limit a full copy takes ${describeSpan(copyMs)}`;
  const numbers = { limitMs, copyMs };
  if (limitMs === 0 || copyMs < limitMs) return inOrder('time-limit', observed, numbers);
  return failure('time-limit', observed, 'Raise --rate-limit or graphkeep.backup.max_time.', numbers);
}
