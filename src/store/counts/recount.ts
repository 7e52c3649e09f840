import type { ScanOptions } from '../files/record-file.ts';
import type { StoreReader } from '../graph/store-reader.ts';
import type { NodeRecord } from '../records/node-record.ts';
import { hasDynamicLabels, readInlineLabels, readLabels } from '../values/labels.ts';
import { ANY, Counts } from './counts-store.ts';

export interface RecountOptions extends Omit<ScanOptions, 'from' | 'to'> {
  /** Reads the dynamic labels of a node; the default throws `store.corrupt` for damaged ones. */
  readDynamicLabels?: (node: NodeRecord) => readonly number[];
}

/**
 * Counts nodes and relationships from the records (spec record-stores 12), as of transaction `reader.metadata.lastTransactionId`. Index
 * entries are left out: only sampling an index yields them. Memory: one byte per node; two or four if there are more than 255 different
 * label sets.
 */
export async function recountStore(reader: StoreReader, options: RecountOptions = {}): Promise<Counts> {
  const readDynamicLabels =
    options.readDynamicLabels ?? ((node) => readLabels(node.id, node.labelField, reader.readLabelRecord));
  const sets = new LabelSets();
  const setOfNode = new NodeNumbers();
  const nodes = new Tally();
  await reader.file('node').scanInTurns((node) => {
    const set = hasDynamicLabels(node.labelField)
      ? sets.ofLabels(readDynamicLabels(node))
      : sets.ofField(node.labelField);
    setOfNode.set(node.id, set);
    nodes.add(set);
  }, options);

  const ofType = new Tally();
  const starts: Tally[] = [];
  const ends: Tally[] = [];
  await scanEnds(
    reader,
    (type, start, end) => {
      ofType.add(type);
      tallyOf(starts, type).add(setOfNode.get(start));
      tallyOf(ends, type).add(setOfNode.get(end));
    },
    options,
  );

  const counts = new Counts(reader.metadata.lastTransactionId, 0);
  nodes.forEach((set, count) => {
    counts.addNodes(ANY, count);
    for (const label of sets.labels(set)) counts.addNodes(label, count);
  });
  ofType.forEach((type, count) => {
    counts.addRelationships(ANY, ANY, ANY, count);
    counts.addRelationships(ANY, type, ANY, count);
  });
  addSide(starts, sets, (label, type, count) => counts.addRelationships(label, type, ANY, count));
  addSide(ends, sets, (label, type, count) => counts.addRelationships(ANY, type, label, count));
  return counts;
}

type VisitEnds = (type: number, start: number, end: number) => void;

/** Visits type, start and end of every relationship in use. Decodes nothing else where the format has plain views. */
async function scanEnds(reader: StoreReader, visit: VisitEnds, options: ScanOptions): Promise<void> {
  const file = reader.file('relationship');
  const view = reader.format.plainViews?.relationship;
  if (view === undefined) {
    await file.scanInTurns(({ type, start, end }) => visit(type, start, end), options);
    return;
  }
  const { size } = reader.format.relationship;
  await file.scanChunksInTurns((bytes, first, end) => {
    for (let id = first, offset = 0; id < end; id++, offset += size) {
      if (view.isInUse(bytes, offset)) {
        visit(view.type(bytes, offset), view.start(bytes, offset), view.end(bytes, offset));
      }
    }
  }, options);
}

function addSide(tallies: Tally[], sets: LabelSets, add: (label: number, type: number, count: number) => void): void {
  tallies.forEach((tally, type) => {
    tally.forEach((set, count) => {
      for (const label of sets.labels(set)) {
        add(label, ANY, count);
        add(label, type, count);
      }
    });
  });
}

function tallyOf(tallies: Tally[], type: number): Tally {
  let tally = tallies[type];
  if (tally === undefined) {
    tally = new Tally();
    tallies[type] = tally;
  }
  return tally;
}

/** Counters indexed by a small number. */
class Tally {
  private counters = new Float64Array(16);

  add(number: number): void {
    if (number >= this.counters.length) {
      const grown = new Float64Array(Math.max(number + 1, this.counters.length * 2));
      grown.set(this.counters);
      this.counters = grown;
    }
    this.counters[number]! += 1;
  }

  forEach(visit: (number: number, count: number) => void): void {
    for (let number = 0; number < this.counters.length; number++) {
      if (this.counters[number] !== 0) visit(number, this.counters[number]!);
    }
  }
}

/** Numbers the sets of labels that occur; 0 = no labels. */
class LabelSets {
  private readonly sets: (readonly number[])[] = [[]];
  private readonly byField = new Map<number, number>([[0, 0]]);
  private readonly byLabels = new Map<string, number>([['', 0]]);

  private lastField = 0;
  private lastSet = 0;

  ofField(labelField: number): number {
    if (labelField !== this.lastField) {
      this.lastSet = this.findField(labelField);
      this.lastField = labelField;
    }
    return this.lastSet;
  }

  private findField(labelField: number): number {
    let set = this.byField.get(labelField);
    if (set === undefined) {
      set = this.ofLabels(readInlineLabels(labelField));
      this.byField.set(labelField, set);
    }
    return set;
  }

  ofLabels(labels: readonly number[]): number {
    const key = labels.join(',');
    let set = this.byLabels.get(key);
    if (set === undefined) {
      set = this.sets.length;
      this.sets.push(labels);
      this.byLabels.set(key, set);
    }
    return set;
  }

  labels(set: number): readonly number[] {
    return this.sets[set]!;
  }
}

const CHUNK_BITS = 20;
const CHUNK = 1 << CHUNK_BITS;
const TWO_32 = 0x1_0000_0000;

type Numbers = Uint8Array | Uint16Array | Uint32Array;

/**
 * A small number per node, 0 by default. Grows in chunks, so gaps between ids cost nothing. Starts with one byte per number: access is
 * random, and smaller numbers fit the processor caches better.
 */
class NodeNumbers {
  private readonly chunks: (Numbers | undefined)[] = [];

  set(id: number, value: number): void {
    const index = chunkOf(id);
    let chunk = this.chunks[index];
    if (chunk === undefined) {
      if (value === 0) return;
      while (this.chunks.length < index) this.chunks.push(undefined);
      chunk = new Uint8Array(CHUNK);
      this.chunks[index] = chunk;
    }
    if (value > 0xff && value > largestOf(chunk)) {
      chunk = value > 0xffff ? Uint32Array.from(chunk) : Uint16Array.from(chunk);
      this.chunks[index] = chunk;
    }
    chunk[id & (CHUNK - 1)] = value;
  }

  get(id: number): number {
    return this.chunks[chunkOf(id)]?.[id & (CHUNK - 1)] ?? 0;
  }
}

function largestOf({ BYTES_PER_ELEMENT }: Numbers): number {
  return 2 ** (8 * BYTES_PER_ELEMENT) - 1;
}

/** Chunk of an id; -1 for an invalid id. */
function chunkOf(id: number): number {
  return id >= 0 && id < TWO_32 ? id >>> CHUNK_BITS : Math.floor(id / CHUNK);
}
