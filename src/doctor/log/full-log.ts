import { formatBytes } from '../../config/sizes.ts';
import { type DoctorFinding, inOrder, warning } from '../findings/finding.ts';
import type { LogSettings } from './log-settings.ts';
import type { ModernLogHistory } from './modern-log-history.ts';

/** Less than that is not worth a word. */
const MUCH_BYTES = 1024 ** 3;

/**
 * What a full backup takes with it of the log: all from the beginning of the file with the last check point, however far behind it that is
 * (spec modern-copies 4).
 */
export function checkFullLog(
  { full: { files, bytes } }: ModernLogHistory,
  storeBytes: number,
  { names }: LogSettings,
): DoctorFinding {
  const observed = `a full backup takes ${formatBytes(bytes)} of log with it, ${files} ${files === 1 ? 'file' : 'files'}, beside ${formatBytes(storeBytes)} of database`;
  const numbers = { files, bytes };
  if (bytes < Math.max(MUCH_BYTES, storeBytes / 2)) return inOrder('full-log', observed, numbers);
  return warning(
    'full-log',
    observed,
    `Lower ${names.rotation} (${names.rotationDefault} by default) or ${names.interval}: full backups become smaller and restores faster.`,
    numbers,
  );
}
