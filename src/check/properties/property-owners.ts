import type { PropertyRecord } from '../../store/records/property-record.ts';
import { NULL_REFERENCE } from '../../store/records/record-codec.ts';
import { IdBitmap } from '../records/id-bitmap.ts';
import { KeySet } from '../records/key-set.ts';
import type { RecordFindings } from '../records/record-findings.ts';
import type { PropertyStore } from './property-store.ts';

/** Anything that points to a property chain: a node, a relationship, the graph. */
export interface PropertyOwner {
  id: number;
  nextProp: number;
}

/**
 * Tracks which owner has which property chain (spec consistency-check 3.1). Call {@link claim} once for every owner; only chains with
 * faults are then looked at again. The property store must have been examined before.
 */
export class PropertyOwners {
  /** Chains with several owners. */
  readonly shared = new IdBitmap();
  private readonly owned = new IdBitmap();
  /** Records to which an owner leads along a chain with faults, and others that were asked for. */
  private readonly reached = new IdBitmap();
  private readonly unowned = new IdBitmap();
  private readonly properties: PropertyStore;
  private readonly record: PropertyRecord;
  private readonly keys = new KeySet();

  constructor(properties: PropertyStore) {
    this.properties = properties;
    this.record = properties.records.create();
  }

  /**
   * {@link claim} for an owner of which only the reference is known. Returns false and does nothing if there may be something to report.
   */
  claimQuickly(first: number): boolean {
    return this.properties.isSound(first) && this.owned.add(first);
  }

  claim<O extends PropertyOwner>(owner: O, findings: RecordFindings, render: (owner: O) => string): void {
    const first = owner.nextProp;
    if (first === NULL_REFERENCE) return;
    const exists = first >= 0 && first < this.properties.records.endId;
    const alone = !exists || this.owned.add(first);
    if (!alone) this.shared.add(first);
    if (this.properties.isSound(first)) return;
    this.examineChain(owner, alone, findings, render);
    this.followFaulty(first);
  }

  /**
   * True if an owner leads to a property record: along the chain as its records agree on it, or, as the real checker goes, by the next
   * pointers alone.
   */
  private readonly leadTo = (id: number): boolean => {
    const { properties, record } = this;
    const way: number[] = [];
    let found = false;
    for (let at = id; at !== NULL_REFERENCE && !this.unowned.has(at); ) {
      found = this.owned.has(at) || this.reached.has(at);
      // What was seen on the way counts as unowned until an owner is found: a cycle ends here.
      if (found || !this.unowned.add(at)) break;
      way.push(at);
      const previous = properties.load(at, record)?.prev ?? NULL_REFERENCE;
      if (previous === NULL_REFERENCE || properties.load(previous, record)?.next !== at) break;
      at = previous;
    }
    if (found) {
      for (const seen of way) {
        this.unowned.remove(seen);
        this.reached.add(seen);
      }
    }
    return found;
  };

  /** Notes where the next pointers lead to, through records that are not in use too. */
  private followFaulty(first: number): void {
    const { records } = this.properties;
    for (let id = first; id >= 0 && id < records.endId && this.reached.add(id); ) {
      id = this.properties.nextOf(id, this.record);
    }
  }

  /** Reports chains without an owner and the faults of single records. Call after all owners were processed. */
  async reportFaults(): Promise<void> {
    await this.properties.reportFaults(this.leadTo);
    const { first, findings } = this.properties;
    for (const id of first.without(this.owned)) {
      findings.add('property.orphanPropertyChain', id, this.properties.render(id));
    }
  }

  /** Follows a faulty chain to the first place where its records disagree; examines a chain for only one of its owners. */
  private examineChain<O extends PropertyOwner>(
    owner: O,
    deep: boolean,
    findings: RecordFindings,
    render: (owner: O) => string,
  ): void {
    const { properties, record, keys } = this;
    const seen = new Set<number>();
    const add = (kind: Parameters<RecordFindings['add']>[0], id: number) =>
      findings.add(kind, owner.id, render(owner), [properties.render(id)]);
    keys.clear();
    for (let id = owner.nextProp, previous = NULL_REFERENCE; id !== NULL_REFERENCE; ) {
      if (seen.has(id)) {
        add('primitive.propertyChainContainsCircularReference', id);
        return;
      }
      if (properties.load(id, record) === undefined) {
        add('primitive.propertyNotInUse', id);
        return;
      }
      if (record.prev !== previous) {
        if (seen.size === 0) add('primitive.propertyNotFirstInChain', id);
        return;
      }
      if (!deep) return;
      seen.add(id);
      if (!properties.addKeys(record, keys)) add('primitive.propertyKeyNotUniqueInChain', id);
      previous = id;
      id = record.next;
    }
  }
}
