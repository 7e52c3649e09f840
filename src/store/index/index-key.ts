import type { PropertyValue } from '../property-value.ts';
import { DEFAULT_PAGE_BYTES } from '../tree/meta-page.ts';
import { createNodeFormat } from '../tree/node-formats.ts';
import { type NativePart, partOf } from './index-part.ts';
import type { IndexFolders } from './index-provider.ts';
import { genericKey } from './keys/generic-key.ts';
import type { PointCurves } from './keys/point-curves.ts';

export interface LocatedKey {
  part: NativePart;
  /** Of the file, relative to the store directory. */
  path: string;
  key: Uint8Array;
}

/** A server refuses the transaction that would need a longer key. */
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

/** Whether a server would refuse to index these values, because their key is too long. */
export function isTooLongForIndex(
  folders: IndexFolders,
  unique: boolean,
  values: readonly PropertyValue[],
  curves: PointCurves,
): boolean {
  const part = partOf(folders, unique, values);
  if (part.kind === 'lucene') return false;
  return (part.codec.encode(0, values, curves)?.length ?? 0) > LONGEST_KEY_BYTES;
}

function describeValues(values: readonly PropertyValue[]): string {
  return values.map((value) => (value.type === 'array' ? `${value.of}[]` : value.type)).join(', ');
}
