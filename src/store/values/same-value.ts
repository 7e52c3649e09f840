import type { PropertyValue } from './property-value.ts';

/** True if both values have the same type and the same bits. */
export function isSameValue(a: PropertyValue | undefined, b: PropertyValue | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  if (a.type !== b.type) return false;
  const left = a as unknown as Record<string, unknown>;
  const right = b as unknown as Record<string, unknown>;
  for (const key in left) if (!isSameField(left[key], right[key])) return false;
  return Object.keys(left).length === Object.keys(right).length;
}

/** Fields are numbers, texts, or lists of values or coordinates. */
function isSameField(a: unknown, b: unknown): boolean {
  if (!Array.isArray(a) || !Array.isArray(b)) return a === b;
  return a.length === b.length && a.every((element, i) => isSameElement(element, b[i]));
}

function isSameElement(a: unknown, b: unknown): boolean {
  return typeof a === 'object' ? isSameValue(a as PropertyValue, b as PropertyValue) : a === b;
}
