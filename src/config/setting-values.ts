import { GraphkeepError } from '../base/errors.ts';

/* Parsers of setting values. Each throws `usage` with the reason only; the caller adds the setting's name and value. */

export function parseBoolean(text: string): boolean {
  const value = text.trim().toLowerCase();
  if (value !== 'true' && value !== 'false') throw new GraphkeepError('usage', "must be 'true' or 'false'");
  return value === 'true';
}

export function parseInteger(text: string): number {
  const value = text.trim();
  const number = Number(value);
  if (!/^[+-]?\d+$/.test(value) || number > 2_147_483_647 || number < -2_147_483_648) {
    throw new GraphkeepError('usage', 'not a valid integer value');
  }
  return number;
}

export function parseText(text: string): string {
  return text.trim();
}

/** A comma-separated list; blanks around items do not count, and an empty text is the empty list. */
export function listOf<T>(parseItem: (text: string) => T): (text: string) => T[] {
  return (text) => (text.trim() === '' ? [] : text.split(',').map((item) => parseItem(item.trim())));
}

export function oneOf<const T extends string>(...values: T[]): (text: string) => T {
  return (text) => {
    const value = values.find((candidate) => candidate === text.trim());
    if (value === undefined) throw new GraphkeepError('usage', `must be one of [${values.join(', ')}] case sensitive`);
    return value;
  };
}

export function atLeast(minimum: number, parse: (text: string) => number): (text: string) => number {
  return (text) => {
    const value = parse(text);
    if (value < minimum) throw new GraphkeepError('usage', `minimum allowed value is: ${minimum}`);
    return value;
  };
}
