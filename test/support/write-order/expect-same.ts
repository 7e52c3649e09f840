import { isDeepStrictEqual } from 'node:util';

/** Also reports what was tried: a campaign goes through hundreds of moments. */
export function expectSame(moment: string, found: unknown, expected: unknown): void {
  if (isDeepStrictEqual(found, expected)) return;
  throw new Error(`${moment}: expected ${JSON.stringify(expected)}, found ${JSON.stringify(found)}`);
}
