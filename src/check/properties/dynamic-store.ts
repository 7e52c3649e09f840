import type { StoreKey } from '../../store/files/store-files.ts';
import type { DynamicRecord } from '../../store/records/dynamic-record.ts';
import type { DynamicView } from '../../store/records/plain-views.ts';
import { NULL_REFERENCE } from '../../store/records/record-codec.ts';
import { findArrayDamage } from '../../store/values/value-damage.ts';
import type { CheckContext } from '../findings/check-context.ts';
import { renderDynamic, renderUnused } from '../findings/record-texts.ts';
import { IdBitmap } from '../records/id-bitmap.ts';
import { RecordFindings } from '../records/record-findings.ts';
import { StoreRecords } from '../records/store-records.ts';

export type DynamicStoreKey = Extract<
  StoreKey,
  | 'nodeLabels'
  | 'propertyStrings'
  | 'propertyArrays'
  | 'labelNames'
  | 'relationshipTypeNames'
  | 'propertyKeyNames'
  | 'schema'
>;

/**
 * Checks a store of dynamic records (spec consistency-check 3.6). {@link examine} checks the chains in one sequential pass, and a second
 * one only where something is wrong. Afterwards five bits per record say what a reference to it must be compared with. Then call {@link
 * reference} for every owner; {@link reportOrphans} reports what nobody referred to.
 */
export class DynamicStore {
  readonly records: StoreRecords<DynamicStoreKey>;
  readonly findings: RecordFindings;
  readonly inUse = new IdBitmap();
  readonly first = new IdBitmap();
  readonly empty = new IdBitmap();
  /** First records that have an owner, and those that have several. */
  private readonly referenced = new IdBitmap();
  readonly shared = new IdBitmap();
  private readonly continued = new IdBitmap();
  private readonly capacity: number;
  private readonly record: DynamicRecord;
  private readonly view: DynamicView | undefined;

  constructor(context: CheckContext, key: DynamicStoreKey) {
    this.view = context.reader.format.plainViews?.dynamic;
    this.records = new StoreRecords(context, key);
    this.findings = new RecordFindings(this.records, context.report);
    this.capacity = this.records.recordBytes - context.reader.format.dynamicHeaderBytes;
    this.record = this.records.create();
  }

  async examine(): Promise<void> {
    let odd = false;
    let backward = false;
    const visit = (record: DynamicRecord) => {
      const { id, next, data } = record;
      this.inUse.add(id);
      if (record.first) this.first.add(id);
      if (data.length === 0) this.empty.add(id);
      this.examineLength(record);
      if (this.records.key === 'propertyArrays' && record.first && data.length > 0) this.examineArray(record);
      if (next === NULL_REFERENCE) return;
      if (next < 0 || next >= this.records.endId || next === id || !this.continued.add(next)) odd = true;
      if (next < id) backward = true;
    };
    const unreadable = (id: number) => this.findings.add('record.unreadable', id, renderUnused('DynamicRecord', id));
    const record = this.records.create();
    const { view } = this;
    const { recordBytes } = this.records;
    await this.records.scanBytes('dynamic records', (buffer, first, end) => {
      for (let id = first, offset = 0; id < end; id++, offset += recordBytes) {
        if (view !== undefined && this.addPlain(view, buffer, offset, id)) continue;
        this.records.visitRecord(record, buffer, id, offset, visit, unreadable);
      }
    });
    if (odd || this.hasOddLinks()) await this.examineLinks();
    this.reportUnreferencedParts();
    if (backward) await this.reportCycles();
  }

  /**
   * Notes a record from its bytes if it has no faults: in use, with data, full if it continues, and continuing at a larger id. Otherwise
   * returns false and notes nothing.
   */
  private addPlain(view: DynamicView, bytes: Uint8Array, offset: number, id: number): boolean {
    if (!view.isInUse(bytes, offset)) return false;
    const isFirst = view.isFirst(bytes, offset);
    const length = view.length(bytes, offset);
    if (length === 0 || length > this.capacity || (isFirst && this.records.key === 'propertyArrays')) return false;
    const next = view.next(bytes, offset);
    if (next !== NULL_REFERENCE) {
      const goesOn = length === this.capacity && next > id && next < this.records.endId;
      if (!goesOn || this.continued.has(next)) return false;
      this.continued.add(next);
    }
    this.inUse.add(id);
    if (isFirst) this.first.add(id);
    return true;
  }

  /** {@link reference} to a chain without faults and without an owner; otherwise returns false and notes nothing. */
  claimQuickly(id: number): boolean {
    return this.first.has(id) && !this.empty.has(id) && this.referenced.add(id);
  }

  /** An owner refers to the chain that begins at `id`; returns false if another owner does too. */
  reference(id: number): boolean {
    if (this.referenced.add(id)) return true;
    this.shared.add(id);
    return false;
  }

  /** Call after all owners were processed. */
  reportOrphans(): void {
    for (const id of this.first.without(this.referenced, this.continued)) this.add('dynamic.orphanDynamicRecord', id);
  }

  load(id: number): DynamicRecord | undefined {
    return this.records.load(id, this.record);
  }

  render(id: number): string {
    const record = this.load(id);
    return record === undefined ? renderUnused('DynamicRecord', id) : renderDynamic(record);
  }

  private add(kind: Parameters<RecordFindings['add']>[0], id: number, inconsistentWith: string[] = []): void {
    this.findings.add(kind, id, this.render(id), inconsistentWith);
  }

  private examineLength(record: DynamicRecord): void {
    const { id, data, next } = record;
    if (data.length === 0) this.findings.add('dynamic.emptyBlock', id, renderDynamic(record));
    if (data.length < this.capacity && next !== NULL_REFERENCE) {
      this.findings.add('dynamic.recordNotFullReferencesNext', id, renderDynamic(record));
    }
  }

  private examineArray(record: DynamicRecord): void {
    const damage = findArrayDamage(record.data);
    if (damage === undefined) return;
    this.findings.add('dynamic.arrayUnreadable', record.id, renderDynamic(record), [], { found: damage });
  }

  private hasOddLinks(): boolean {
    for (const id of this.continued.without(this.inUse)) return id >= 0;
    return this.continued.intersects(this.first) || this.continued.intersects(this.empty);
  }

  private async examineLinks(): Promise<void> {
    const firstReferrer = new Map<number, number>();
    const seen = new IdBitmap();
    const twice = new IdBitmap();
    await this.records.scan('dynamic records', ({ next }) => {
      if (next >= 0 && next < this.records.endId && !seen.add(next)) twice.add(next);
    });
    await this.records.scan('dynamic records', (record) => {
      const { id, next } = record;
      if (next === NULL_REFERENCE) return;
      const text = renderDynamic(record);
      if (next === id) this.findings.add('dynamic.selfReferentialNext', id, text);
      else if (!this.inUse.has(next)) this.findings.add('dynamic.nextNotInUse', id, text, [this.render(next)]);
      else {
        if (this.empty.has(next)) this.findings.add('dynamic.emptyNextBlock', id, text, [this.render(next)]);
        if (this.first.has(next)) this.findings.add('dynamic.nextIsFirst', id, text, [this.render(next)]);
      }
      if (!twice.has(next) || !this.inUse.has(next)) return;
      const other = firstReferrer.get(next);
      if (other === undefined) firstReferrer.set(next, id);
      else this.add('dynamic.multipleOwners', next, [this.render(other), text]);
    });
  }

  private reportUnreferencedParts(): void {
    // Servers leave the rest of a longer rule when they write a shorter one in its place.
    if (this.records.key === 'schema') return;
    for (const id of this.inUse.without(this.first, this.continued)) this.add('dynamic.orphanDynamicRecord', id);
  }

  /** Follows every chain from its beginning; the remaining records are in cycles. Only links back to smaller ids are read at random. */
  private async reportCycles(): Promise<void> {
    const reached = new IdBitmap();
    await this.records.scan('dynamic records', (record) => {
      const { id, first } = record;
      if (first || !this.continued.has(id)) reached.add(id);
      if (!reached.has(id)) return;
      for (let next = record.next; this.inUse.has(next) && reached.add(next) && next < id; ) {
        next = this.load(next)?.next ?? NULL_REFERENCE;
      }
    });
    for (const id of this.inUse.without(reached)) {
      if (reached.has(id)) continue;
      const self = this.load(id)?.next === id;
      if (!self) this.add('dynamic.detachedCycle', id);
      for (let next = id; this.inUse.has(next) && reached.add(next); ) next = this.load(next)?.next ?? NULL_REFERENCE;
    }
  }
}
