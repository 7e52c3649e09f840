import type { RecordResult } from '../../../src/embedded/records/record-transaction.ts';
import type { IdTaker, RecordView } from '../../../src/embedded/records/record-view.ts';
import { type StoreKey, storeFile, storeFiles } from '../../../src/store/files/store-files.ts';
import { STANDARD_FORMAT } from '../../../src/store/files/store-format.ts';
import type { RecordOf } from '../../../src/store/graph/store-reader.ts';

type Table = Map<number, Readonly<RecordOf[StoreKey]>>;

export interface RecordMemoryOptions {
  denseThreshold: number;
  /** Data bytes of dynamic store records, if not 120. */
  dataBytes: Partial<Record<StoreKey, number>>;
  /** Chooses one of some free ids; undefined = a new one. */
  pickFree: (free: readonly number[]) => number | undefined;
}

/** The records of a store in memory, tracking every allocated id. */
export class RecordMemory implements RecordView, IdTaker {
  readonly format = STANDARD_FORMAT;
  readonly denseThreshold: number;
  firstGraphProperty = -1;
  private readonly options: RecordMemoryOptions;
  private readonly tables = new Map<StoreKey, Table>(storeFiles.map(({ key }) => [key, new Map()]));
  private readonly free = new Map<StoreKey, number[]>(storeFiles.map(({ key }) => [key, []]));
  private readonly next = new Map<StoreKey, number>();
  /** Bytes of property records when they came in. */
  private readonly bytes = new WeakMap<object, Buffer>();

  constructor(options: RecordMemoryOptions) {
    this.options = options;
    this.denseThreshold = options.denseThreshold;
  }

  /** Adds a record of an existing store. Ids below `endId` without a record are free once {@link endLoading} is called. */
  load(key: StoreKey, record: RecordOf[StoreKey]): void {
    this.put(key, record.id, record);
  }

  endLoading(key: StoreKey, endId: number): void {
    const table = this.tables.get(key)!;
    const first = storeFile(key).header === 'none' ? 0 : 1;
    for (let id = first; id < endId; id++) if (!table.has(id)) this.free.get(key)!.push(id);
    this.next.set(key, Math.max(first, endId));
  }

  dataBytes(key: StoreKey): number {
    return this.options.dataBytes[key] ?? 120;
  }

  read<K extends StoreKey>(key: K, id: number): Readonly<RecordOf[K]> | undefined {
    return this.tables.get(key)!.get(id) as RecordOf[K] | undefined;
  }

  /** All records in use, by id. */
  all<K extends StoreKey>(key: K): Readonly<RecordOf[K]>[] {
    return [...this.tables.get(key)!.values()].sort((a, b) => a.id - b.id) as unknown as RecordOf[K][];
  }

  take(key: StoreKey): number {
    const free = this.free.get(key)!;
    const picked = this.options.pickFree(free);
    if (picked !== undefined) {
      free.splice(free.indexOf(picked), 1);
      return picked;
    }
    const id = this.next.get(key) ?? (storeFile(key).header === 'none' ? 0 : 1);
    this.next.set(key, id + 1);
    return id;
  }

  /** Applies what a transaction changed. Throws if it changed in place a record that it was only shown. */
  commit({ records, freed, firstGraphProperty }: RecordResult): void {
    for (const [key, changed] of records) for (const [id, record] of changed) this.put(key, id, record);
    for (const [key, ids] of freed) this.free.get(key)!.push(...ids);
    this.firstGraphProperty = firstGraphProperty;
    for (const { key } of storeFiles) this.checkIds(key);
  }

  private put(key: StoreKey, id: number, record: RecordOf[StoreKey] | undefined): void {
    const table = this.tables.get(key)!;
    this.checkUntouched(table.get(id));
    if (record === undefined) {
      table.delete(id);
      return;
    }
    if (record.id !== id || !record.inUse) throw new Error(`${key} ${id}: the record says something else`);
    if ('blocks' in record) this.bytes.set(record, Buffer.from(record.blocks));
    table.set(id, Object.freeze(record));
  }

  private checkUntouched(record: Readonly<RecordOf[StoreKey]> | undefined): void {
    if (record === undefined || !('blocks' in record)) return;
    if (!this.bytes.get(record)!.equals(record.blocks)) throw new Error(`property ${record.id} was changed in place`);
  }

  /** Every allocated id is either in use or free, and free only once. */
  private checkIds(key: StoreKey): void {
    const first = storeFile(key).header === 'none' ? 0 : 1;
    const given = (this.next.get(key) ?? first) - first;
    const free = this.free.get(key)!;
    const table = this.tables.get(key)!;
    if (new Set(free).size !== free.length) throw new Error(`${key}: an id was freed twice: ${free}`);
    const both = free.filter((id) => table.has(id));
    if (both.length > 0) throw new Error(`${key}: ids in use were freed: ${both}`);
    if (table.size + free.length !== given) {
      throw new Error(`${key}: of ${given} ids ${table.size} are in use and ${free.length} free`);
    }
  }
}
