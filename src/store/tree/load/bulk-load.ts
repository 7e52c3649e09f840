import { GraphkeepError } from '../../../base/errors.ts';
import { initializeFreeListPage } from '../page/free-list-page.ts';
import { KeyCheck } from '../page/key-check.ts';
import type { TreeLayout } from '../page/layout.ts';
import { DEFAULT_PAGE_BYTES, encodeMetaPage } from '../page/meta-page.ts';
import type { NodeFormat } from '../page/node-format.ts';
import { createNodeFormat } from '../page/node-formats.ts';
import { FIRST_NODE_PAGE } from '../page/node-page.ts';
import { openPageFile, type PageFile } from '../page/page-file.ts';
import { Pulse } from '../page/pulse.ts';
import { encodeStatePage } from '../page/state-page.ts';
import { LevelWriter, type NodeTarget } from './level-writer.ts';
import { NodePacker } from './node-packer.ts';

/** An entry to load. Its bytes are copied before the next one is requested, so the source may reuse them. */
export interface TreeEntry {
  key: Uint8Array;
  /** `valueBytes` of the layout. */
  value?: Uint8Array;
}

export interface BulkLoadOptions {
  signal?: AbortSignal;
  /** 8192 in every genuine file. */
  pageBytes?: number;
}

export interface BulkLoadResult {
  entries: number;
  sizeBytes: number;
}

/** Generation of everything in a new file; the value is arbitrary. */
const GENERATION = 2;
const FREE_LIST_PAGE = FIRST_NODE_PAGE;

/**
 * Writes a tree of `entries` as a new file and flushes it (spec trees-and-indexes 8). Entries must strictly ascend in the order of the
 * layout. Memory use does not depend on their number. `path` is a temporary name; the caller renames the complete file.
 */
export async function bulkLoadTree(
  path: string,
  layout: TreeLayout,
  header: Uint8Array,
  entries: Iterable<TreeEntry>,
  options: BulkLoadOptions = {},
): Promise<BulkLoadResult> {
  const file = openPageFile(path, 'create');
  try {
    return await loadInto(file, layout, header, entries, options);
  } finally {
    file.close();
  }
}

async function loadInto(
  file: PageFile,
  layout: TreeLayout,
  header: Uint8Array,
  entries: Iterable<TreeEntry>,
  options: BulkLoadOptions,
): Promise<BulkLoadResult> {
  const pageBytes = options.pageBytes ?? DEFAULT_PAGE_BYTES;
  const format = createNodeFormat(layout, pageBytes);
  const levels = new LevelStack(file, format);
  const pulse = new Pulse(options.signal);
  const order = new KeyCheck(file.path, layout, format);
  let count = 0;
  for (const { key, value } of entries) {
    order.check(key);
    levels.leaves.append(key, 0, key.length, value);
    count++;
    // About one turn per page; entries have no pages of their own.
    if (count % 64 === 0) await pulse.tick();
  }
  const rootId = levels.finish();
  const { lastId } = levels;
  const freeList = new Uint8Array(pageBytes);
  initializeFreeListPage(freeList);
  file.write(freeList, FREE_LIST_PAGE * pageBytes);
  file.write(encodeMetaPage(layout, pageBytes), 0);
  const state = {
    stable: GENERATION,
    unstable: GENERATION + 1,
    rootId,
    rootGeneration: GENERATION,
    lastId,
    freeWritePage: FREE_LIST_PAGE,
    freeReadPage: FREE_LIST_PAGE,
    freeWritePosition: 0,
    freeReadPosition: 0,
    clean: true,
  };
  file.write(encodeStatePage(state, header, pageBytes), pageBytes);
  file.write(new Uint8Array(pageBytes), 2 * pageBytes);
  await file.sync();
  return { entries: count, sizeBytes: (lastId + 1) * pageBytes };
}

/** The packers of all levels; each passes its nodes to the one above. */
class LevelStack {
  lastId = FREE_LIST_PAGE;
  readonly leaves: NodePacker;
  private readonly target: NodeTarget;
  private readonly packers: NodePacker[] = [];
  private readonly writers: LevelWriter[] = [];
  private readonly nodeCounts: number[] = [];
  private lastNodeId = 0;

  constructor(file: PageFile, format: NodeFormat) {
    this.target = {
      file,
      format,
      generation: GENERATION,
      stable: 0,
      allocate: () => ++this.lastId,
      unreadable: () => new GraphkeepError('internal', 'a new tree has no old siblings'),
    };
    this.leaves = this.openLevel(0);
  }

  /** Completes all levels; returns the root. */
  finish(): number {
    for (let level = 0; ; level++) {
      const packer = this.packers[level]!;
      if (level === 0 && this.nodeCounts[0] === 0 && packer.waiting === 0) packer.writeEmptyLeaf();
      packer.finish('even');
      this.writers[level]!.close();
      if (this.nodeCounts[level] === 1) return this.lastNodeId;
    }
  }

  private openLevel(level: number): NodePacker {
    const { format } = this.target;
    const writer = new LevelWriter(this.target, level === 0);
    writer.replace(0, 0, 0);
    this.writers[level] = writer;
    this.nodeCounts[level] = 0;
    const packer = new NodePacker(writer, format, level === 0, GENERATION, (id, key, start, length) => {
      this.lastNodeId = id;
      this.nodeCounts[level]!++;
      (this.packers[level + 1] ?? this.openLevel(level + 1)).appendChild(key, start, length, id);
    });
    this.packers[level] = packer;
    return packer;
  }
}
