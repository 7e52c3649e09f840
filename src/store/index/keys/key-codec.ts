import type { ByteReader } from '../../../base/byte-reader.ts';
import type { TreeLayout } from '../../tree/page/layout.ts';
import type { PropertyValue } from '../../values/property-value.ts';
import type { PointCurves } from './point-curves.ts';

/** An index entry: the entity and its values for the index's properties. */
export interface IndexEntry {
  entityId: number;
  values: PropertyValue[];
}

/** Encodes and decodes the keys of one kind of index file. */
export interface IndexKeyCodec {
  readonly layout: TreeLayout;
  /**
   * Key of an entity with these values, one per property of the index. Undefined if we cannot write the key; the caller then leaves the
   * whole index to the server. Points need the curves of the index.
   */
  encode(entityId: number, values: readonly PropertyValue[], curves?: PointCurves): Uint8Array | undefined;
  /** Decodes the key in `reader`, which holds exactly the key. */
  decode(reader: ByteReader): IndexEntry;
}
