import type { StoreKey } from '../../store/files/store-files.ts';
import type { RecordOf } from '../../store/graph/store-reader.ts';

interface ChangedRecord {
  /** Undefined = no longer in use. */
  record: Readonly<RecordOf[StoreKey]> | undefined;
  /** The last transaction that changed it. */
  transaction: number;
}

/** Approximate memory of one record with its entry. */
const RECORD_BYTES = 320;

/** The records changed since the store files were written, as of the last commit. */
export class RecordOverlay {
  private readonly stores = new Map<StoreKey, Map<number, ChangedRecord>>();
  private readonly ends = new Map<StoreKey, number>();
  private records = 0;

  /** No entry means that the record is as in the file. */
  find(key: StoreKey, id: number): ChangedRecord | undefined {
    return this.stores.get(key)?.get(id);
  }

  put(
    transaction: number,
    changes: ReadonlyMap<StoreKey, ReadonlyMap<number, Readonly<RecordOf[StoreKey]> | undefined>>,
  ): void {
    for (const [key, records] of changes) {
      const store = this.storeOf(key);
      const before = store.size;
      for (const [id, record] of records) {
        store.set(id, { record, transaction });
        if (id >= this.endIdOf(key)) this.ends.set(key, id + 1);
      }
      this.records += store.size - before;
    }
  }

  /** Forgets the records not changed after `transaction`: the store files now hold them. */
  dropUpTo(transaction: number): void {
    for (const store of this.stores.values()) {
      const before = store.size;
      for (const [id, changed] of store) if (changed.transaction <= transaction) store.delete(id);
      this.records -= before - store.size;
    }
  }

  /** Ids from this one on were never changed in this store. */
  endIdOf(key: StoreKey): number {
    return this.ends.get(key) ?? 0;
  }

  /** Estimated memory. */
  get sizeBytes(): number {
    return this.records * RECORD_BYTES;
  }

  private storeOf(key: StoreKey): Map<number, ChangedRecord> {
    let store = this.stores.get(key);
    if (store === undefined) {
      store = new Map();
      this.stores.set(key, store);
    }
    return store;
  }
}
