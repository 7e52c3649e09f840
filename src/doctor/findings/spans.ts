export const MINUTE_MS = 60_000;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;

/** A time span for people, with the two units that matter: `6 days 3 h`, `12 min`, `40 s`. */
export function describeSpan(ms: number): string {
  if (ms < 1000) return 'less than a second';
  if (ms < 2 * MINUTE_MS) return `${Math.round(ms / 1000)} s`;
  if (ms < 2 * HOUR_MS) return `${Math.round(ms / MINUTE_MS)} min`;
  const hours = Math.floor(ms / HOUR_MS);
  if (ms < 2 * DAY_MS) return withRest(`${hours} h`, Math.floor((ms % HOUR_MS) / MINUTE_MS), 'min');
  if (ms > 3650 * DAY_MS) return 'more than ten years';
  return withRest(`${Math.floor(hours / 24)} days`, hours % 24, 'h');
}

function withRest(whole: string, rest: number, unit: string): string {
  return rest === 0 ? whole : `${whole} ${rest} ${unit}`;
}

/** A moment for people: `2026-11-29 16:20:31 UTC`. */
export function describeMoment(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}
