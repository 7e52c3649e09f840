import type { RecordFile } from '../../store/files/record-file.ts';
import { type StoreKey, storeFile } from '../../store/files/store-files.ts';
import type { RecordOf } from '../../store/graph/store-reader.ts';
import type { CheckContext } from '../findings/check-context.ts';
import { isDamage } from '../findings/damage.ts';

/**
 * The records of one store for a check, which trusts nothing in it. A record that cannot be decoded, an id beyond the last whole record,
 * and an impossible id count as not in use.
 */
export class StoreRecords<K extends StoreKey> {
  readonly key: K;
  readonly fileName: string;
  /** One more than the id of the last whole record. */
  readonly endId: number;
  readonly recordBytes: number;
  readonly sizeBytes: number;
  private readonly context: CheckContext;
  private readonly file: RecordFile<RecordOf[K]>;

  constructor(context: CheckContext, key: K) {
    this.key = key;
    this.context = context;
    this.file = context.reader.file(key);
    this.fileName = storeFile(key).fileName;
    this.recordBytes = this.file.codec.size;
    this.sizeBytes = this.file.sizeBytes;
    this.endId = Math.floor(this.sizeBytes / this.recordBytes);
  }

  create(): RecordOf[K] {
    return this.file.codec.create();
  }

  /** Decodes record `id` into `into`; undefined if it is not in use. Views in it are valid until the next read from this store. */
  load(id: number, into: RecordOf[K]): RecordOf[K] | undefined {
    if (id >= this.endId) return undefined;
    const place = this.file.read(id);
    if (place === undefined) return undefined;
    try {
      const record = this.file.codec.decode(into, id, place.buffer, place.offset, this.file);
      return record.inUse ? record : undefined;
    } catch (error) {
      if (isDamage(error)) return undefined;
      throw error;
    }
  }

  /**
   * The remaining content of a record that is not in use: its bytes decoded as if it were. Undefined if they do not form a record. Only for
   * records whose in-use mark is bit 0 of the first byte.
   */
  loadStale(id: number, into: RecordOf[K]): RecordOf[K] | undefined {
    const place = id < this.endId ? this.file.read(id) : undefined;
    if (place === undefined) return undefined;
    const bytes = Buffer.from(place.buffer.subarray(place.offset, place.offset + this.recordBytes));
    bytes[0]! |= 1;
    try {
      const record = this.file.codec.decode(into, id, bytes, 0, this.file);
      return record.inUse ? record : undefined;
    } catch (error) {
      if (isDamage(error)) return undefined;
      throw error;
    }
  }

  /** Calls `visit` with each record in use, in id order, with one reused object, and `unreadable` with each id that cannot be decoded. */
  async scan(
    phase: string,
    visit: (record: RecordOf[K]) => void,
    unreadable?: (id: number) => void,
    firstId = 0,
  ): Promise<void> {
    const record = this.create();
    await this.scanBytes(
      phase,
      (buffer, first, end) => {
        for (let id = first, offset = 0; id < end; id++, offset += this.recordBytes) {
          this.visitRecord(record, buffer, id, offset, visit, unreadable);
        }
      },
      firstId,
    );
  }

  /** Calls `visit` with the bytes of the records from `first` up to (not including) `end`, in id order. */
  async scanBytes(
    phase: string,
    visit: (buffer: Buffer, first: number, end: number) => void,
    firstId = 0,
  ): Promise<void> {
    const { context, file } = this;
    let done = Math.max(firstId, file.firstId) * this.recordBytes;
    await file.scanChunksInTurns(visit, {
      from: firstId,
      to: this.endId,
      onProgress: (bytes) => {
        done += bytes;
        context.progress(phase, done, this.endId * this.recordBytes);
      },
      ...(context.signal === undefined ? {} : { signal: context.signal }),
    });
  }

  /** Calls `visit` with the record at `offset` if it is in use, or `unreadable` if it cannot be decoded. */
  visitRecord(
    record: RecordOf[K],
    buffer: Buffer,
    id: number,
    offset: number,
    visit: (record: RecordOf[K]) => void,
    unreadable?: (id: number) => void,
  ): void {
    try {
      this.file.codec.decode(record, id, buffer, offset, this.file);
    } catch (error) {
      if (!isDamage(error)) throw error;
      unreadable?.(id);
      return;
    }
    if (record.inUse) visit(record);
  }

  /** Bytes after the last whole record. */
  readTail(): Uint8Array {
    return this.endId * this.recordBytes === this.sizeBytes ? new Uint8Array(0) : this.readBytes(this.endId);
  }

  /** The bytes of a record, in use or not, up to the end of the file: none beyond it. */
  readBytes(id: number): Uint8Array {
    const place = this.file.read(id);
    return place === undefined
      ? new Uint8Array(0)
      : place.buffer.subarray(place.offset, place.offset + this.recordBytes);
  }
}

/** The stores of the graph. */
export class RecordStores {
  readonly node: StoreRecords<'node'>;
  readonly relationship: StoreRecords<'relationship'>;
  readonly group: StoreRecords<'relationshipGroup'>;
  readonly property: StoreRecords<'property'>;
  readonly labels: StoreRecords<'nodeLabels'>;

  constructor(context: CheckContext) {
    this.node = new StoreRecords(context, 'node');
    this.relationship = new StoreRecords(context, 'relationship');
    this.group = new StoreRecords(context, 'relationshipGroup');
    this.property = new StoreRecords(context, 'property');
    this.labels = new StoreRecords(context, 'nodeLabels');
  }
}
