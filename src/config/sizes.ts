import { GraphkeepError } from '../base/errors.ts';

const UNIT_BYTES: Record<string, number> = { '': 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3, t: 1024 ** 4 };

/**
 * Parses the size of `--pagecache` (spec backup-command 2): digits, then nothing, `k`, `m` or `g` with an optional `b`, in any case, with
 * white space allowed around and between. 1024-based.
 * @throws GraphkeepError `usage`
 */
export function parsePageCacheBytes(text: string): number {
  const bytes = readSize(text.trim(), /^(\d+)\s*(?:([kmg])b?)?$/i);
  if (bytes === undefined) {
    const problem = `'${text}' is no size: write a number and a unit (k, m or g), as in 512m`;
    throw new GraphkeepError('usage', problem, { original: `Invalid number format: '${text}'` });
  }
  return bytes;
}

/** Parses a size in neo4j.conf: as above, with `t` too. @throws GraphkeepError `usage` */
export function parseSizeBytes(text: string): number {
  const bytes = readSize(text.trim(), /^(\d+)\s*(?:([kmgt])b?)?$/i);
  if (bytes === undefined) {
    throw new GraphkeepError('usage', `${text} is not a valid size, must be e.g. 10, 5K, 1M, 11G`);
  }
  return bytes;
}

/**
 * Parses the value of `HEAP_SIZE`, which the Java launcher passes to `-Xmx`: digits and an optional letter `k`, `m`, `g` or `t`.
 * @throws GraphkeepError `config`
 */
export function parseHeapBytes(text: string): number {
  const bytes = readSize(text, /^(\d+)([kmgt]?)$/i);
  if (bytes === undefined || bytes === 0) {
    throw new GraphkeepError(
      'config',
      `Bad value '${text}' for environment variable 'HEAP_SIZE': must be a number and a unit, for example 512m`,
      { hint: 'Correct the variable, or unset it.' },
    );
  }
  return bytes;
}

function readSize(text: string, form: RegExp): number | undefined {
  const match = form.exec(text);
  if (match === null) return undefined;
  const bytes = Number(match[1]) * UNIT_BYTES[(match[2] ?? '').toLowerCase()]!;
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

/** `8.00 kB`: a size as Neo4j clients print it, 1024-based. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return unit === 0 ? `${bytes} B` : `${value.toFixed(2)} ${units[unit]}`;
}
