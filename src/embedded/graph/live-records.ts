import { join } from 'node:path';
import { readHeader, readRecordSize } from '../../store/files/record-file.ts';
import { type StoreKey, storeFile } from '../../store/files/store-files.ts';
import type { StoreFormat } from '../../store/files/store-format.ts';
import { type RecordOf, StoreReader } from '../../store/graph/store-reader.ts';
import type { RecordResult } from '../records/record-transaction.ts';
import type { RecordView } from '../records/record-view.ts';
import { RecordOverlay } from './record-overlay.ts';

/**
 * The records as of the last commit: the store files as of the last check point, overlaid with everything changed since. A check point in
 * progress changes the files only where a changed record hides it, so reads can continue meanwhile.
 */
export class LiveRecords implements RecordView {
  readonly format: StoreFormat;
  readonly denseThreshold: number;
  private readonly overlay = new RecordOverlay();
  private readonly capacities = new Map<StoreKey, number>();
  private readonly directory: string;
  private store: StoreReader;
  private firstProperty: number;

  constructor(directory: string) {
    this.directory = directory;
    this.store = new StoreReader(directory);
    this.format = this.store.format;
    this.firstProperty = this.store.metadata.firstGraphProperty;
    this.denseThreshold = readHeader(join(directory, storeFile('relationshipGroup').fileName));
  }

  get firstGraphProperty(): number {
    return this.firstProperty;
  }

  dataBytes(key: StoreKey): number {
    let capacity = this.capacities.get(key);
    if (capacity === undefined) {
      const path = join(this.directory, storeFile(key).fileName);
      capacity = readRecordSize(path, this.format) - this.format.dynamicHeaderBytes;
      this.capacities.set(key, capacity);
    }
    return capacity;
  }

  read<K extends StoreKey>(key: K, id: number): Readonly<RecordOf[K]> | undefined {
    const changed = this.overlay.find(key, id);
    if (changed !== undefined) return changed.record as Readonly<RecordOf[K]> | undefined;
    const file = this.store.file(key);
    const record = file.readRecord(id, file.codec.create());
    if (record === undefined || !record.inUse) return undefined;
    // Data of dynamic records are a view of a page, which the next read may replace.
    if ('data' in record) record.data = Buffer.from(record.data);
    return record;
  }

  /** Ids from this one on are not in use in this store. */
  endIdOf(key: StoreKey): number {
    return Math.max(this.store.file(key).endId, this.overlay.endIdOf(key));
  }

  /** The highest id in use in the files, -1 = none. Only for a store without changes. */
  highestIdInFiles(key: StoreKey): number {
    return this.store.file(key).highestId();
  }

  apply(transaction: number, result: Pick<RecordResult, 'records' | 'firstGraphProperty'>): void {
    this.overlay.put(transaction, result.records);
    this.firstProperty = result.firstGraphProperty;
  }

  /** Call when the store files hold everything up to this transaction. */
  filesReach(transaction: number): void {
    const fresh = new StoreReader(this.directory);
    this.store.close();
    this.store = fresh;
    this.overlay.dropUpTo(transaction);
  }

  /** Estimated memory of the changed records. */
  get changedBytes(): number {
    return this.overlay.sizeBytes;
  }

  close(): void {
    this.store.close();
  }
}
