import { join } from 'node:path';
import { KeySorter } from '../../store/tree/load/key-sorter.ts';
import type { TreeLayout } from '../../store/tree/page/layout.ts';

interface NamedSorter {
  sorter: KeySorter;
  layout: TreeLayout;
}

/** Sorters by name, created on first use. */
export class KeySorters {
  private readonly folder: string;
  private readonly maxBytesInMemory: number;
  private readonly sorters = new Map<string, NamedSorter>();

  /** @param folder for the run files */
  constructor(folder: string, maxBytesInMemory: number) {
    this.folder = folder;
    this.maxBytesInMemory = maxBytesInMemory;
  }

  get(name: string): NamedSorter | undefined {
    return this.sorters.get(name);
  }

  of(name: string, layout: TreeLayout): KeySorter {
    let found = this.sorters.get(name);
    if (found === undefined) {
      const path = join(this.folder, `run-${this.sorters.size}`);
      found = { layout, sorter: new KeySorter(path, layout.compare, { maxBytesInMemory: this.maxBytesInMemory }) };
      this.sorters.set(name, found);
    }
    return found.sorter;
  }

  close(): void {
    for (const { sorter } of this.sorters.values()) sorter.close();
  }
}
