import { GraphkeepError } from '../base/errors.ts';

/** How much transaction log survives pruning (spec backup-command 6.1). */
export type RetentionPolicy =
  | { type: 'keep-all' }
  | { type: 'keep-none' }
  | { type: 'files' | 'size' | 'txs' | 'hours' | 'days'; count: number };

const UNIT: Record<string, number> = { '': 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 };

/**
 * `true`, `keep_all`, `false`, `keep_none`, or `<number>[k|K|m|M|g|G] <type>` with one blank and the type in lower case. The units
 * are powers of 1024 for every type, so `1k hours` is 1024 hours.
 * @throws GraphkeepError `usage` with the text of the Java tool
 */
export function parseRetentionPolicy(text: string): RetentionPolicy {
  const value = text.trim();
  if (value === 'true' || value === 'keep_all') return { type: 'keep-all' };
  if (value === 'false' || value === 'keep_none') return { type: 'keep-none' };
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
  const type = match[3] === 'entries' ? 'txs' : (match[3] as 'files' | 'size' | 'txs' | 'hours' | 'days');
  return { type, count };
}
