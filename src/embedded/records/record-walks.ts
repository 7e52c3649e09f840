import { GraphkeepError } from '../../base/errors.ts';
import type { NodeRecord } from '../../store/records/node-record.ts';
import { NULL_REFERENCE } from '../../store/records/record-codec.ts';
import type { RelationshipGroupRecord } from '../../store/records/relationship-group-record.ts';
import type { RelationshipRecord } from '../../store/records/relationship-record.ts';
import { readLabels } from '../../store/values/labels.ts';
import { type KeyedValue, readPropertyChain } from '../../store/values/property-chain.ts';
import type { RecordReads } from './record-view.ts';

export type ChainName = 'firstOut' | 'firstIn' | 'firstLoop';
export const CHAIN_NAMES: readonly ChainName[] = ['firstOut', 'firstIn', 'firstLoop'];

/** Token ids of the labels of a node, ascending. */
export function readNodeLabels(reads: RecordReads, node: Readonly<NodeRecord>): number[] {
  return readLabels(node.id, node.labelField, (id) => reads.read('nodeLabels', id));
}

/** The values of the property chain from `firstId`, -1 = none. */
export function readProperties(reads: RecordReads, firstId: number): Generator<KeyedValue> {
  return readPropertyChain(firstId, (id) => reads.read('property', id), {
    readString: (id) => reads.read('propertyStrings', id),
    readArray: (id) => reads.read('propertyArrays', id),
  });
}

/** Every relationship of a node once, loops too; nothing if the node is not in use. Throws `store.corrupt` if a chain is broken. */
export function* walkRelationships(reads: RecordReads, nodeId: number): Generator<Readonly<RelationshipRecord>> {
  const node = reads.read('node', nodeId);
  if (node === undefined) return;
  if (!node.dense) {
    yield* walkChain(reads, nodeId, node.nextRel);
    return;
  }
  for (const group of walkGroups(reads, node)) {
    for (const name of CHAIN_NAMES) yield* walkChain(reads, nodeId, group[name]);
  }
}

/** The groups of a dense node, by type. */
export function* walkGroups(
  reads: RecordReads,
  node: Readonly<NodeRecord>,
): Generator<Readonly<RelationshipGroupRecord>> {
  let type = -1;
  for (let id = node.nextRel; id !== NULL_REFERENCE; ) {
    const group = reads.read('relationshipGroup', id);
    if (group === undefined) throw brokenChain(node.id, `group ${id} is not in use`);
    if (group.type <= type) throw brokenChain(node.id, `group ${id} is not in the order of types`);
    type = group.type;
    id = group.next;
    yield group;
  }
}

/** The chain of `nodeId` from `first`: as many relationships as the first one says (spec record-stores 10.2). */
export function* walkChain(reads: RecordReads, nodeId: number, first: number): Generator<Readonly<RelationshipRecord>> {
  let left = chainLength(reads, nodeId, first);
  for (let id = first; id !== NULL_REFERENCE; left--) {
    const record = readInChain(reads, nodeId, id);
    if (left === 0) throw brokenChain(nodeId, 'it is longer than its first relationship says');
    id = record.start === nodeId ? record.startNext : record.endNext;
    yield record;
  }
}

/** Number of relationships in the chain of `nodeId` from `first`, which stores it. */
export function chainLength(reads: RecordReads, nodeId: number, first: number): number {
  if (first === NULL_REFERENCE) return 0;
  const record = readInChain(reads, nodeId, first);
  const [isFirst, length] =
    record.start === nodeId ? [record.firstInStart, record.startPrev] : [record.firstInEnd, record.endPrev];
  if (!isFirst) throw brokenChain(nodeId, `relationship ${first} is not marked as its first`);
  return length;
}

function readInChain(reads: RecordReads, nodeId: number, id: number): Readonly<RelationshipRecord> {
  const record = reads.read('relationship', id);
  if (record === undefined) throw brokenChain(nodeId, `relationship ${id} is not in use`);
  if (record.start !== nodeId && record.end !== nodeId) throw brokenChain(nodeId, `relationship ${id} has other nodes`);
  return record;
}

function brokenChain(nodeId: number, what: string): GraphkeepError {
  return new GraphkeepError('store.corrupt', `a relationship chain of node ${nodeId} is broken: ${what}`, {
    observed: nodeId,
  });
}
