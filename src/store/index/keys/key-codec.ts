import type { ByteReader } from '../../../base/byte-reader.ts';
import type { TreeLayout } from '../../tree/page/layout.ts';
import type { PropertyValue } from '../../values/property-value.ts';
import type { PointCurves } from './point-curves.ts';

/** An entry of an index: the entity and the values it has for the properties of the index. */
export interface IndexEntry {
  entityId: number;
  values: PropertyValue[];
}

/** Keys of one kind of index file: values of an entity to bytes and back. */
export interface IndexKeyCodec {
  readonly layout: TreeLayout;
  /**
   * Key of an entity with these values, one per property of the index, or undefined if we cannot write such a key: the caller then
   * leaves the whole index to the server. Points need the curves of the index.
   */
  encode(entityId: number, values: readonly PropertyValue[], curves?: PointCurves): Uint8Array | undefined;
  /** Entry of the key that `reader` is on; it holds exactly the key. */
  decode(reader: ByteReader): IndexEntry;
}
