import type { GraphView } from './graph-view.ts';
import type { StoreReader } from './store-reader.ts';

/** Random access to the records that determine labels and indexed values. */
export function storedRecords(reader: StoreReader): GraphView {
  const nodes = reader.file('node');
  const node = nodes.codec.create();
  return {
    node: (id) => nodes.readRecord(id, node),
    property: reader.readProperty,
    nodeLabels: reader.readLabelRecord,
    propertyStrings: reader.values.readString,
    propertyArrays: reader.values.readArray,
  };
}
