import { GraphkeepError } from '../base/errors.ts';

/**
 * `dbms.tx_log.rotation.retention_policy` (spec backup-command 6.1, transaction-logs 6.3)
 *
 * ```
 * policy := true | keep_all | false | keep_none | number unit? " " type
 * unit   := K | k | M | m | G | g          powers of 1024, for every type
 * type   := files | size | txs | entries | hours | days
 * ```
 */
export type RetentionPolicy =
  | { keep: 'all' }
  | { keep: 'files'; count: number }
  | { keep: 'size'; bytes: number }
  | { keep: 'transactions'; count: number }
  | { keep: 'time'; ms: number };

export const RETENTION_SETTING = 'dbms.tx_log.rotation.retention_policy';
export const DEFAULT_RETENTION = '7 days';

const UNITS: Record<string, number> = { '': 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 };
const HOUR_MS = 3_600_000;

/** Parses the value of the setting; `config` for anything that the server refuses. */
export function parseRetentionPolicy(value: string): RetentionPolicy {
  if (value === 'true' || value === 'keep_all') return { keep: 'all' };
  if (value === 'false' || value === 'keep_none') return { keep: 'transactions', count: 1 };
  const match = /^([0-9]+)([KkMmGg]?) (files|size|txs|entries|hours|days)$/.exec(value);
  const amount = match === null ? Number.NaN : Number(match[1]) * UNITS[match[2]!.toLowerCase()]!;
  if (match === null || !Number.isSafeInteger(amount)) throw badValue(value);
  switch (match[3]) {
    case 'files':
      return { keep: 'files', count: amount };
    case 'size':
      return { keep: 'size', bytes: amount };
    case 'hours':
      return { keep: 'time', ms: amount * HOUR_MS };
    case 'days':
      return { keep: 'time', ms: amount * 24 * HOUR_MS };
    default:
      return { keep: 'transactions', count: amount };
  }
}

function badValue(value: string): GraphkeepError {
  const form = 'must be `true`, `false` or of format `<number><optional unit> <type>`';
  return new GraphkeepError('config', `Bad value '${value}' for setting '${RETENTION_SETTING}': ${form}`, {
    observed: value,
    hint: 'For example: 7 days, 100k txs, 2G size, 3 files, keep_all.',
  });
}
