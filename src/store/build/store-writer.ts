import { randomBytes } from 'node:crypto';
import { closeSync, existsSync, ftruncateSync, mkdirSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { GraphkeepError } from '../../base/errors.ts';
import { writeFully } from '../../base/positional-io.ts';
import { writeCounts } from '../counts/counts-store.ts';
import { recountStore } from '../counts/recount.ts';
import { encodeMetadata, type NeostoreMetadata, newMetadata } from '../files/neostore-metadata.ts';
import { RecordAppender } from '../files/record-appender.ts';
import {
  COUNTS_FILES,
  DEFAULT_DENSE_THRESHOLD,
  filePageBytes,
  METADATA_FILE,
  type StoreKey,
  storeFile,
} from '../files/store-files.ts';
import { STANDARD_FORMAT, type StoreFormat } from '../files/store-format.ts';
import { NONE, NumberColumn } from '../graph/number-column.ts';
import { RelationshipChains, RelationshipTable } from '../graph/relationship-chains.ts';
import {
  type ConstraintType,
  encodeSchemaRule,
  type IndexProvider,
  type RuleSchema,
  type SchemaRule,
} from '../graph/schema-rule.ts';
import { StoreReader } from '../graph/store-reader.ts';
import type { KeyedValue } from '../values/property-chain.ts';
import { LabelFields, UNUSED_NODE } from './label-fields.ts';
import { type DynamicKey, type RecordSizes, ValueWriter } from './value-writer.ts';

export interface StoreWriterOptions {
  /** Default: the standard format of 3.4 and 3.5. */
  format?: StoreFormat;
  /** Nodes with more relationships than this get groups. */
  denseThreshold?: number;
  creationTimeMs?: number;
  randomId?: bigint;
  /** Index provider; the default is known to both 3.4 and 3.5. */
  provider?: IndexProvider;
  /** Non-default record sizes of dynamic stores. */
  recordSizes?: RecordSizes;
}

export interface NewEntity {
  /** Must be above all ids given so far; skipped ids stay unused. Default: the next id. */
  id?: number;
  properties?: Iterable<KeyedValue>;
}

export interface NewNode extends NewEntity {
  /** Label ids, in any order. */
  labels?: readonly number[];
}

export interface NewRelationship extends NewEntity {
  type: number;
  start: number;
  end: number;
}

const LARGEST_TYPE = 0xffff;
const NO_LABELS = 0;
const WRITE_BYTES = 1024 * 1024;

/**
 * Writes a complete store from scratch (spec record-stores 14). A server that opens it makes its own log, label scan store and id files,
 * and populates the indexes.
 *
 *     const store = new StoreWriter(directory);
 *     const knows = store.relationshipType('KNOWS');
 *     const a = store.addNode({ labels: [store.label('Person')], properties: [{ key: store.propertyKey('name'), value }] });
 *     store.addRelationship({ type: knows, start: a, end: store.addNode() });
 *     await store.finish();
 *
 * Property values, labels and names go straight to their files. Nodes and relationships stay in memory, about 16 and 24 bytes each, until
 * {@link finish} links the chains and writes them once, sequentially. The largest id of a node, relationship or property record is 2^32 -
 * 2. Nothing is made durable.
 */
export class StoreWriter {
  readonly directory: string;
  readonly format: StoreFormat;
  private readonly options: StoreWriterOptions;
  private readonly values: ValueWriter;
  private readonly tokens = {
    label: new Map<string, number>(),
    relationshipType: new Map<string, number>(),
    propertyKey: new Map<string, number>(),
  };
  private readonly relationships = new RelationshipTable();
  private readonly relationshipProperties = new NumberColumn();
  private readonly nodeProperties = new NumberColumn();
  private readonly labelFields = new LabelFields();
  private nodeEnd = 0;
  private firstGraphProperty = -1;

  constructor(directory: string, options: StoreWriterOptions = {}) {
    this.directory = directory;
    this.options = options;
    this.format = options.format ?? STANDARD_FORMAT;
    if (!existsSync(directory)) mkdirSync(directory);
    this.values = new ValueWriter(directory, this.format, options.recordSizes);
  }

  /** The id of a label; a new name gets the next id. */
  label(name: string): number {
    return tokenId(this.tokens.label, name);
  }

  relationshipType(name: string): number {
    return tokenId(this.tokens.relationshipType, name);
  }

  propertyKey(name: string): number {
    return tokenId(this.tokens.propertyKey, name);
  }

  /** Adds a node and returns its id. */
  addNode({ id = this.nodeEnd, labels, properties }: NewNode = {}): number {
    checkNewId(id, this.nodeEnd);
    this.nodeEnd = id + 1;
    this.labelFields.set(id, labels === undefined ? NO_LABELS : this.values.writeLabels(id, labels));
    const first = properties === undefined ? -1 : this.values.writeProperties(properties);
    if (first >= 0) this.nodeProperties.set(id, first);
    return id;
  }

  /** Adds a relationship between two nodes, which may also be added later, and returns its id. */
  addRelationship({ id = this.relationships.endId, type, start, end, properties }: NewRelationship): number {
    checkNewId(id, this.relationships.endId);
    if (type < 0 || type > LARGEST_TYPE)
      throw new GraphkeepError('internal', 'a type is out of range', { observed: type });
    this.relationships.add(id, type, start, end);
    const first = properties === undefined ? -1 : this.values.writeProperties(properties);
    if (first >= 0) this.relationshipProperties.set(id, first);
    return id;
  }

  setGraphProperties(properties: Iterable<KeyedValue>): void {
    this.firstGraphProperty = this.values.writeProperties(properties);
  }

  /** Adds an index and returns the id of its rule. */
  addIndex(schema: RuleSchema, name?: string): number {
    return this.writeRule(this.indexRule(this.values.nextId('schema'), schema, false, -1, name));
  }

  /** Adds a constraint and the index that it owns, if any. Returns the id of the constraint's rule. */
  addConstraint(type: ConstraintType, schema: RuleSchema): number {
    const id = this.values.nextId('schema');
    if (type === 'existence') return this.writeRule({ kind: 'constraint', id, type, ownedIndex: -1, schema });
    const capacity = this.values.dataBytesOf('schema');
    const indexRecords = Math.ceil(encodeSchemaRule(this.indexRule(id, schema, true, -1)).length / capacity);
    const constraint = id + indexRecords;
    this.writeRule(this.indexRule(id, schema, true, constraint));
    return this.writeRule({ kind: 'constraint', id: constraint, type, ownedIndex: id, schema });
  }

  /** Links the chains, writes everything that is left, then `neostore` and the counts. Returns the metadata. */
  async finish(): Promise<NeostoreMetadata> {
    const chains = new RelationshipChains(this.relationships, this.nodeEnd, this.denseThreshold);
    this.writeNodes(chains);
    this.writeGroups(chains);
    this.writeRelationships(chains);
    this.writeTokens('label', 'labelNames');
    this.writeTokens('relationshipType', 'relationshipTypeNames');
    this.writeTokens('propertyKey', 'propertyKeyNames');
    this.values.close();
    const { creationTimeMs = Date.now(), randomId = randomBytes(8).readBigInt64BE() } = this.options;
    const metadata = newMetadata(this.format.version, creationTimeMs, randomId);
    metadata.firstGraphProperty = this.firstGraphProperty;
    writeFileSync(join(this.directory, METADATA_FILE), encodeMetadata(metadata));
    await this.writeCountsFile();
    return metadata;
  }

  private get denseThreshold(): number {
    return this.options.denseThreshold ?? DEFAULT_DENSE_THRESHOLD;
  }

  private path(key: StoreKey): string {
    return join(this.directory, storeFile(key).fileName);
  }

  private indexRule(
    id: number,
    schema: RuleSchema,
    unique: boolean,
    owningConstraint: number,
    name?: string,
  ): SchemaRule {
    const provider = this.options.provider ?? { key: 'lucene+native', version: '2.0' };
    return { kind: 'index', id, provider, unique, owningConstraint, schema, ...(name === undefined ? {} : { name }) };
  }

  private writeRule(rule: SchemaRule): number {
    return this.values.writeChain('schema', encodeSchemaRule(rule));
  }

  private writeTokens(key: 'label' | 'relationshipType' | 'propertyKey', names: DynamicKey): void {
    const codec = key === 'propertyKey' ? this.format.propertyKey : this.format.token;
    const appender = new RecordAppender(this.path(key), codec);
    const record = codec.create();
    record.inUse = true;
    for (const name of this.tokens[key].keys()) {
      record.nameId = this.values.writeChain(names, Buffer.from(name, 'utf8'));
      appender.append(record);
    }
    appender.close();
  }

  private writeNodes(chains: RelationshipChains): void {
    const appender = new RecordAppender(this.path('node'), this.format.node);
    const record = this.format.node.create();
    record.inUse = true;
    for (let id = 0; id < this.nodeEnd; id++) {
      const labelField = this.labelFields.get(id);
      if (labelField === UNUSED_NODE) continue;
      appender.skipTo(id);
      record.labelField = labelField;
      record.dense = chains.isDense(id);
      record.nextRel = chains.firstOf(id);
      record.nextProp = reference(this.nodeProperties.get(id));
      appender.append(record);
    }
    appender.close();
  }

  private writeGroups(chains: RelationshipChains): void {
    const appender = new RecordAppender(
      this.path('relationshipGroup'),
      this.format.relationshipGroup,
      this.denseThreshold,
    );
    const record = this.format.relationshipGroup.create();
    record.inUse = true;
    chains.groups.forEach(({ owner, type, next }, position) => {
      const first = chains.firstOfGroup(position);
      record.owner = owner;
      record.type = type;
      record.next = next < 0 ? -1 : next + 1;
      record.firstOut = first.out;
      record.firstIn = first.in;
      record.firstLoop = first.loop;
      appender.append(record);
    });
    appender.close();
  }

  /** Runs from the last chunk to the first: the chains can only be completed in that direction. */
  private writeRelationships(chains: RelationshipChains): void {
    const { starts, ends, types, endId } = this.relationships;
    const codec = this.format.relationship;
    const perChunk = Math.floor(WRITE_BYTES / codec.size);
    const buffer = Buffer.alloc(perChunk * codec.size);
    const record = codec.create();
    const fd = openSync(this.path('relationship'), 'w');
    for (let from = Math.floor(Math.max(0, endId - 1) / perChunk) * perChunk; from >= 0; from -= perChunk) {
      buffer.fill(0);
      const to = Math.min(from + perChunk, endId);
      for (let id = to - 1; id >= from; id--) {
        record.type = types.get(id);
        if (record.type === NONE) continue;
        record.id = id;
        record.inUse = true;
        record.start = starts.get(id);
        record.end = ends.get(id);
        record.nextProp = reference(this.relationshipProperties.get(id));
        chains.fill(record);
        codec.encode(record, buffer, (id - from) * codec.size);
      }
      writeFully(fd, buffer, (to - from) * codec.size, from * codec.size);
    }
    const pageBytes = filePageBytes(codec.size);
    ftruncateSync(fd, Math.ceil((endId * codec.size) / pageBytes) * pageBytes);
    closeSync(fd);
  }

  private async writeCountsFile(): Promise<void> {
    const reader = new StoreReader(this.directory);
    try {
      writeCounts(join(this.directory, COUNTS_FILES[0]), await recountStore(reader));
    } finally {
      reader.close();
    }
  }
}

function tokenId(tokens: Map<string, number>, name: string): number {
  let id = tokens.get(name);
  if (id === undefined) {
    id = tokens.size;
    tokens.set(name, id);
  }
  return id;
}

function checkNewId(id: number, next: number): void {
  if (id >= next && id < NONE - 1) return;
  throw new GraphkeepError('internal', 'ids have to ascend', { observed: id });
}

function reference(value: number): number {
  return value === NONE ? -1 : value;
}
