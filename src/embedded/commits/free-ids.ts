import { GraphkeepError } from '../../base/errors.ts';
import type { IdFile } from '../../store/files/id-file.ts';
import { type StoreKey, storeFile, storeFiles } from '../../store/files/store-files.ts';
import type { IdBits, StoreFormat } from '../../store/files/store-format.ts';

/** With 32 low bits of ones an id decodes as "none", so servers never give it to a record (spec record-stores 5). */
const RESERVED_ID = 0xffff_ffff;

/** Whether a record currently has this id. */
export type IsTaken = (key: StoreKey, id: number) => boolean;

/**
 * Allocates record ids. Ids that a transaction frees become available only when it is durable: should it be lost in a power cut, nothing
 * acknowledged may occupy them.
 */
export class FreeIds {
  private readonly pools = new Map<StoreKey, IdPool>();
  private readonly isTaken: IsTaken;

  constructor(format: StoreFormat, isTaken: IsTaken) {
    this.isTaken = isTaken;
    for (const { key, header } of storeFiles) {
      this.pools.set(key, new IdPool(header === 'none' ? 0 : 1, endOfIds(key, format)));
    }
  }

  /** Call before the first id is taken. `highest` is the highest id in use, -1 = none; `file` is the clean id file. */
  restore(key: StoreKey, highest: number, file: IdFile | undefined): void {
    this.pools.get(key)!.restore(highest, file);
  }

  take(key: StoreKey): number {
    const pool = this.pools.get(key)!;
    for (;;) {
      const id = pool.take();
      if (id === undefined) {
        throw new GraphkeepError('embedded.full', `${storeFile(key).fileName} has no free ids left`);
      }
      // An id file copied from elsewhere must not cost a record.
      if (id < pool.restoredEnd && this.isTaken(key, id)) continue;
      return id;
    }
  }

  /** Makes ids available at once. */
  free(key: StoreKey, ids: Iterable<number>): void {
    this.pools.get(key)!.free(ids);
  }

  freeAll(ids: ReadonlyMap<StoreKey, readonly number[]>): void {
    for (const [key, list] of ids) this.free(key, list);
  }

  /** What a server expects in the id file. */
  describe(key: StoreKey): IdFile {
    return this.pools.get(key)!.describe();
  }
}

function endOfIds(key: StoreKey, format: StoreFormat): number {
  const { idBits } = format;
  return 2 ** (key in idBits ? idBits[key as keyof IdBits] : idBits.dynamic) - 1;
}

class IdPool {
  /** Ids below this may be taken even though they are in the list. */
  restoredEnd = 0;
  private readonly endId: number;
  private highId: number;
  private readonly freed: number[] = [];

  constructor(firstId: number, endId: number) {
    this.highId = firstId;
    this.endId = endId;
  }

  restore(highest: number, file: IdFile | undefined): void {
    this.highId = Math.max(this.highId, highest + 1, file?.highId ?? 0);
    for (const id of file?.free ?? []) if (id >= 0 && id < this.highId) this.freed.push(id);
    this.restoredEnd = this.highId;
  }

  take(): number | undefined {
    const freed = this.freed.pop();
    if (freed !== undefined) return freed;
    if (this.highId === RESERVED_ID) this.highId++;
    return this.highId < this.endId ? this.highId++ : undefined;
  }

  free(ids: Iterable<number>): void {
    for (const id of ids) this.freed.push(id);
  }

  describe(): IdFile {
    return { clean: true, highId: this.highId, free: this.freed };
  }
}
