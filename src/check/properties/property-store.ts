import { GraphkeepError } from '../../base/errors.ts';
import type { StoreFormat } from '../../store/files/store-format.ts';
import { blockTypes } from '../../store/records/property-block-layout.ts';
import type { PropertyRecord } from '../../store/records/property-record.ts';
import { NULL_REFERENCE } from '../../store/records/record-codec.ts';
import { PropertyBlockCursor } from '../../store/values/property-chain.ts';
import { findValueDamage, hasLostValue } from '../../store/values/value-damage.ts';
import type { CheckContext } from '../findings/check-context.ts';
import type { CheckKind } from '../findings/check-kinds.ts';
import { isDamage } from '../findings/damage.ts';
import { renderProperty, renderUnused } from '../findings/record-texts.ts';
import { IdBitmap } from '../records/id-bitmap.ts';
import { KeySet } from '../records/key-set.ts';
import { RecordFindings } from '../records/record-findings.ts';
import { StoreRecords } from '../records/store-records.ts';
import type { DynamicStore } from './dynamic-store.ts';

/**
 * Checks the property store (spec consistency-check 3.5). {@link examine} goes through it once and checks the blocks of each record. It
 * walks each chain of several records from its first one as far as both sides agree, so no record is walked more than once. Afterwards bits
 * say which records begin a chain and which chains are sound. Most chains are a single plain record, of which only the bytes are looked at.
 */
export class PropertyStore {
  readonly records: StoreRecords<'property'>;
  readonly findings: RecordFindings;
  /** First records of chains. */
  readonly first = new IdBitmap();
  /** First records of chains with a fault that an owner must report. */
  private readonly faulty = new IdBitmap();
  /**
   * Non-first records seen exactly once so far, by the scan or by a chain walk. The second sighting removes the id; what remains is
   * unreachable.
   */
  private readonly unreached = new IdBitmap();
  private readonly context: CheckContext;
  private readonly strings: DynamicStore;
  private readonly arrays: DynamicStore;
  private readonly cursor = new PropertyBlockCursor();
  private readonly keys = new KeySet();
  private readonly walked: [PropertyRecord, PropertyRecord];
  private readonly neighbour: PropertyRecord;
  private readonly format: StoreFormat;

  constructor(context: CheckContext, strings: DynamicStore, arrays: DynamicStore) {
    this.context = context;
    this.records = new StoreRecords(context, 'property');
    this.findings = new RecordFindings(this.records, context.report);
    this.strings = strings;
    this.arrays = arrays;
    this.walked = [this.records.create(), this.records.create()];
    this.neighbour = this.records.create();
    this.format = context.reader.format;
  }

  async examine(): Promise<void> {
    const plain = this.format.plainViews?.property.createPlain(this.context.tokens.propertyKey);
    const record = this.records.create();
    const visit = (found: PropertyRecord) => this.examineRecord(found);
    const unreadable = (id: number) => this.findings.add('record.unreadable', id, renderUnused('Property', id));
    const { recordBytes } = this.records;
    await this.records.scanBytes('properties', (buffer, first, end) => {
      for (let id = first, offset = 0; id < end; id++, offset += recordBytes) {
        if (plain?.isPlain(buffer, offset) && (plain.text < 0 || this.strings.claimQuickly(plain.text)))
          this.first.add(id);
        else this.records.visitRecord(record, buffer, id, offset, visit, unreadable);
      }
    });
    for (const id of this.unreached.without()) this.examineLinks(id);
    this.reportCycles();
  }

  /** True if a chain without faults begins here. */
  isSound(id: number): boolean {
    return this.first.has(id) && !this.faulty.has(id);
  }

  private examineRecord(record: PropertyRecord): void {
    if (!this.holdsValues(record)) return;
    this.examineBlocks(record);
    if (record.prev !== NULL_REFERENCE) this.unreached.toggle(record.id);
    else {
      this.first.add(record.id);
      if (!this.walk(record)) this.faulty.add(record.id);
    }
  }

  load(id: number, into: PropertyRecord): PropertyRecord | undefined {
    const record = this.records.load(id, into);
    return record !== undefined && this.holdsValues(record) ? record : undefined;
  }

  /** A record without an in-use mark is not in use if its first block has no valid type, whatever follows (spec record-stores 5). */
  private holdsValues(record: PropertyRecord): boolean {
    return this.format.propertyMarks || record.blockCount > 0;
  }

  render(id: number): string {
    const record = this.load(id, this.neighbour);
    return record === undefined ? renderUnused('Property', id) : renderProperty(record);
  }

  /** Adds the keys of a record to `keys`; false if one was there already. An unreadable value ends the record. */
  addKeys(record: PropertyRecord, keys: KeySet): boolean {
    let unique = true;
    try {
      for (this.cursor.open(record); this.cursor.next(); ) if (!keys.add(this.cursor.key)) unique = false;
    } catch (error) {
      if (!isDamage(error)) throw error;
    }
    return unique;
  }

  private examineBlocks(record: PropertyRecord): void {
    const { cursor } = this;
    const known = this.context.tokens.propertyKey;
    let damage: string | undefined;
    try {
      for (cursor.open(record); cursor.next(); ) {
        if (!known.has(cursor.key)) {
          this.findings.add('property.keyNotInUse', record.id, renderProperty(record), [`PropertyKey[${cursor.key}]`]);
        }
        if (cursor.type === blockTypes.string) this.examineReference(record, this.strings, stringKinds);
        else if (cursor.type === blockTypes.array) this.examineReference(record, this.arrays, arrayKinds);
        else damage ??= findValueDamage(cursor);
      }
    } catch (error) {
      if (!isDamage(error)) throw error;
      damage = error instanceof GraphkeepError ? String(error.observed) : error.message;
    }
    if (!this.format.propertyMarks && hasLostValue(record))
      damage ??= `nothing readable after block ${record.blockCount}`;
    if (damage === undefined) return;
    this.findings.add('property.valueUnreadable', record.id, renderProperty(record), [], { found: damage });
  }

  private examineReference(record: PropertyRecord, store: DynamicStore, kinds: ReferenceKinds): void {
    const id = this.cursor.reference;
    const alone = store.inUse.has(id) ? store.reference(id) : true;
    const kind = !store.inUse.has(id)
      ? kinds.notInUse
      : store.empty.has(id)
        ? kinds.empty
        : store.first.has(id)
          ? undefined
          : kinds.notFirst;
    const text = () => renderProperty(record);
    if (kind !== undefined) this.findings.add(kind, record.id, text(), [store.render(id)]);
    if (!alone) store.findings.add('dynamic.multipleOwners', id, store.render(id), [text()]);
  }

  /** False if an owner must look at the chain. */
  private walk(first: PropertyRecord): boolean {
    const { keys } = this;
    keys.clear();
    let sound = this.addKeys(first, keys);
    let { id, next } = first;
    for (let turn = 0; next !== NULL_REFERENCE; turn ^= 1) {
      const record = this.load(next, this.walked[turn]!);
      if (record === undefined || record.prev !== id) {
        this.examineLinks(id);
        return false;
      }
      this.unreached.toggle(next);
      if (!this.addKeys(record, keys)) sound = false;
      ({ id, next } = record);
    }
    return sound;
  }

  private examineLinks(id: number): void {
    const record = this.load(id, this.records.create());
    if (record === undefined) return;
    const { prev, next } = record;
    this.examineLink(record, prev, 'property.prevNotInUse', 'property.previousDoesNotReferenceBack', (r) => r.next);
    this.examineLink(record, next, 'property.nextNotInUse', 'property.nextDoesNotReferenceBack', (r) => r.prev);
  }

  private examineLink(
    record: PropertyRecord,
    to: number,
    notInUse: CheckKind,
    notBack: CheckKind,
    back: (record: PropertyRecord) => number,
  ): void {
    if (to === NULL_REFERENCE) return;
    const other = this.load(to, this.neighbour);
    if (other !== undefined && back(other) === record.id) return;
    const kind = other === undefined ? notInUse : notBack;
    this.findings.add(kind, record.id, renderProperty(record), [this.render(to)]);
  }

  /** Records that no walk reaches, from a first record or from the start of a broken part, are in cycles. */
  private reportCycles(): void {
    const { unreached } = this;
    for (const start of unreached.without()) {
      if (!unreached.has(start)) continue;
      let id = start;
      for (let turn = 0; unreached.remove(id); turn ^= 1) {
        const next = this.load(id, this.walked[turn]!)?.next ?? NULL_REFERENCE;
        if (this.load(next, this.neighbour)?.prev !== id) break;
        id = next;
        if (id === start) this.findings.add('property.detachedCycle', start, this.render(start));
      }
    }
  }
}

interface ReferenceKinds {
  notInUse: CheckKind;
  empty: CheckKind;
  notFirst: CheckKind;
}

const stringKinds: ReferenceKinds = {
  notInUse: 'property.stringNotInUse',
  empty: 'property.stringEmpty',
  notFirst: 'property.stringNotFirstInChain',
};

const arrayKinds: ReferenceKinds = {
  notInUse: 'property.arrayNotInUse',
  empty: 'property.arrayEmpty',
  notFirst: 'property.arrayNotFirstInChain',
};
