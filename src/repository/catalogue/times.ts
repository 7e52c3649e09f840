/* Times as they stand in the names of a repository: UTC, digits only, so that names sort by time. */

const SECONDS = /^(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})Z$/;
const MILLISECONDS = /^(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})\.(\d{3})Z$/;

/** `20261129T020304Z` */
export function formatSeconds(time: Date): string {
  return `${formatMilliseconds(time).slice(0, -5)}Z`;
}

/** `20261129T020304.005Z` */
export function formatMilliseconds(time: Date): string {
  return time.toISOString().replaceAll(/[-:]/g, '');
}

/** Undefined if the text is no such time, or names a day or hour that does not exist. */
export function parseSeconds(text: string): Date | undefined {
  return parse(text, SECONDS, formatSeconds);
}

export function parseMilliseconds(text: string): Date | undefined {
  return parse(text, MILLISECONDS, formatMilliseconds);
}

function parse(text: string, pattern: RegExp, format: (time: Date) => string): Date | undefined {
  const match = pattern.exec(text);
  if (match === null) return undefined;
  const [year, month, day, hour, minute, second, millisecond] = match.slice(1).map(Number) as number[];
  const time = new Date(Date.UTC(year!, month! - 1, day, hour, minute, second, millisecond ?? 0));
  return format(time) === text ? time : undefined;
}
