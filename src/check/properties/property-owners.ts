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
    if (!this.properties.isSound(first)) this.examineChain(owner, alone, findings, render);
  }

  /** Call after all owners were processed. */
  reportOrphans(): void {
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
