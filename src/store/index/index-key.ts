import { DEFAULT_PAGE_BYTES } from '../tree/page/meta-page.ts';
import { createNodeFormat } from '../tree/page/node-formats.ts';
import type { PropertyValue } from '../values/property-value.ts';
import { encodeUtf8 } from '../values/short-string.ts';
import { type NativePart, partOf } from './index-part.ts';
import type { IndexFolders } from './index-provider.ts';
import { genericKey } from './keys/generic-key.ts';
import { isTooLongForLucene } from './keys/lucene-term.ts';
import type { PointCurves } from './keys/point-curves.ts';

export interface LocatedKey {
  part: NativePart;
  /** File path relative to the store directory. */
  path: string;
  key: Uint8Array;
}

/** A server refuses a transaction that would need a longer key. */
const LONGEST_KEY_BYTES = createNodeFormat(genericKey.layout, DEFAULT_PAGE_BYTES).maxKeyBytes;

/** File and key of an entity with these values, or why we cannot write them. */
export function locateKey(
  folders: IndexFolders,
  unique: boolean,
  entity: number,
  values: readonly PropertyValue[],
  curves: PointCurves,
): LocatedKey | string {
  const part = partOf(folders, unique, values);
  if (part.kind === 'lucene') return 'values are in the Lucene part';
  const key = part.codec.encode(entity, values, curves);
  if (key === undefined) return `a value (${describeValues(values)}) cannot be written into an index`;
  if (key.length > LONGEST_KEY_BYTES) return `a value is too long for an index: ${key.length} bytes`;
  return { part, path: part.path, key };
}

/** True if a server would refuse to index these values because their key is too long. */
export function isTooLongForIndex(
  folders: IndexFolders,
  unique: boolean,
  values: readonly PropertyValue[],
  curves: PointCurves,
): boolean {
  const part = partOf(folders, unique, values);
  if (part.kind === 'lucene') return values.some(isTooLongForLucene);
  const key = part.codec.encode(0, values, curves);
  // Values that do not fit the fields of a key, or are of an unknown kind, have no encoding.
  const bytes = key === undefined ? leastKeyBytes(values) : key.length;
  return bytes > LONGEST_KEY_BYTES;
}

/** A lower bound for the length of a key with these values. */
function leastKeyBytes(values: readonly PropertyValue[]): number {
  return values.reduce((sum, value) => sum + leastBytes(value), 0);
}

function leastBytes(value: PropertyValue): number {
  if (value.type === 'array') return value.elements.reduce((sum, element) => sum + leastBytes(element), 0);
  return value.type === 'string' ? encodeUtf8(value.value).length : 1;
}

function describeValues(values: readonly PropertyValue[]): string {
  return values.map((value) => (value.type === 'array' ? `${value.of}[]` : value.type)).join(', ');
}
