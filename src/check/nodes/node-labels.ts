import type { NodeRecord } from '../../store/records/node-record.ts';
import { NULL_REFERENCE } from '../../store/records/record-codec.ts';
import { dynamicLabelsId, hasDynamicLabels, readInlineLabels } from '../../store/values/labels.ts';
import { decodeNumberArray } from '../../store/values/number-array.ts';
import type { CheckContext } from '../findings/check-context.ts';
import { isDamage } from '../findings/damage.ts';
import { renderDynamic, renderNode } from '../findings/record-texts.ts';
import type { DynamicStore } from '../properties/dynamic-store.ts';
import type { RecordFindings } from '../records/record-findings.ts';
import type { StoreRecords } from '../records/store-records.ts';

const SOUND_FIELDS = 100_000;
const BYTES_PER_LABEL = 8;
const SPARE_BYTES = 4096;

/** Checks the labels of nodes and the records that hold them (spec consistency-check 3.2 and 3.6). */
export class NodeLabels {
  private readonly context: CheckContext;
  private readonly store: DynamicStore;
  private readonly findings: RecordFindings;
  /** Inline fields without faults: most nodes share a few. */
  private readonly sound = new Set<number>();

  constructor(context: CheckContext, store: DynamicStore, findings: RecordFindings) {
    this.context = context;
    this.store = store;
    this.findings = findings;
  }

  examine(node: NodeRecord): void {
    const { labelField } = node;
    if (labelField === 0) return;
    if (hasDynamicLabels(labelField)) this.examineDynamic(node, dynamicLabelsId(labelField));
    else if (!this.sound.has(labelField)) {
      const sound = this.examineIds(node, readInlineLabels(labelField));
      if (sound && this.sound.size < SOUND_FIELDS) this.sound.add(labelField);
    }
  }

  /** True if there is nothing to report. */
  private examineIds(node: NodeRecord, labels: readonly number[]): boolean {
    const known = this.context.tokens.label;
    let sound = true;
    for (let i = 0; i < labels.length; i++) {
      const label = labels[i]!;
      const inOrder = i === 0 || label > labels[i - 1]!;
      if (!known.has(label)) this.add('node.labelNotInUse', node, `Label[${label}]`);
      if (!known.has(label) || !inOrder) sound = false;
      if (inOrder) continue;
      if (label < labels[i - 1]!) this.add('node.labelsOutOfOrder', node, String(labels[i - 1]), String(label));
      if (labels.indexOf(label) < i) this.add('node.labelDuplicate', node, String(label));
    }
    return sound;
  }

  private examineDynamic(node: NodeRecord, first: number): void {
    if (this.store.inUse.has(first)) {
      this.store.reference(first);
      if (!this.store.first.has(first)) this.add('node.dynamicLabelRecordNotFirst', node, this.store.render(first));
    }
    const bytes = this.readChain(node, first);
    if (bytes === undefined) return;
    const numbers = readNumbers(bytes);
    if (numbers === undefined) this.add('node.labelsUnreadable', node, this.store.render(first));
    else if (numbers[0] !== node.id) this.add('node.dynamicLabelsOfOtherNode', node, `Node[${numbers[0]}]`);
    else this.examineIds(node, numbers.slice(1));
  }

  private readChain(node: NodeRecord, first: number): Buffer | undefined {
    const parts: Buffer[] = [];
    const seen = new Set<number>();
    // Longer than any valid list of labels: many nodes may point to one endless chain.
    const mostBytes = (this.context.tokens.label.size + 1) * BYTES_PER_LABEL + SPARE_BYTES;
    let bytes = 0;
    for (let id = first; id !== NULL_REFERENCE; ) {
      if (seen.has(id)) return this.add('node.dynamicRecordChainCycle', node, this.store.render(id));
      const record = this.store.load(id);
      if (record === undefined) return this.add('node.dynamicLabelRecordNotInUse', node, this.store.render(id));
      seen.add(id);
      parts.push(Buffer.from(record.data));
      id = record.next;
      bytes += record.data.length;
      if (bytes > mostBytes) return this.add('node.labelsUnreadable', node, this.store.render(first));
    }
    return Buffer.concat(parts);
  }

  /** Checks that the node which a first label record names as its owner refers to it. Call it after all nodes were examined. */
  async examineOwners(nodes: StoreRecords<'node'>): Promise<void> {
    const node = nodes.create();
    await this.store.records.scan('label records', (record) => {
      if (!record.first) return;
      const { findings } = this.store;
      const owner = readNumbers(record.data)?.[0];
      if (owner === undefined) {
        findings.add('dynamicLabel.orphanDynamicLabelRecord', record.id, renderDynamic(record));
        return;
      }
      const found = nodes.load(owner, node);
      if (found !== undefined && found.labelField === 2 ** 39 + record.id) return;
      const inline = found !== undefined && !hasDynamicLabels(found.labelField);
      const kind = inline
        ? 'dynamicLabel.ownerHasNoDynamicLabels'
        : 'dynamicLabel.orphanDynamicLabelRecordDueToInvalidOwner';
      findings.add(kind, record.id, renderDynamic(record), [
        found === undefined ? `Node[${owner}]` : renderNode(found),
      ]);
    });
  }

  private add(kind: Parameters<RecordFindings['add']>[0], node: NodeRecord, ...inconsistentWith: string[]): undefined {
    this.findings.add(kind, node.id, renderNode(node), inconsistentWith);
    return undefined;
  }
}

/** The elements of an array of longs, as many as the bytes hold; undefined if the array is of another type or empty. */
function readNumbers(bytes: Uint8Array): number[] | undefined {
  try {
    const { type, elements } = decodeNumberArray(bytes);
    if (type !== 'long' || elements.length === 0) return undefined;
    return elements.map((element) => Number((element as { value: bigint }).value));
  } catch (error) {
    if (isDamage(error)) return undefined;
    throw error;
  }
}
