import { ANY, Counts } from './counts-store.ts';
import { hasDynamicLabels, readInlineLabels, readLabels } from './labels.ts';
import type { NodeRecord } from './node-record.ts';
import type { ScanOptions } from './record-file.ts';
import type { StoreReader } from './store-reader.ts';

export interface RecountOptions extends Omit<ScanOptions, 'from' | 'to'> {
  /** Reads the labels of a node that has dynamic ones; by default damaged ones throw `store.corrupt`. */
  readDynamicLabels?: (node: NodeRecord) => readonly number[];
}

/**
 * Node and relationship counts made from the records (record-stores spec 12), for transaction `reader.metadata.lastTransactionId`;
 * without index entries, which only sampling an index gives. Memory: four bytes per node.
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
  await reader.file('relationship').scanInTurns((relationship) => {
    const { type } = relationship;
    ofType.add(type);
    tallyOf(starts, type).add(setOfNode.get(relationship.start));
    tallyOf(ends, type).add(setOfNode.get(relationship.end));
  }, options);

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

/** Counters by small number. */
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

/** Numbers for the sets of labels that occur; 0 = no labels. */
class LabelSets {
  private readonly sets: (readonly number[])[] = [[]];
  private readonly byField = new Map<number, number>([[0, 0]]);
  private readonly byLabels = new Map<string, number>([['', 0]]);

  ofField(labelField: number): number {
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

const CHUNK = 1 << 20;

/** A small number for each node, 0 by default; grows in chunks, so that ids far apart cost nothing in between. */
class NodeNumbers {
  private readonly chunks: (Int32Array | undefined)[] = [];

  set(id: number, value: number): void {
    const index = Math.floor(id / CHUNK);
    let chunk = this.chunks[index];
    if (chunk === undefined) {
      if (value === 0) return;
      chunk = new Int32Array(CHUNK);
      this.chunks[index] = chunk;
    }
    chunk[id % CHUNK] = value;
  }

  get(id: number): number {
    return this.chunks[Math.floor(id / CHUNK)]?.[id % CHUNK] ?? 0;
  }
}
