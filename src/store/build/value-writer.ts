import { join } from 'node:path';
import { RecordAppender } from '../files/record-appender.ts';
import { storeFile } from '../files/store-files.ts';
import type { StoreFormat } from '../files/store-format.ts';
import { splitIntoChain } from '../records/dynamic-chain.ts';
import type { DynamicRecord } from '../records/dynamic-record.ts';
import { BLOCK_BYTES, BLOCKS_PER_RECORD, writeBlockReference } from '../records/property-block-layout.ts';
import type { PropertyRecord } from '../records/property-record.ts';
import { dynamicLabelField, encodeDynamicLabels, encodeInlineLabels } from '../values/labels.ts';
import { encodeValue } from '../values/property-blocks.ts';
import type { KeyedValue } from '../values/property-chain.ts';

export type DynamicKey =
  | 'nodeLabels'
  | 'relationshipTypeNames'
  | 'labelNames'
  | 'propertyStrings'
  | 'propertyArrays'
  | 'propertyKeyNames'
  | 'schema';

/** Non-default record sizes of dynamic stores. */
export type RecordSizes = Partial<Record<'nodeLabels' | 'propertyStrings' | 'propertyArrays', number>>;

/** Writes the values of a new store as they arrive: property records and all dynamic stores. */
export class ValueWriter {
  private readonly format: StoreFormat;
  private readonly sizes: Partial<Record<DynamicKey, number>>;
  private readonly properties: RecordAppender<PropertyRecord>;
  private readonly record: PropertyRecord;
  private readonly dynamics: Record<DynamicKey, RecordAppender<DynamicRecord>>;

  constructor(directory: string, format: StoreFormat, recordSizes: RecordSizes = {}) {
    this.format = format;
    this.sizes = recordSizes;
    const open = (key: DynamicKey) => {
      const size = this.recordSize(key);
      return new RecordAppender(join(directory, storeFile(key).fileName), format.dynamic(size), size);
    };
    this.properties = new RecordAppender(join(directory, storeFile('property').fileName), format.property);
    this.record = format.property.create();
    this.dynamics = {
      nodeLabels: open('nodeLabels'),
      relationshipTypeNames: open('relationshipTypeNames'),
      labelNames: open('labelNames'),
      propertyStrings: open('propertyStrings'),
      propertyArrays: open('propertyArrays'),
      propertyKeyNames: open('propertyKeyNames'),
      schema: open('schema'),
    };
  }

  /** Id of the next record of a dynamic store. */
  nextId(key: DynamicKey): number {
    return this.dynamics[key].nextId;
  }

  /** Data bytes per record of a dynamic store. */
  dataBytesOf(key: DynamicKey): number {
    return this.recordSize(key) - this.format.dynamicHeaderBytes;
  }

  private recordSize(key: DynamicKey): number {
    return this.sizes[key] ?? storeFile(key).defaultSize!(this.format);
  }

  /** Writes a value into a chain and returns the id of its first record. */
  writeChain(key: DynamicKey, bytes: Uint8Array): number {
    const appender = this.dynamics[key];
    let id = appender.nextId;
    const first = id;
    for (const record of splitIntoChain(bytes, this.dataBytesOf(key), () => id++)) appender.append(record);
    return first;
  }

  /** Returns the label field of a node with these labels, given in any order; writes dynamic labels to their store. */
  writeLabels(node: number, labels: readonly number[]): number {
    const sorted = labels.length < 2 ? labels : [...new Set(labels)].sort((a, b) => a - b);
    const inline = encodeInlineLabels(sorted);
    return inline ?? dynamicLabelField(this.writeChain('nodeLabels', encodeDynamicLabels(node, sorted)));
  }

  /** Writes a property chain, packed in the given order, and returns the id of its first record; -1 = no properties. */
  writeProperties(properties: Iterable<KeyedValue>): number {
    const { record } = this;
    const first = this.properties.nextId;
    record.inUse = true;
    record.prev = -1;
    record.next = -1;
    record.blockCount = 0;
    for (const { key, value } of properties) {
      const { blocks, long } = encodeValue(key, value);
      if (long !== undefined) {
        const store = long.store === 'string' ? 'propertyStrings' : 'propertyArrays';
        writeBlockReference(blocks, 0, this.writeChain(store, long.bytes));
      }
      const count = blocks.length / BLOCK_BYTES;
      if (record.blockCount + count > BLOCKS_PER_RECORD) {
        record.next = this.properties.nextId + 1;
        record.prev = this.properties.append(record);
        record.next = -1;
        record.blockCount = 0;
      }
      record.blocks.set(blocks, record.blockCount * BLOCK_BYTES);
      record.blockCount += count;
    }
    if (record.blockCount === 0) return -1;
    this.properties.append(record);
    return first;
  }

  close(): void {
    this.properties.close();
    for (const appender of Object.values(this.dynamics)) appender.close();
  }
}
