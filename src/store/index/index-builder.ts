import { dirname, join, relative } from 'node:path';
import { makeDirectory, removeTree, renameDurably, syncTree, temporarySibling } from '../../base/durable-files.ts';
import { GraphkeepError } from '../../base/errors.ts';
import type { IndexRule } from '../graph/schema-rule.ts';
import { type BulkLoadOptions, bulkLoadTree, type TreeEntry } from '../tree/load/bulk-load.ts';
import { KeySorter, type KeySorterOptions } from '../tree/load/key-sorter.ts';
import type { TreeLayout } from '../tree/page/layout.ts';
import type { PropertyValue } from '../values/property-value.ts';
import { writeEmptyLucenePart } from './empty-lucene.ts';
import { ONLINE_HEADER } from './index-header.ts';
import { locateKey } from './index-key.ts';
import { TEMPORAL_FILES } from './index-part.ts';
import { findProvider, type IndexFolders } from './index-provider.ts';
import { genericKey } from './keys/generic-key.ts';
import { numberKey, uniqueNumberKey } from './keys/number-key.ts';
import { encodeSpatialHeader, findSystem, PointCurves, spatialFileName } from './keys/point-curves.ts';
import { pointLayout } from './keys/point-key.ts';
import { temporalKeys } from './keys/temporal-key.ts';
import { textKey } from './keys/text-key.ts';

/** The server always creates the tree of this coordinate reference system, even if it is empty. */
const WGS84 = 4326;

const BUILDABLE = ['native-btree-1.0', 'lucene+native-2.0'];

/** True if {@link IndexBuilder} can write every part of the index, as far as the values allow. */
export function canBuildIndex(rule: IndexRule): boolean {
  return BUILDABLE.includes(`${rule.provider.key}-${rule.provider.version}`);
}

/**
 * Builds an index from entities and their values, given in any order, in bounded memory. The index is online at the server's next start,
 * without a population. Gives up at the first value that belongs in a part we cannot write (Lucene).
 */
export class IndexBuilder {
  private readonly rule: IndexRule;
  private readonly folders: IndexFolders;
  private readonly options: KeySorterOptions;
  private readonly root: string;
  private readonly work: string;
  private readonly curves = new PointCurves();
  private readonly sorters = new Map<string, { layout: TreeLayout; sorter: KeySorter }>();

  /** `workFolder`: for unfinished files; outside the store, but on its file system. */
  constructor(rule: IndexRule, storeDirectory: string, workFolder: string, options: KeySorterOptions = {}) {
    const folders = findProvider(rule.provider)?.folders(rule.id);
    if (folders === undefined || !canBuildIndex(rule)) {
      throw new GraphkeepError('internal', `indexes of ${rule.provider.key}-${rule.provider.version} cannot be built`);
    }
    this.rule = rule;
    this.folders = folders;
    this.options = options;
    this.root = join(storeDirectory, folders.all[0]!);
    this.work = temporarySibling(join(workFolder, `index-${rule.id}`));
    this.declareParts();
  }

  /** Adds an entity. If the index cannot be built, returns the reason; then only {@link abort} may be called. */
  add(entity: number, values: readonly PropertyValue[]): string | undefined {
    const located = locateKey(this.folders, this.rule.unique, entity, values, this.curves);
    if (typeof located === 'string') return located;
    this.sorterOf(located.path, located.part.codec.layout).add(located.key);
    return undefined;
  }

  /** Writes all parts and replaces the whole index with them. */
  async finish(options: BulkLoadOptions = {}): Promise<void> {
    try {
      await makeDirectory(this.work);
      for (const [path, { layout, sorter }] of this.sorters) {
        const file = this.inWork(path);
        await makeDirectory(dirname(file));
        await bulkLoadTree(file, layout, this.headerOf(path, layout), toEntries(sorter), options);
        sorter.close();
      }
      if (this.folders.lucene !== undefined) await writeEmptyLucenePart(this.inWork(this.folders.lucene));
      await syncTree(this.work, options.signal);
      await removeTree(this.root);
      await makeDirectory(dirname(this.root));
      await renameDurably(this.work, this.root);
    } finally {
      await this.abort();
    }
  }

  /** Gives up and removes what was written. */
  async abort(): Promise<void> {
    for (const { sorter } of this.sorters.values()) sorter.close();
    await removeTree(this.work);
  }

  /** Declares the parts that must exist even if empty, as after a population by the server. */
  private declareParts(): void {
    const { generic, numbers, texts, temporal, spatial } = this.folders;
    if (generic !== undefined) this.sorterOf(generic, genericKey.layout);
    if (numbers !== undefined) this.sorterOf(numbers, this.rule.unique ? uniqueNumberKey.layout : numberKey.layout);
    if (texts !== undefined) this.sorterOf(texts, textKey.layout);
    if (temporal !== undefined) this.sorterOf(`${temporal}/${TEMPORAL_FILES.date}`, temporalKeys.date.layout);
    if (spatial !== undefined) this.sorterOf(`${spatial}/${spatialFileName(findSystem(WGS84)!)}`, pointLayout);
  }

  private sorterOf(path: string, layout: TreeLayout): KeySorter {
    let entry = this.sorters.get(path);
    if (entry === undefined) {
      const sorter = new KeySorter(`${this.work}.runs${this.sorters.size}`, layout.compare, this.options);
      entry = { layout, sorter };
      this.sorters.set(path, entry);
    }
    return entry.sorter;
  }

  private headerOf(path: string, layout: TreeLayout): Uint8Array {
    if (layout === genericKey.layout) return this.curves.encodeGenericHeader();
    if (layout !== pointLayout) return ONLINE_HEADER;
    return encodeSpatialHeader(this.curves.settingsOf(Number(/\d+$/.exec(path)![0]))!);
  }

  /** A path of the index inside the temporary folder. */
  private inWork(path: string): string {
    return join(this.work, relative(this.folders.all[0]!, path));
  }
}

function* toEntries(sorter: KeySorter): Generator<TreeEntry> {
  const entry: TreeEntry = { key: new Uint8Array(0) };
  for (const key of sorter.sorted()) {
    entry.key = key;
    yield entry;
  }
}
