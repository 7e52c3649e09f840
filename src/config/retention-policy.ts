import { GraphkeepError } from '../base/errors.ts';

/** How much of the transaction log pruning keeps (`dbms.tx_log.rotation.retention_policy`, spec backup-command 6.1). */
export type RetentionPolicy =
  | { keep: 'all' }
  | { keep: 'files'; count: number }
  | { keep: 'size'; bytes: number }
  | { keep: 'transactions'; count: number }
  | { keep: 'time'; ms: number };

const HOUR_MS = 3_600_000;
const UNIT: Record<string, number> = { '': 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 };

/**
 * `true`, `keep_all`, `false`, `keep_none`, or `<number>[k|K|m|M|g|G] <type>` with one blank and the type in lower case. The units are
 * powers of 1024 for every type, so `1k hours` is 1024 hours. `false` and `keep_none` mean `1 txs`.
 * @throws GraphkeepError `usage` with the text of the Java tool
 */
export function parseRetentionPolicy(text: string): RetentionPolicy {
  const value = text.trim();
  if (value === 'true' || value === 'keep_all') return { keep: 'all' };
  if (value === 'false' || value === 'keep_none') return { keep: 'transactions', count: 1 };
  const match = /^(\d+)([kKmMgG]?) (files|size|txs|entries|hours|days)$/.exec(value);
  const count = match === null ? Number.NaN : Number(match[1]) * UNIT[match[2]!.toLowerCase()]!;
  if (match === null || !Number.isSafeInteger(count)) {
    throw new GraphkeepError(
      'usage',
      'must be `true`, `false` or of format `<number><optional unit> <type>`. Valid units are `k`, `M` and `G`. ' +
        'Valid types are `files`, `size`, `txs`, `entries`, `hours` and `days`. For example, `100M size` will limiting ' +
        'logical log space on disk to 100Mb, or `200k txs` will limiting the number of transactions to keep to 200 000',
    );
  }
  switch (match[3]) {
    case 'files':
      return { keep: 'files', count };
    case 'size':
      return { keep: 'size', bytes: count };
    case 'hours':
      return { keep: 'time', ms: count * HOUR_MS };
    case 'days':
      return { keep: 'time', ms: count * 24 * HOUR_MS };
    default:
      return { keep: 'transactions', count };
  }
}
