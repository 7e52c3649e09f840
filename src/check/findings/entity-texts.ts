import type { StoreReader } from '../../store/graph/store-reader.ts';
import { isDamage } from './damage.ts';
import { type RecordKind, renderDynamic, renderNode, renderRelationship, renderUnused } from './record-texts.ts';

/** Records of a store as the report shows them, by id, whether readable or not. */

export function describeNode(reader: StoreReader, id: number): string {
  return describe('Node', id, () => {
    const node = reader.file('node').readRecord(id, reader.format.node.create());
    return node?.inUse ? renderNode(node) : undefined;
  });
}

export function describeRelationship(reader: StoreReader, id: number): string {
  return describe('Relationship', id, () => {
    const relationship = reader.file('relationship').readRecord(id, reader.format.relationship.create());
    return relationship?.inUse ? renderRelationship(relationship) : undefined;
  });
}

export function describeDynamic(
  reader: StoreReader,
  store: 'schema' | 'labelNames' | 'relationshipTypeNames' | 'propertyKeyNames',
  id: number,
): string {
  return describe('DynamicRecord', id, () => {
    const file = reader.file(store);
    const record = file.readRecord(id, file.codec.create());
    return record?.inUse ? renderDynamic(record) : undefined;
  });
}

function describe(kind: RecordKind, id: number, render: () => string | undefined): string {
  try {
    const text = Number.isNaN(id) ? undefined : render();
    return text ?? renderUnused(kind, id);
  } catch (error) {
    if (isDamage(error)) return renderUnused(kind, id);
    throw error;
  }
}
