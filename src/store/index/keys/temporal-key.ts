import type { ByteReader } from '../../../base/byte-reader.ts';
import { ByteWriter } from '../../../base/byte-writer.ts';
import { compareI64 } from '../../tree/page/byte-order.ts';
import type { TreeLayout } from '../../tree/page/layout.ts';
import type { PropertyValue } from '../../values/property-value.ts';
import type { IndexEntry, IndexKeyCodec } from './key-codec.ts';
import { decodeTemporal, encodeTemporal, type TemporalType, temporalBytes, temporalOrder } from './temporal-fields.ts';

/** Layouts of the `temporal-1.0` part, one file per type (spec trees-and-indexes 12): the fields of the value, then i64 entity id. */
const LAYOUT_NAMES: Record<TemporalType, string> = {
  date: 'Tda',
  localtime: 'Tlt',
  time: 'Tzt',
  localdatetime: 'Tld',
  datetime: 'Tdt',
  duration: 'Tdu',
};

function createTemporalKey(type: TemporalType): IndexKeyCodec {
  const valueBytes = temporalBytes(type);
  const compareFields = temporalOrder(type);
  const layout: TreeLayout = {
    name: LAYOUT_NAMES[type],
    number: 0,
    majorVersion: 0,
    minorVersion: 1,
    keys: 'fixed',
    keyBytes: valueBytes + 8,
    valueBytes: 0,
    compare(a, aStart, _aLength, b, bStart) {
      const order = compareFields(a, aStart, b, bStart);
      return order !== 0 ? order : compareI64(a, aStart + valueBytes, b, bStart + valueBytes);
    },
  };
  return {
    layout,
    encode(entityId: number, values: readonly PropertyValue[]): Uint8Array | undefined {
      const value = values[0]!;
      if (values.length !== 1 || value.type !== type) return undefined;
      const writer = new ByteWriter(layout.keyBytes);
      return encodeTemporal(writer, value) ? writer.i64(entityId).view() : undefined;
    },
    decode(reader: ByteReader): IndexEntry {
      const value = decodeTemporal(reader, type);
      return { entityId: reader.i64(), values: [value] };
    },
  };
}

export const temporalKeys: Record<TemporalType, IndexKeyCodec> = {
  date: createTemporalKey('date'),
  localtime: createTemporalKey('localtime'),
  time: createTemporalKey('time'),
  localdatetime: createTemporalKey('localdatetime'),
  datetime: createTemporalKey('datetime'),
  duration: createTemporalKey('duration'),
};
