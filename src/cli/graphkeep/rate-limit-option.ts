import { type BackupOptions, isLiveFiles } from '../../backup/backup-options.ts';
import { GraphkeepError } from '../../base/errors.ts';
import { parseFileAddress } from '../../config/addresses.ts';
import { parseSizeBytes } from '../../config/sizes.ts';
import { type OptionValues, parseOption } from '../option-values.ts';

/** Applies `--rate-limit`. Throws what {@link readRateLimit} throws. */
export function limitRate(options: BackupOptions, values: OptionValues): BackupOptions {
  const bytesPerSecond = readRateLimit(values);
  const { from } = options;
  return bytesPerSecond !== undefined && isLiveFiles(from)
    ? { ...options, from: { ...from, bytesPerSecond } }
    : options;
}

/**
 * `--rate-limit`, bytes per second; undefined if it is not given.
 * @throws GraphkeepError `usage` for a bad size, zero, or a server, which sends as it likes
 */
export function readRateLimit(values: OptionValues): number | undefined {
  if (!values.isGiven('rate-limit')) return undefined;
  const bytesPerSecond = parseOption(values, 'rate-limit', parseSizeBytes);
  if (bytesPerSecond === 0) throw new GraphkeepError('usage', '--rate-limit must be more than 0');
  const isFiles = parseFileAddress(values.optional('from') ?? '') !== undefined;
  if (!isFiles) throw new GraphkeepError('usage', '--rate-limit is for --from=file:PATH only');
  return bytesPerSecond;
}
