import { join } from 'node:path';
import type { DynamicRecord } from '../store/dynamic-record.ts';
import type { NodeRecord } from '../store/node-record.ts';
import type { PropertyRecord } from '../store/property-record.ts';
import type { RecordCodec } from '../store/record-codec.ts';
import { RecordFile } from '../store/record-file.ts';
import { type StoreKey, storeFile } from '../store/store-files.ts';
import type { StoreFormat } from '../store/store-format.ts';
import type { StoredRecords } from './graph-view.ts';
import { dynamicCodecOf } from './store-codecs.ts';

const CACHE_BYTES = 8 * 1024 * 1024;

/** Random access to the records that labels and indexed values are made of. Close it before the files are written. */
export class OpenStore implements StoredRecords {
  private readonly nodes: RecordFile<NodeRecord>;
  private readonly properties: RecordFile<PropertyRecord>;
  private readonly labels: RecordFile<DynamicRecord>;
  private readonly strings: RecordFile<DynamicRecord>;
  private readonly arrays: RecordFile<DynamicRecord>;
  private readonly nodeRecord: NodeRecord;
  private readonly propertyRecord: PropertyRecord;
  private readonly dynamicRecord: DynamicRecord;

  constructor(folder: string, format: StoreFormat) {
    const open = <R extends { id: number; inUse: boolean }>(key: StoreKey, codec: RecordCodec<R>): RecordFile<R> =>
      new RecordFile(join(folder, storeFile(key).fileName), codec, { cacheBytes: CACHE_BYTES });
    const openDynamic = (key: StoreKey) => open(key, dynamicCodecOf(folder, key, format));
    this.nodes = open('node', format.node);
    this.properties = open('property', format.property);
    this.labels = openDynamic('nodeLabels');
    this.strings = openDynamic('propertyStrings');
    this.arrays = openDynamic('propertyArrays');
    this.nodeRecord = format.node.create();
    this.propertyRecord = format.property.create();
    this.dynamicRecord = this.labels.codec.create();
  }

  node(id: number): NodeRecord | undefined {
    return this.nodes.readRecord(id, this.nodeRecord);
  }

  property(id: number): PropertyRecord | undefined {
    return this.properties.readRecord(id, this.propertyRecord);
  }

  nodeLabels(id: number): DynamicRecord | undefined {
    return this.labels.readRecord(id, this.dynamicRecord);
  }

  propertyStrings(id: number): DynamicRecord | undefined {
    return this.strings.readRecord(id, this.dynamicRecord);
  }

  propertyArrays(id: number): DynamicRecord | undefined {
    return this.arrays.readRecord(id, this.dynamicRecord);
  }

  close(): void {
    for (const file of [this.nodes, this.properties, this.labels, this.strings, this.arrays]) file.close();
  }
}
