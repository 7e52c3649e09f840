import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readU32 } from '../../../src/base/byte-reader.ts';
import type { LogCommand } from '../../../src/log/v3/commands/command-table.ts';
import type { DynamicImage } from '../../../src/log/v3/commands/dynamic-record-image.ts';
import {
  FIXED_REFERENCES,
  HAS_SECONDARY_UNIT,
  IN_USE,
  REQUIRES_SECONDARY_UNIT,
} from '../../../src/log/v3/commands/record-flags.ts';
import { transactionChecksum } from '../../../src/log/v3/entries/start-entry.ts';
import type { DecodedTransaction } from '../../../src/log/v3/transaction-codec.ts';
import { type Counts, decodeCounts, encodeCounts, readLiveCounts } from '../../../src/store/counts/counts-store.ts';
import { decodeMetadata, encodeMetadata, type NeostoreMetadata } from '../../../src/store/files/neostore-metadata.ts';
import {
  COUNTS_FILES,
  filePageBytes,
  METADATA_FILE,
  type StoreKey,
  storeFile,
  storeFiles,
} from '../../../src/store/files/store-files.ts';
import { formatByVersion, type StoreFormat } from '../../../src/store/files/store-format.ts';
import type { RecordCodec } from '../../../src/store/records/record-codec.ts';

export interface AnyRecord {
  id: number;
  inUse: boolean;
  secondaryUnit?: number;
}

const DYNAMIC_STORES = { 9: 'propertyStrings', 10: 'propertyArrays' } as const;
const TOKEN_STORES = { label: 'label', relationshipType: 'relationshipType', propertyKey: 'propertyKey' } as const;

/**
 * The record stores of a database in memory, changed one command at a time like a running server (spec transaction-logs 8). The oracle for
 * net-change replay; for byte comparisons it is independent except for the codecs.
 */
export class MemoryStore {
  readonly format: StoreFormat;
  readonly files: Map<StoreKey, Buffer>;
  metadata: NeostoreMetadata;
  counts: Counts;

  constructor(files: Map<StoreKey, Buffer>, metadata: NeostoreMetadata, counts: Counts) {
    this.format = formatByVersion(metadata.storeVersion);
    this.files = files;
    this.metadata = metadata;
    this.counts = counts;
  }

  /** Loads a closed store; its counts are those of the live file. */
  static load(folder: string): MemoryStore {
    const files = new Map(storeFiles.map(({ key, fileName }) => [key, readFileSync(join(folder, fileName))]));
    const metadata = decodeMetadata(readFileSync(join(folder, METADATA_FILE)));
    return new MemoryStore(files, metadata, readLiveCounts(folder)!.counts);
  }

  write(folder: string): void {
    for (const [key, bytes] of this.files) writeFileSync(join(folder, storeFile(key).fileName), bytes);
    writeFileSync(join(folder, METADATA_FILE), encodeMetadata(this.metadata));
    writeFileSync(join(folder, COUNTS_FILES[0]), encodeCounts(this.counts));
  }

  clone(): MemoryStore {
    const files = new Map([...this.files].map(([key, bytes]) => [key, Buffer.from(bytes)]));
    return new MemoryStore(files, { ...this.metadata }, decodeCounts(encodeCounts(this.counts)));
  }

  codec(key: StoreKey): RecordCodec<AnyRecord> {
    const { kind } = storeFile(key);
    const codec: unknown =
      kind === 'dynamic' ? this.format.dynamic(readU32(this.files.get(key)!, 0)) : this.format[kind];
    return codec as RecordCodec<AnyRecord>;
  }

  firstId(key: StoreKey): number {
    return storeFile(key).header === 'none' ? 0 : 1;
  }

  endId(key: StoreKey): number {
    return Math.floor(this.files.get(key)!.length / this.codec(key).size);
  }

  /** Record `id`; not in use beyond the end of the file. */
  record(key: StoreKey, id: number): AnyRecord {
    const codec = this.codec(key);
    const buffer = this.files.get(key)!;
    const record = codec.create();
    const at = (unit: number) => ({ buffer, offset: unit * codec.size });
    const read = (unit: number) => (unit < this.endId(key) ? at(unit) : undefined);
    if (id >= this.endId(key)) return { ...record, id, inUse: false };
    return codec.decode(record, id, buffer, id * codec.size, { read });
  }

  applyAll(transactions: readonly DecodedTransaction[]): this {
    for (const transaction of transactions) this.apply(transaction);
    return this;
  }

  apply({ start, commands, commit }: DecodedTransaction): void {
    for (const command of commands) this.applyCommand(command, commit.transactionId);
    this.counts.txId = commit.transactionId;
    this.metadata.lastTransactionId = commit.transactionId;
    this.metadata.lastTransactionChecksum = transactionChecksum(start);
    this.metadata.lastTransactionCommitTime = commit.timeCommitted;
  }

  private applyCommand(command: LogCommand, transactionId: number): void {
    switch (command.kind) {
      case 'node': {
        const { flags, secondaryUnit: _, dynamicLabels, ...fields } = command.after;
        this.putDynamics('nodeLabels', dynamicLabels);
        this.clearUnit('node', command);
        this.put('node', { id: command.id, ...fields, ...frameOf(command.after) });
        break;
      }
      case 'relationship': {
        const { flags, secondaryUnit: _, markers, ...fields } = command.after;
        const marks = { firstInStart: (markers & 1) !== 0, firstInEnd: (markers & 2) !== 0 };
        this.clearUnit('relationship', command);
        this.put('relationship', { id: command.id, ...fields, ...marks, ...frameOf(command.after) });
        break;
      }
      case 'relationshipGroup': {
        const { flags, secondaryUnit: _, ...fields } = command.after;
        this.clearUnit('relationshipGroup', command);
        this.put('relationshipGroup', { id: command.id, ...fields, ...frameOf(command.after) });
        break;
      }
      case 'property': {
        const { blocks, deleted, next, prev, flags } = command.after;
        for (const record of [...blocks.flatMap((block) => block.records), ...deleted]) {
          this.putDynamics(DYNAMIC_STORES[record.type as 9 | 10], [record]);
        }
        const bytes = Buffer.alloc(32);
        Buffer.concat(blocks.map((block) => block.value)).copy(bytes);
        const blockCount = blocks.reduce((sum, block) => sum + block.value.length / 8, 0);
        const fixedReferences = (flags & FIXED_REFERENCES) !== 0;
        this.put('property', {
          id: command.id,
          inUse: blockCount > 0,
          next,
          prev,
          blockCount,
          blocks: bytes,
          fixedReferences,
        });
        break;
      }
      case 'token': {
        const { inUse, nameId, propertyCount, nameRecords } = command.after;
        const key = TOKEN_STORES[command.token];
        this.put(key, { id: command.id, inUse, nameId, propertyCount });
        this.putDynamics(storeFile(key).names!, nameRecords);
        break;
      }
      case 'neoStore':
        this.metadata.firstGraphProperty = command.nextPropAfter;
        break;
      case 'schemaRule': {
        this.putDynamics('schema', command.after);
        const rule = command.after.filter((record) => (record.flags & IN_USE) !== 0);
        // A constraint: `i32 -1, u8 12`.
        if (rule[0]?.data[4] === 12) this.metadata.lastConstraintTransaction = transactionId;
        break;
      }
      case 'nodeCounts':
        this.counts.addNodes(command.label, command.delta);
        break;
      case 'relationshipCounts':
        this.counts.addRelationships(command.startLabel, command.type, command.endLabel, command.delta);
        break;
      default:
        throw new Error(`no effect on record stores is known for ${command.kind}`);
    }
  }

  private putDynamics(key: StoreKey, images: readonly DynamicImage[]): void {
    for (const { id, flags, next, data } of images) {
      this.put(key, { id, inUse: (flags & 1) !== 0, first: (flags & 2) !== 0, next, data });
    }
  }

  /** A unit that a record had before and no longer has becomes free. */
  private clearUnit(key: StoreKey, command: { before: UnitImage; after: UnitImage }): void {
    const unit = frameOf(command.before).secondaryUnit;
    if (unit < 0 || unit === frameOf(command.after).secondaryUnit) return;
    this.files.get(key)![unit * this.codec(key).size]! &= ~1;
  }

  private put(key: StoreKey, record: AnyRecord & Record<string, unknown>): void {
    const codec = this.codec(key);
    this.grow(key, record.id);
    const second = codec.encode(record, this.files.get(key)!, record.id * codec.size);
    if (second === undefined) return;
    this.grow(key, record.secondaryUnit!);
    this.files.get(key)!.set(second, record.secondaryUnit! * codec.size);
  }

  private grow(key: StoreKey, id: number): void {
    const { size } = this.codec(key);
    const pageBytes = filePageBytes(size);
    const bytes = this.files.get(key)!;
    const needed = Math.ceil(((id + 1) * size) / pageBytes) * pageBytes;
    if (needed > bytes.length) this.files.set(key, Buffer.concat([bytes, Buffer.alloc(needed - bytes.length)]));
  }
}

interface UnitImage {
  flags: number;
  secondaryUnit: number;
}

function frameOf({ flags, secondaryUnit }: UnitImage) {
  const inUse = (flags & IN_USE) !== 0;
  const both = REQUIRES_SECONDARY_UNIT | HAS_SECONDARY_UNIT;
  const hasUnit = inUse && (flags & both) === both;
  return { inUse, fixedReferences: (flags & FIXED_REFERENCES) !== 0, secondaryUnit: hasUnit ? secondaryUnit : -1 };
}

/** Every meaningful difference, as readable lines; empty = the stores hold the same records. */
export function differences(actual: MemoryStore, expected: MemoryStore): string[] {
  const found: string[] = [];
  for (const { key } of storeFiles) compareStore(key, actual, expected, found);
  return found;
}

function compareStore(key: StoreKey, actual: MemoryStore, expected: MemoryStore, found: string[]): void {
  const codec = expected.codec(key);
  const [ours, theirs] = [actual.files.get(key)!, expected.files.get(key)!];
  if (actual.codec(key).size !== codec.size) {
    found.push(`${key}: other record size`);
    return;
  }
  if (actual.format.family === 'standard' && ours.length !== theirs.length) {
    found.push(`${key}: ${ours.length} bytes instead of ${theirs.length}`);
  }
  const endId = Math.max(actual.endId(key), expected.endId(key));
  for (let id = expected.firstId(key); id < endId; id++) {
    const [from, to] = [id * codec.size, (id + 1) * codec.size];
    if (to <= ours.length && to <= theirs.length && ours.compare(theirs, from, to, from, to) === 0) continue;
    const want = expected.record(key, id);
    const wanted = want.inUse || occupied(codec, theirs, id);
    if (!wanted) {
      if (actual.record(key, id).inUse || occupied(codec, ours, id)) found.push(`${key} ${id}: must not be in use`);
      continue;
    }
    if (!occupied(codec, ours, id) && codec.isOccupied) {
      found.push(`${key} ${id}: must be taken`);
      continue;
    }
    // A second unit was written whole; of a record, only the bytes that its encoder writes are meaningful.
    const mask = want.inUse ? encoded(codec, want) : undefined;
    for (let i = 0; i < codec.size; i++) {
      if (mask?.[0][i] !== mask?.[1][i]) continue;
      if (ours[id * codec.size + i] === theirs[id * codec.size + i]) continue;
      found.push(`${key} ${id}: ${describe(ours, id, codec.size)} instead of ${describe(theirs, id, codec.size)}`);
      break;
    }
  }
}

function occupied(codec: RecordCodec<AnyRecord>, bytes: Buffer, id: number): boolean {
  const offset = id * codec.size;
  return offset < bytes.length && (codec.isOccupied?.(bytes, offset) ?? false);
}

/** The record encoded onto zeros and onto ones: bytes that differ are not written by the encoder. */
function encoded(codec: RecordCodec<AnyRecord>, record: AnyRecord): [Buffer, Buffer] {
  const grounds: [Buffer, Buffer] = [Buffer.alloc(codec.size), Buffer.alloc(codec.size, 0xff)];
  for (const ground of grounds) codec.encode(record, ground, 0);
  return grounds;
}

function describe(bytes: Buffer, id: number, size: number): string {
  return bytes.subarray(id * size, (id + 1) * size).toString('hex');
}
