import type { NodeRecord } from '../../store/records/node-record.ts';
import { NULL_REFERENCE } from '../../store/records/record-codec.ts';
import {
  dynamicLabelField,
  dynamicLabelsId,
  encodeDynamicLabels,
  encodeInlineLabels,
  hasDynamicLabels,
} from '../../store/values/labels.ts';
import { deleteChain, rewriteChain, writeChain } from './dynamic-chains.ts';
import type { RecordChanges } from './record-changes.ts';

/** First record of a node's dynamic label list; -1 = none. */
export function labelChainOf(node: Readonly<NodeRecord> | undefined): number {
  if (node === undefined || !hasDynamicLabels(node.labelField)) return NULL_REFERENCE;
  return dynamicLabelsId(node.labelField);
}

/** Sets the labels of a node, token ids ascending: in its record if they fit, else in a list of dynamic records. */
export function writeLabels(changes: RecordChanges, nodeId: number, labels: readonly number[]): void {
  const node = changes.edit('node', nodeId);
  const inline = encodeInlineLabels(labels);
  const chain = labelChainOf(node);
  if (inline !== undefined) {
    deleteLabels(changes, node);
    node.labelField = inline;
  } else if (chain !== NULL_REFERENCE) {
    rewriteChain(changes, 'nodeLabels', encodeDynamicLabels(nodeId, labels), chain);
  } else {
    node.labelField = dynamicLabelField(writeChain(changes, 'nodeLabels', encodeDynamicLabels(nodeId, labels)));
  }
}

/** Deletes a node's dynamic label list, if it has one. */
export function deleteLabels(changes: RecordChanges, node: Readonly<NodeRecord>): void {
  deleteChain(changes, 'nodeLabels', labelChainOf(node));
}
