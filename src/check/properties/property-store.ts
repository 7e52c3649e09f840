import { GraphkeepError } from '../../base/errors.ts';
import type { StoreFormat } from '../../store/files/store-format.ts';
import { blockTypes } from '../../store/records/property-block-layout.ts';
import type { PropertyRecord } from '../../store/records/property-record.ts';
import { NULL_REFERENCE } from '../../store/records/record-codec.ts';
import { PropertyBlockCursor } from '../../store/values/property-chain.ts';
import { findValueDamage, hasLostValue } from '../../store/values/value-damage.ts';
import type { CheckContext } from '../findings/check-context.ts';
import { type CheckKind, describeKind } from '../findings/check-kinds.ts';
import { isDamage } from '../findings/damage.ts';
import { renderProperty, renderUnused } from '../findings/record-texts.ts';
import { IdBitmap } from '../records/id-bitmap.ts';
import { KeySet } from '../records/key-set.ts';
import { type FindingExtras, RecordFindings } from '../records/record-findings.ts';
import { StoreRecords } from '../records/store-records.ts';
import type { DynamicStore } from './dynamic-store.ts';

/**
 * Checks the property store (spec consistency-check 3.5). {@link examine} goes through it once and checks the blocks of each record. It
 * walks each chain of several records from its first one as far as both sides agree, so no record is walked more than once. Afterwards bits
 * say which records begin a chain and which chains are sound. Most chains are a single plain record, of which only the bytes are looked at.
 *
 * Faults of single records are reported once the owners are known, by {@link reportFaults}: servers leave chains without an owner, and
 * use parts of them again, so that a fault there is no damage (docs/formats/consistency-check.md 4).
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
  /** Records with a fault. */
  private readonly suspects = new IdBitmap();
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
    for (const id of this.unreached.without()) this.suspects.add(id);
    this.reportCycles();
  }

  /**
   * Reports the faults of single records, and values that several of them share. `hasOwner` tells whether a node, a relationship or the
   * graph leads to a record: in others, a fault is no more than a warning.
   */
  async reportFaults(hasOwner: (id: number) => boolean): Promise<void> {
    const record = this.records.create();
    for (const id of this.suspects.without()) {
      if (this.load(id, record) === undefined) continue;
      const text = renderProperty(record);
      const isOwned = hasOwner(id);
      let first: CheckKind | undefined;
      const report: ReportFault = (kind, _, others, extras) => {
        first ??= kind;
        if (isOwned) this.findings.add(kind, id, text, others(), extras);
      };
      this.examineBlocks(record, report);
      this.examineLinks(record, report);
      if (first === undefined || isOwned) continue;
      this.findings.add('property.orphanRecordFaulty', id, text, [], { found: describeKind(first).message });
    }
    if (this.strings.shared.size > 0 || this.arrays.shared.size > 0) await this.reportSharedValues(hasOwner);
  }

  /** Reports each value that several records with an owner refer to, for every such record but the first. */
  private async reportSharedValues(hasOwner: (id: number) => boolean): Promise<void> {
    const strings = new IdBitmap();
    const arrays = new IdBitmap();
    await this.records.scan('properties', (record) => {
      if (!this.holdsValues(record)) return;
      this.eachReference(record, (isString, id) => {
        const store = isString ? this.strings : this.arrays;
        if (!store.shared.has(id) || !hasOwner(record.id) || (isString ? strings : arrays).add(id)) return;
        store.findings.add('dynamic.multipleOwners', id, store.render(id), [renderProperty(record)]);
      });
    });
  }

  /** Calls `visit` with every string and array record that a property refers to. An unreadable value ends the record. */
  private eachReference(record: PropertyRecord, visit: (isString: boolean, id: number) => void): void {
    const { cursor } = this;
    try {
      for (cursor.open(record); cursor.next(); ) {
        if (cursor.type === blockTypes.string) visit(true, cursor.reference);
        else if (cursor.type === blockTypes.array) visit(false, cursor.reference);
      }
    } catch (error) {
      if (!isDamage(error)) throw error;
    }
  }

  /** True if a chain without faults begins here. */
  isSound(id: number): boolean {
    return this.first.has(id) && !this.faulty.has(id);
  }

  private examineRecord(record: PropertyRecord): void {
    if (!this.holdsValues(record)) return;
    this.examineBlocks(record, this.suspect, true);
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

  /** The next pointer of a record, also of one that only its values say is not in use: the real checker follows that too. */
  nextOf(id: number, into: PropertyRecord): number {
    const record = this.records.load(id, into);
    if (record !== undefined) return record.next;
    const view = this.format.plainViews?.property;
    const bytes = this.records.readBytes(id);
    return view === undefined || bytes.length < this.records.recordBytes ? NULL_REFERENCE : view.next(bytes, 0);
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

  private readonly suspect: ReportFault = (_, { id }) => this.suspects.add(id);

  /** Reports what is wrong with the values of a record. `claims`: the record becomes an owner of its strings and arrays. */
  private examineBlocks(record: PropertyRecord, report: ReportFault, claims = false): void {
    const { cursor } = this;
    const known = this.context.tokens.propertyKey;
    let damage: string | undefined;
    try {
      for (cursor.open(record); cursor.next(); ) {
        const { key } = cursor;
        if (!known.has(key)) report('property.keyNotInUse', record, () => [`PropertyKey[${key}]`]);
        if (cursor.type === blockTypes.string) this.examineReference(record, this.strings, stringKinds, report, claims);
        else if (cursor.type === blockTypes.array)
          this.examineReference(record, this.arrays, arrayKinds, report, claims);
        else damage ??= findValueDamage(cursor);
      }
    } catch (error) {
      if (!isDamage(error)) throw error;
      damage = error instanceof GraphkeepError ? String(error.observed) : error.message;
    }
    if (!this.format.propertyMarks && hasLostValue(record))
      damage ??= `nothing readable after block ${record.blockCount}`;
    if (damage !== undefined) report('property.valueUnreadable', record, () => [], { found: damage });
  }

  private examineReference(
    record: PropertyRecord,
    store: DynamicStore,
    kinds: ReferenceKinds,
    report: ReportFault,
    claims: boolean,
  ): void {
    const id = this.cursor.reference;
    if (claims && store.inUse.has(id)) store.reference(id);
    const kind = !store.inUse.has(id)
      ? kinds.notInUse
      : store.empty.has(id)
        ? kinds.empty
        : store.first.has(id)
          ? undefined
          : kinds.notFirst;
    if (kind !== undefined) report(kind, record, () => [store.render(id)]);
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
        this.suspects.add(id);
        return false;
      }
      this.unreached.toggle(next);
      if (!this.addKeys(record, keys)) sound = false;
      ({ id, next } = record);
    }
    return sound;
  }

  private examineLinks(record: PropertyRecord, report: ReportFault): void {
    const { prev, next } = record;
    const examine = (to: number, notInUse: CheckKind, notBack: CheckKind, back: (record: PropertyRecord) => number) => {
      if (to === NULL_REFERENCE) return;
      const other = this.load(to, this.neighbour);
      if (other !== undefined && back(other) === record.id) return;
      report(other === undefined ? notInUse : notBack, record, () => [this.render(to)]);
    };
    examine(prev, 'property.prevNotInUse', 'property.previousDoesNotReferenceBack', (other) => other.next);
    examine(next, 'property.nextNotInUse', 'property.nextDoesNotReferenceBack', (other) => other.prev);
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

type ReportFault = (
  kind: CheckKind,
  record: PropertyRecord,
  inconsistentWith: () => string[],
  extras?: FindingExtras,
) => void;

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
