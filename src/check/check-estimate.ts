import { readdirSync, statSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { classifyDatabaseFile, type DatabaseFileRole, storeFileByName } from '../store/files/store-files.ts';
import type { CheckPart } from './parts/check-parts.ts';

const CHECKED_ROLES: readonly DatabaseFileRole[] = ['metadata', 'record-store', 'counts', 'label-scan', 'schema-index'];

/** Sizes of the files that a check reads, in total and by the names in {@link CheckPart.reads}. */
export class StoreSizes {
  /** Total size of all files in bytes. */
  total = 0;
  private readonly byKey = new Map<CheckPart['reads'][number], number>();

  constructor(directory: string) {
    for (const entry of readdirSync(directory, { recursive: true, withFileTypes: true })) {
      const path = join(entry.parentPath, entry.name);
      const name = relative(directory, path).split(sep).join('/');
      const role = classifyDatabaseFile(name);
      if (!entry.isFile() || !CHECKED_ROLES.includes(role)) continue;
      const { size } = statSync(path);
      this.total += size;
      const key =
        role === 'schema-index' ? 'indexes' : role === 'label-scan' ? 'labelScan' : storeFileByName(name)?.key;
      if (key !== undefined) this.byKey.set(key, (this.byKey.get(key) ?? 0) + size);
    }
  }

  /** Bytes that a part reads if it finds nothing. */
  estimate({ reads }: CheckPart): number {
    return reads.reduce((sum, key) => sum + (this.byKey.get(key) ?? 0), 0);
  }
}

/** Adds up the progress of the parts of a check. A part never counts for more than its estimate, and for all of it once it ends. */
export class OverallProgress {
  private readonly estimates: readonly number[];
  private readonly done: number[];
  readonly total: number;

  /** `estimates`: bytes of each part. */
  constructor(estimates: readonly number[]) {
    this.estimates = estimates;
    this.done = estimates.map(() => 0);
    this.total = estimates.reduce((sum, bytes) => sum + bytes, 0);
  }

  /** Part `index` has read `bytes` more; returns the bytes read by all parts. */
  add(index: number, bytes: number): number {
    this.done[index] = Math.min(this.estimates[index]!, this.done[index]! + bytes);
    return this.done.reduce((sum, part) => sum + part, 0);
  }

  /** Part `index` has ended. */
  end(index: number): number {
    return this.add(index, this.estimates[index]!);
  }
}
