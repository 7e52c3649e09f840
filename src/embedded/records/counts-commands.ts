import type { LogCommand } from '../../log/v3/commands/command-table.ts';
import { ANY } from '../../store/counts/counts-store.ts';
import type { NodeRecord } from '../../store/records/node-record.ts';
import type { RecordChanges } from './record-changes.ts';
import type { RecordReads } from './record-view.ts';
import { chainLength, readNodeLabels, walkChain, walkGroups } from './record-walks.ts';

/** Deltas by key; zero sums are left out. */
class Deltas<K> {
  private readonly sums = new Map<string, { key: K; delta: number }>();

  add(key: K, delta: number): void {
    const name = String(key);
    const sum = this.sums.get(name);
    if (sum === undefined) this.sums.set(name, { key, delta });
    else sum.delta += delta;
  }

  map<T>(make: (key: K, delta: number) => T): T[] {
    return [...this.sums.values()].filter(({ delta }) => delta !== 0).map(({ key, delta }) => make(key, delta));
  }
}

type RelationshipKey = [startLabel: number, type: number, endLabel: number];

/**
 * What the transaction adds to the counts store (spec record-stores 12, spec transaction-logs 3.9). Created and deleted relationships are
 * counted with the labels that their nodes had before. Then every label that a node gained or lost is counted with all relationships that
 * the node has now. The sum is right in every combination, and only nodes with changed labels must be walked.
 */
export function countsCommands(changes: RecordChanges): LogCommand[] {
  const nodes = new Deltas<number>();
  const relationships = new Deltas<RelationshipKey>();
  const labels = new LabelsBefore(changes);
  for (const { id, before, now } of changes.touched('node')) {
    nodes.add(ANY, (now === undefined ? 0 : 1) - (before === undefined ? 0 : 1));
    const old = labels.of(id);
    const current = now === undefined ? [] : readNodeLabels(changes, now);
    const difference = [...gone(old, current, -1), ...gone(current, old, 1)];
    for (const [label, delta] of difference) nodes.add(label, delta);
    if (difference.length > 0 && now !== undefined) addDegrees(relationships, changes, now, difference);
  }
  for (const { before, now } of changes.touched('relationship')) {
    if ((before === undefined) === (now === undefined)) continue;
    const { start, type, end } = (now ?? before)!;
    const delta = now === undefined ? -1 : 1;
    for (const counted of [ANY, type]) {
      relationships.add([ANY, counted, ANY], delta);
      for (const label of labels.of(start)) relationships.add([label, counted, ANY], delta);
      for (const label of labels.of(end)) relationships.add([ANY, counted, label], delta);
    }
  }
  return [
    ...nodes.map((label, delta): LogCommand => ({ kind: 'nodeCounts', label, delta })),
    ...relationships.map(
      ([startLabel, type, endLabel], delta): LogCommand => ({
        kind: 'relationshipCounts',
        startLabel,
        type,
        endLabel,
        delta,
      }),
    ),
  ];
}

function gone(from: readonly number[], to: readonly number[], delta: number): [label: number, delta: number][] {
  return from.filter((label) => !to.includes(label)).map((label) => [label, delta]);
}

function addDegrees(
  relationships: Deltas<RelationshipKey>,
  reads: RecordReads,
  node: Readonly<NodeRecord>,
  labels: readonly [label: number, delta: number][],
): void {
  for (const [type, { out, in: incoming }] of degreesOf(reads, node)) {
    for (const [label, delta] of labels) {
      for (const counted of [ANY, type]) {
        relationships.add([label, counted, ANY], delta * out);
        relationships.add([ANY, counted, label], delta * incoming);
      }
    }
  }
}

/** Number of relationships of a node by type; a loop counts on both sides. */
function degreesOf(reads: RecordReads, node: Readonly<NodeRecord>): Map<number, { out: number; in: number }> {
  const degrees = new Map<number, { out: number; in: number }>();
  if (node.dense) {
    for (const { type, firstOut, firstIn, firstLoop } of walkGroups(reads, node)) {
      const loops = chainLength(reads, node.id, firstLoop);
      const out = chainLength(reads, node.id, firstOut) + loops;
      degrees.set(type, { out, in: chainLength(reads, node.id, firstIn) + loops });
    }
    return degrees;
  }
  for (const { type, start, end } of walkChain(reads, node.id, node.nextRel)) {
    const degree = degrees.get(type) ?? { out: 0, in: 0 };
    if (start === node.id) degree.out++;
    if (end === node.id) degree.in++;
    degrees.set(type, degree);
  }
  return degrees;
}

/** Labels of nodes before the transaction; none for a node that it creates. */
class LabelsBefore {
  private readonly changes: RecordChanges;
  private readonly known = new Map<number, readonly number[]>();

  constructor(changes: RecordChanges) {
    this.changes = changes;
  }

  of(nodeId: number): readonly number[] {
    let labels = this.known.get(nodeId);
    if (labels === undefined) {
      const { view } = this.changes;
      const node = view.read('node', nodeId);
      labels = node === undefined ? [] : readNodeLabels(view, node);
      this.known.set(nodeId, labels);
    }
    return labels;
  }
}
