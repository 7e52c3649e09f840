import type { PropertyValue } from '../values/property-value.ts';
import type { IndexFolders } from './index-provider.ts';
import { genericKey } from './keys/generic-key.ts';
import type { IndexKeyCodec } from './keys/key-codec.ts';
import { numberKey, uniqueNumberKey } from './keys/number-key.ts';
import { isNumber } from './keys/number-order.ts';
import { findSystem, spatialFileName } from './keys/point-curves.ts';
import { encodePointKey, pointLayout } from './keys/point-key.ts';
import { isTemporal, type TemporalType } from './keys/temporal-fields.ts';
import { temporalKeys } from './keys/temporal-key.ts';
import { textKey } from './keys/text-key.ts';

/** A tree file of an index. */
export interface NativePart {
  kind: 'native';
  /** Relative to the store directory. */
  path: string;
  codec: Pick<IndexKeyCodec, 'layout' | 'encode'>;
  /** The server creates it with the first value of its type; a missing file means an empty part. */
  optional: boolean;
}

/** Where an index keeps the entry of an entity with certain values. */
export type IndexPart = NativePart | { kind: 'lucene' };

/** File names in the temporal part. */
export const TEMPORAL_FILES: Record<TemporalType, string> = {
  date: 'date',
  localtime: 'localTime',
  time: 'zonedTime',
  localdatetime: 'localDateTime',
  datetime: 'zonedDateTime',
  duration: 'duration',
};

/**
 * The part of an index that holds these values, one per property of the index (spec trees-and-indexes 10). In the fusion providers,
 * numbers, texts, points and temporal values each have their own part if the provider has it; booleans, arrays and all composite keys are
 * in Lucene.
 */
export function partOf(folders: IndexFolders, unique: boolean, values: readonly PropertyValue[]): IndexPart {
  if (folders.generic !== undefined) return native(folders.generic, genericKey);
  const value = values[0]!;
  if (values.length !== 1) return { kind: 'lucene' };
  if (isNumber(value) && folders.numbers !== undefined) {
    return native(folders.numbers, unique ? uniqueNumberKey : numberKey);
  }
  if ((value.type === 'string' || value.type === 'char') && folders.texts !== undefined) {
    return native(folders.texts, textKey);
  }
  if (isTemporal(value) && folders.temporal !== undefined) return temporalPart(folders.temporal, value.type);
  if (value.type === 'point' && folders.spatial !== undefined) return spatialPart(folders.spatial, value.srid);
  return { kind: 'lucene' };
}

function native(path: string, codec: IndexKeyCodec): NativePart {
  return { kind: 'native', path, codec, optional: false };
}

function temporalPart(directory: string, type: TemporalType): NativePart {
  return { kind: 'native', path: `${directory}/${TEMPORAL_FILES[type]}`, codec: temporalKeys[type], optional: true };
}

const pointKey = { layout: pointLayout, encode: encodePointKey };

function spatialPart(directory: string, srid: number): NativePart {
  const system = findSystem(srid) ?? { srid, table: 0, dimensions: 0 };
  return { kind: 'native', path: `${directory}/${spatialFileName(system)}`, codec: pointKey, optional: true };
}
