import { join } from 'node:path';
import { type NeostoreMetadata, readMetadataIn } from '../files/neostore-metadata.ts';
import { RecordFile, readRecordSize } from '../files/record-file.ts';
import { type StoreKey, storeFile } from '../files/store-files.ts';
import { formatByVersion, type StoreFormat } from '../files/store-format.ts';
import { type ReadDynamic, readDynamicChain } from '../records/dynamic-chain.ts';
import type { DynamicRecord } from '../records/dynamic-record.ts';
import type { NodeRecord } from '../records/node-record.ts';
import type { PropertyRecord } from '../records/property-record.ts';
import type { RelationshipGroupRecord } from '../records/relationship-group-record.ts';
import type { RelationshipRecord } from '../records/relationship-record.ts';
import type { TokenRecord } from '../records/token-record.ts';
import { readLabels } from '../values/labels.ts';
import type { DynamicValues } from '../values/property-blocks.ts';
import { type KeyedValue, type ReadProperty, readPropertyChain } from '../values/property-chain.ts';
import { decodeSchemaRule, type SchemaRule } from './schema-rule.ts';
import { readTokenName, type Token } from './tokens.ts';

/** Record type behind each key of the store file table. */
export interface RecordOf {
  node: NodeRecord;
  nodeLabels: DynamicRecord;
  relationship: RelationshipRecord;
  relationshipGroup: RelationshipGroupRecord;
  relationshipType: TokenRecord;
  relationshipTypeNames: DynamicRecord;
  label: TokenRecord;
  labelNames: DynamicRecord;
  property: PropertyRecord;
  propertyStrings: DynamicRecord;
  propertyArrays: DynamicRecord;
  propertyKey: TokenRecord;
  propertyKeyNames: DynamicRecord;
  schema: DynamicRecord;
}

export interface StoredNode {
  id: number;
  labels: number[];
  properties: KeyedValue[];
}

export interface StoredRelationship {
  id: number;
  type: number;
  start: number;
  end: number;
  properties: KeyedValue[];
}

const BATCH = 1024;

/**
 * A store directory opened for reading: its record files by name, and the graph in them. Files are opened on first use. Reads are
 * synchronous; memory use does not grow with the store.
 */
export class StoreReader {
  readonly directory: string;
  readonly metadata: NeostoreMetadata;
  readonly format: StoreFormat;
  private readonly files = new Map<StoreKey, RecordFile<RecordOf[StoreKey]>>();

  constructor(directory: string) {
    this.directory = directory;
    this.metadata = readMetadataIn(directory);
    this.format = formatByVersion(this.metadata.storeVersion);
  }

  /** The record file of a store; throws `store.missing-file`. */
  file<K extends StoreKey>(key: K): RecordFile<RecordOf[K]> {
    let file = this.files.get(key);
    if (file === undefined) {
      file = openRecordStore(this.directory, key, this.format) as unknown as RecordFile<RecordOf[StoreKey]>;
      this.files.set(key, file);
    }
    return file as unknown as RecordFile<RecordOf[K]>;
  }

  close(): void {
    for (const file of this.files.values()) file.close();
    this.files.clear();
  }

  private readonly property = createOnce(() => this.format.property.create());
  private readonly dynamic = createOnce(() => this.format.dynamic(64).create());

  /** Read single records, for everything that decodes values. The returned record is reused. */
  readonly readProperty: ReadProperty = (id) => this.file('property').readRecord(id, this.property());

  readonly values: DynamicValues = {
    readString: (id) => this.file('propertyStrings').readRecord(id, this.dynamic()),
    readArray: (id) => this.file('propertyArrays').readRecord(id, this.dynamic()),
  };

  readonly readLabelRecord: ReadDynamic = (id) => this.file('nodeLabels').readRecord(id, this.dynamic());

  /** The values of the property chain from `firstId` (-1 = none). */
  properties(firstId: number): Generator<KeyedValue> {
    return readPropertyChain(firstId, this.readProperty, this.values);
  }

  /** Properties of the graph itself. */
  graphProperties(): Generator<KeyedValue> {
    return this.properties(this.metadata.firstGraphProperty);
  }

  *nodes(): Generator<StoredNode> {
    for (const { id, labelField, nextProp } of this.records('node', copyNode)) {
      yield {
        id,
        labels: readLabels(id, labelField, this.readLabelRecord),
        properties: [...this.properties(nextProp)],
      };
    }
  }

  *relationships(): Generator<StoredRelationship> {
    for (const { id, type, start, end, nextProp } of this.records('relationship', copyRelationship)) {
      yield { id, type, start, end, properties: [...this.properties(nextProp)] };
    }
  }

  /** Tokens of a token store, by id. */
  tokens(key: 'label' | 'relationshipType' | 'propertyKey'): Token[] {
    const names = this.file(storeFile(key).names as 'labelNames');
    const tokens: Token[] = [];
    this.file(key).scan((record) => {
      tokens.push({ id: record.id, name: readTokenName(record, (id) => names.readRecord(id, this.dynamic())) });
    });
    return tokens;
  }

  /** All schema rules, by id. `onUnreadable` is called for each unreadable one; the default throws its error. */
  schemaRules(onUnreadable: (id: number, error: unknown) => void = rethrow): SchemaRule[] {
    const file = this.file('schema');
    const record = file.codec.create();
    const rules: SchemaRule[] = [];
    for (let id = file.firstId; id < file.endId; id++) {
      try {
        const first = file.readRecord(id, record);
        if (first === undefined || !first.inUse || !first.first) continue;
        const chain = readDynamicChain(id, (at) => file.readRecord(at, record));
        rules.push(decodeSchemaRule(id, chain));
      } catch (error) {
        onUnreadable(id, error);
      }
    }
    return rules;
  }

  /** The records in use, in batches, so that other files may be read in between. */
  private *records<K extends StoreKey, T>(key: K, copy: (record: RecordOf[K]) => T): Generator<T> {
    const file = this.file(key);
    for (let from = file.firstId; from < file.endId; from += BATCH) {
      const batch: T[] = [];
      file.scan((record) => batch.push(copy(record)), from, from + BATCH);
      yield* batch;
    }
  }
}

function rethrow(_id: number, error: unknown): void {
  throw error;
}

function copyNode({ id, labelField, nextProp }: NodeRecord) {
  return { id, labelField, nextProp };
}

function copyRelationship({ id, type, start, end, nextProp }: RelationshipRecord) {
  return { id, type, start, end, nextProp };
}

function createOnce<T>(create: () => T): () => T {
  let value: T | undefined;
  return () => {
    value ??= create();
    return value;
  };
}

/** Opens one record store of a database directory. The record size of a dynamic store comes from its header. */
export function openRecordStore<K extends StoreKey>(
  directory: string,
  key: K,
  format: StoreFormat,
): RecordFile<RecordOf[K]> {
  const { fileName, kind, header } = storeFile(key);
  const path = join(directory, fileName);
  const firstId = header === 'none' ? 0 : 1;
  const codec = kind === 'dynamic' ? format.dynamic(readRecordSize(path, format)) : format[kind];
  return new RecordFile(path, codec as never, { firstId }) as unknown as RecordFile<RecordOf[K]>;
}
