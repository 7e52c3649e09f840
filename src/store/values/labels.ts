import { GraphkeepError } from '../../base/errors.ts';
import { type ReadDynamic, readDynamicChain } from '../records/dynamic-chain.ts';
import { decodeNumberArray, encodeNumberArray } from './number-array.ts';

/**
 * Labels of a node (spec record-stores 9), a field of 40 bits:
 *
 *     bit 39      1 = dynamic: bits 0-35 = first record in the label store, an array of longs [node id, label ids ascending]
 *     bits 36-38  else: number of labels, 0-7
 *     bits 0-35   their ids, floor(36 / number) bits each, ascending, the first one lowest
 */
const DYNAMIC_MARK = 2 ** 39;
const COUNT_UNIT = 2 ** 36;
const INLINE_BITS = 36;
const MAX_INLINE = 7;
/** Label ids are 32-bit signed integers. */
const LABEL_LIMIT = 2 ** 31;

export function hasDynamicLabels(labelField: number): boolean {
  return labelField >= DYNAMIC_MARK;
}

/** First dynamic record of a dynamic label field. */
export function dynamicLabelsId(labelField: number): number {
  return labelField % COUNT_UNIT;
}

export function dynamicLabelField(firstId: number): number {
  return DYNAMIC_MARK + firstId;
}

/** Fills `into` with the labels of an inline field and returns it. */
export function readInlineLabels(labelField: number, into: number[] = []): number[] {
  const count = Math.floor(labelField / COUNT_UNIT) % 8;
  into.length = 0;
  if (count === 0) return into;
  const unit = 2 ** Math.floor(INLINE_BITS / count);
  let rest = labelField % COUNT_UNIT;
  for (let i = 0; i < count; i++) {
    const next = Math.floor(rest / unit);
    into.push(rest - next * unit);
    rest = next;
  }
  return into;
}

/** The field for these labels (ascending, no duplicates); undefined if they must be dynamic. */
export function encodeInlineLabels(labels: readonly number[]): number | undefined {
  const count = labels.length;
  if (count === 0) return 0;
  if (count > MAX_INLINE) return undefined;
  const unit = 2 ** Math.floor(INLINE_BITS / count);
  let field = 0;
  for (let i = count - 1; i >= 0; i--) {
    if (labels[i]! >= unit) return undefined;
    field = field * unit + labels[i]!;
  }
  return count * COUNT_UNIT + field;
}

/** Encodes the dynamic label list of a node. */
export function encodeDynamicLabels(nodeId: number, labels: readonly number[]): Uint8Array {
  return encodeNumberArray('long', [BigInt(nodeId), ...labels.map(BigInt)]);
}

/** Decodes a dynamic list from the concatenated bytes of its chain and checks that it belongs to `nodeId`. */
function decodeDynamicLabels(nodeId: number, bytes: Uint8Array): number[] {
  const { elements } = decodeNumberArray(bytes);
  const numbers = elements.map((element) => (element.type === 'long' ? Number(element.value) : Number.NaN));
  if (numbers[0] !== nodeId) {
    throw new GraphkeepError('store.corrupt', `the label list of node ${nodeId} belongs to another node`, {
      observed: String(numbers[0]),
    });
  }
  return numbers.slice(1);
}

/** The labels of a node, inline or dynamic, ascending. Throws `store.corrupt` if they cannot be labels of this node. */
export function readLabels(nodeId: number, labelField: number, readDynamic: ReadDynamic): number[] {
  const labels = hasDynamicLabels(labelField)
    ? decodeDynamicLabels(nodeId, readDynamicChain(dynamicLabelsId(labelField), readDynamic))
    : readInlineLabels(labelField);
  for (const label of labels) {
    // Not a number if the list does not consist of longs.
    if (!(label >= 0 && label < LABEL_LIMIT)) {
      throw new GraphkeepError('store.corrupt', `node ${nodeId} has a label that cannot exist`, { observed: label });
    }
  }
  return labels;
}
