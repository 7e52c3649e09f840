import { GraphkeepError } from '../base/errors.ts';

const UNIT_MS: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
const MAX_COUNT = 2_147_483_647;

/**
 * Parses a duration of `--timeout` or neo4j.conf into milliseconds (spec backup-command 2.2): digits, then `ms`, `s`, `m` or `h` in any
 * case; seconds if there is no unit. The number must fit 32 bits before the unit is applied.
 * @throws GraphkeepError `usage` with the text of the Java tool
 */
export function parseDurationMs(text: string): number {
  const [, digits, unit] = /^(\d*)([\s\S]*)$/.exec(text)!;
  if (text === '') throw badDuration('a duration is needed', 'For input string: ""');
  if (digits === '') throw badDuration(`'${text}' does not begin with a number`, 'Missing numeric value');
  const unitMs = UNIT_MS[unit === '' ? 's' : unit!.toLowerCase()];
  if (unitMs === undefined) {
    throw new GraphkeepError(
      'usage',
      `Unrecognized unit '${unit}'. Valid units are: 'ms', 's', 'm' and 'h'; default unit is 's'`,
    );
  }
  if (Number(digits) > MAX_COUNT) {
    throw badDuration(`${digits} is more than ${MAX_COUNT}`, `For input string: "${digits}"`);
  }
  return Number(digits) * unitMs;
}

function badDuration(problem: string, original: string): GraphkeepError {
  return new GraphkeepError('usage', `${problem}: write a number and a unit (ms, s, m or h), as in 20m`, { original });
}
