import { type BackupOptions, isLiveFiles } from '../../backup/backup-options.ts';
import { GraphkeepError } from '../../base/errors.ts';
import { parseSizeBytes } from '../../config/sizes.ts';
import { type OptionValues, parseOption } from '../option-values.ts';

/** Applies `--rate-limit`, bytes per second. @throws GraphkeepError `usage` for a bad size, zero, or a server, which sends as it likes */
export function limitRate(options: BackupOptions, values: OptionValues): BackupOptions {
  if (!values.isGiven('rate-limit')) return options;
  const bytesPerSecond = parseOption(values, 'rate-limit', parseSizeBytes);
  if (bytesPerSecond === 0) throw new GraphkeepError('usage', '--rate-limit must be more than 0');
  const { from } = options;
  if (!isLiveFiles(from)) throw new GraphkeepError('usage', '--rate-limit is for --from=file:PATH only');
  return { ...options, from: { ...from, bytesPerSecond } };
}
