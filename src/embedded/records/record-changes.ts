import { GraphkeepError } from '../../base/errors.ts';
import type { StoreKey } from '../../store/files/store-files.ts';
import type { RecordOf } from '../../store/graph/store-reader.ts';
import { BLOCK_BYTES } from '../../store/records/property-block-layout.ts';
import type { PropertyRecord } from '../../store/records/property-record.ts';
import type { IdTaker, RecordReads, RecordView } from './record-view.ts';

/** A record touched by the transaction; undefined = not in use. Before and after may be equal. */
export interface RecordChange<R> {
  readonly id: number;
  readonly before: Readonly<R> | undefined;
  now: R | undefined;
}

type Table<K extends StoreKey> = Map<number, RecordChange<RecordOf[K]>>;

/** The records as a transaction sees them: its own versions over those of the last commit. */
export class RecordChanges implements RecordReads {
  readonly view: RecordView;
  private readonly ids: IdTaker;
  private readonly tables = new Map<StoreKey, Map<number, RecordChange<RecordOf[StoreKey]>>>();

  constructor(view: RecordView, ids: IdTaker) {
    this.view = view;
    this.ids = ids;
  }

  read<K extends StoreKey>(key: K, id: number): Readonly<RecordOf[K]> | undefined {
    const change = this.tables.get(key)?.get(id);
    return change === undefined ? this.view.read(key, id) : (change.now as RecordOf[K] | undefined);
  }

  /** {@link read} for a record that must exist; throws `store.corrupt` if it does not. */
  require<K extends StoreKey>(key: K, id: number): Readonly<RecordOf[K]> {
    return this.read(key, id) ?? missing(key, id);
  }

  /** This transaction's version, for changing in place. */
  edit<K extends StoreKey>(key: K, id: number): RecordOf[K] {
    const table = this.table(key);
    const change = table.get(id);
    if (change !== undefined) return change.now ?? missing(key, id);
    const before = this.view.read(key, id) ?? missing(key, id);
    const now = copyRecord(before) as RecordOf[K];
    table.set(id, { id, before, now });
    return now;
  }

  /** Stores a new record under an unused id. */
  create<K extends StoreKey>(key: K, record: RecordOf[K]): RecordOf[K] {
    const { id } = record;
    if (this.read(key, id) !== undefined) throw new GraphkeepError('internal', `${key} record ${id} is taken`);
    const table = this.table(key);
    if (table.has(id))
      throw new GraphkeepError('internal', `the id of ${key} record ${id} was given out again too early`);
    table.set(id, { id, before: undefined, now: record });
    return record;
  }

  /** Marks the record as no longer in use. */
  delete(key: StoreKey, id: number): void {
    const table = this.table(key);
    const change = table.get(id);
    if (change !== undefined) change.now = undefined;
    else table.set(id, { id, before: this.view.read(key, id) ?? missing(key, id), now: undefined });
  }

  takeId(key: StoreKey): number {
    return this.ids.take(key);
  }

  /** Everything touched in a store, unordered. */
  touched<K extends StoreKey>(key: K): IterableIterator<RecordChange<RecordOf[K]>> {
    return this.table(key).values();
  }

  /** Records that differ from before, by id. */
  changed<K extends StoreKey>(key: K): RecordChange<RecordOf[K]>[] {
    const found: RecordChange<RecordOf[K]>[] = [];
    for (const change of this.table(key).values()) if (isChange(change)) found.push(change);
    return found.sort((a, b) => a.id - b.id);
  }

  isChanged(key: StoreKey, id: number): boolean {
    const change = this.tables.get(key)?.get(id);
    return change !== undefined && isChange(change);
  }

  private table<K extends StoreKey>(key: K): Table<K> {
    let table = this.tables.get(key);
    if (table === undefined) {
      table = new Map();
      this.tables.set(key, table);
    }
    return table as unknown as Table<K>;
  }
}

function missing(key: StoreKey, id: number): never {
  throw new GraphkeepError('store.corrupt', `the ${key} record ${id} is not in use, but something refers to it`, {
    observed: id,
  });
}

type AnyRecord = RecordOf[StoreKey];

function isPropertyRecord(record: Readonly<AnyRecord>): record is PropertyRecord {
  return 'blocks' in record;
}

function copyRecord(record: Readonly<AnyRecord>): AnyRecord {
  if (!isPropertyRecord(record)) return { ...record };
  // After the last value the file may hold anything.
  const blocks = Uint8Array.from(record.blocks).fill(0, record.blockCount * BLOCK_BYTES);
  return { ...record, blocks };
}

function isChange({ before, now }: RecordChange<unknown>): boolean {
  return !isSame(before as AnyRecord | undefined, now as AnyRecord | undefined);
}

function isSame(before: Readonly<AnyRecord> | undefined, now: AnyRecord | undefined): boolean {
  if (before === undefined || now === undefined) return before === now;
  const [left, right] = [before as unknown as Record<string, unknown>, now as unknown as Record<string, unknown>];
  const end = isPropertyRecord(now) ? now.blockCount * BLOCK_BYTES : undefined;
  for (const field in right) if (!isSameField(left[field], right[field], end)) return false;
  return true;
}

/** `end`: number of meaningful bytes. */
function isSameField(a: unknown, b: unknown, end: number | undefined): boolean {
  if (!(a instanceof Uint8Array && b instanceof Uint8Array)) return a === b;
  return Buffer.compare(a.subarray(0, end), b.subarray(0, end)) === 0;
}
