import type { RecordFile } from '../../store/files/record-file.ts';
import { QuickKey } from '../../store/index/quick-key.ts';
import type { PropertyView } from '../../store/records/plain-views.ts';
import {
  BLOCK_BYTES,
  PROPERTY_BLOCKS_BYTES,
  readBlockCount,
  readBlockKey,
} from '../../store/records/property-block-layout.ts';
import type { PropertyRecord } from '../../store/records/property-record.ts';
import { NULL_REFERENCE } from '../../store/records/record-codec.ts';
import { hasDynamicLabels, readInlineLabels } from '../../store/values/labels.ts';
import type { CheckContext } from '../findings/check-context.ts';
import { LabelFieldCache } from '../nodes/label-field-cache.ts';
import type { ExpectedKeys } from './expected-keys.ts';
import { KeySum } from './key-sum.ts';
import type { OpenIndex } from './open-index.ts';

/** Fingerprints by index and tree path. */
export type ExpectedSums = Map<OpenIndex, Map<string, KeySum>>;

const ABSENT = -1;
/** A longer property chain may be endless; the general way finds that out. */
const MOST_RECORDS = 1000;

/** An index on one property, and the current node's key in it. */
interface Slot {
  readonly index: OpenIndex;
  readonly propertyKey: number;
  readonly key: QuickKey;
}

/** What nodes with certain labels need: the keys of these slots, or the general way. */
type Plan = readonly Slot[] | 'general';

const NOTHING: Plan = [];

/**
 * Fingerprints of the keys that the trees of indexes must hold; equal to the sums over {@link ExpectedKeys}. Where the format has views,
 * most nodes are handled from their bytes, without decoding records or values; the others go the general way one by one.
 */
export class QuickSums {
  private readonly context: CheckContext;
  private readonly expected: ExpectedKeys;
  private readonly slots: readonly Slot[];
  private readonly general: ReadonlySet<number>;
  private readonly view: PropertyView | undefined;
  private readonly properties: RecordFile<PropertyRecord>;
  private readonly plans: LabelFieldCache<Plan>;
  private readonly sums: ExpectedSums = new Map();

  constructor(context: CheckContext, indexes: readonly OpenIndex[], expected: ExpectedKeys) {
    this.context = context;
    this.expected = expected;
    const single = indexes.filter(({ rule }) => rule.schema.propertyKeys.length === 1);
    this.view = context.reader.format.plainViews?.property;
    const hasView = this.view !== undefined;
    this.slots = hasView
      ? single.map((index) => ({
          index,
          propertyKey: index.rule.schema.propertyKeys[0]!,
          key: new QuickKey(index.folders),
        }))
      : [];
    const others = hasView ? indexes.filter((index) => !single.includes(index)) : indexes;
    this.general = new Set(others.flatMap(({ rule }) => rule.schema.entityTokens));
    this.properties = context.reader.file('property');
    this.plans = new LabelFieldCache((field) => this.plan(field));
  }

  async sum(): Promise<ExpectedSums> {
    const { reader, signal, progress } = this.context;
    const file = reader.file('node');
    let done = 0;
    const onProgress = (bytes: number) => {
      done += bytes;
      progress('indexes', done, file.sizeBytes);
    };
    await file.scanInTurns(
      ({ id, labelField, nextProp }) => {
        if (labelField === 0) return;
        const plan = this.plans.get(labelField);
        if (plan === NOTHING) return;
        if (plan === 'general' || !this.addQuickly(id, nextProp, plan)) this.addGenerally(id);
      },
      { onProgress, ...(signal === undefined ? {} : { signal }) },
    );
    return this.sums;
  }

  private plan(field: number): Plan {
    if (hasDynamicLabels(field)) return 'general';
    const labels = readInlineLabels(field);
    if (labels.some((label) => this.general.has(label))) return 'general';
    const slots = this.slots.filter(({ index }) =>
      index.rule.schema.entityTokens.some((label) => labels.includes(label)),
    );
    return slots.length === 0 ? NOTHING : slots;
  }

  private addGenerally(node: number): void {
    this.expected.visitNode(node, (index, path, key) => this.sumOf(index, path).add(key, 0, key.length));
  }

  /** Returns false and adds nothing if the properties of the node are unusual in any way. */
  private addQuickly(node: number, nextProp: number, plan: readonly Slot[]): boolean {
    const { view } = this;
    if (view === undefined) return false;
    for (let i = 0; i < plan.length; i++) plan[i]!.key.length = ABSENT;
    let missing = plan.length;
    for (let id = nextProp, records = 0; id !== NULL_REFERENCE && missing > 0; records++) {
      const place = this.properties.read(id);
      if (place === undefined || records > MOST_RECORDS) return false;
      const { buffer, offset } = place;
      const first = offset + view.blocksOffset;
      const end = first + PROPERTY_BLOCKS_BYTES;
      let at = first;
      for (let count = 0; at < end; at += count * BLOCK_BYTES) {
        count = readBlockCount(buffer, at);
        if (count === 0) break;
        if (at + count * BLOCK_BYTES > end) return false;
        const propertyKey = readBlockKey(buffer, at);
        for (let i = 0; i < plan.length; i++) {
          const slot = plan[i]!;
          if (slot.propertyKey !== propertyKey) continue;
          if (slot.key.length === ABSENT) missing--;
          if (!slot.key.make(node, buffer, at)) return false;
        }
      }
      // The first block is empty: the record may not be in use.
      if (at === first) return false;
      id = view.next(buffer, offset);
    }
    for (let i = 0; i < plan.length; i++) {
      const { index, key } = plan[i]!;
      if (key.length !== ABSENT && key.path !== undefined) this.sumOf(index, key.path).add(key.bytes, 0, key.length);
    }
    return true;
  }

  private sumOf(index: OpenIndex, path: string): KeySum {
    let byPath = this.sums.get(index);
    if (byPath === undefined) {
      byPath = new Map();
      this.sums.set(index, byPath);
    }
    let sum = byPath.get(path);
    if (sum === undefined) {
      sum = new KeySum();
      byPath.set(path, sum);
    }
    return sum;
  }
}
