import { readDynamicChain } from '../../store/records/dynamic-chain.ts';
import {
  BLOCK_BYTES,
  BLOCKS_PER_RECORD,
  blockTypes,
  readBlockReference,
  writeBlockReference,
} from '../../store/records/property-block-layout.ts';
import type { PropertyRecord } from '../../store/records/property-record.ts';
import { NULL_REFERENCE } from '../../store/records/record-codec.ts';
import { type EncodedValue, encodeValue } from '../../store/values/property-blocks.ts';
import { PropertyBlockCursor, walkPropertyChain } from '../../store/values/property-chain.ts';
import type { PropertyValue } from '../../store/values/property-value.ts';
import { deleteChain, writeChain } from './dynamic-chains.ts';
import type { RecordChanges } from './record-changes.ts';
import type { Owner } from './record-view.ts';

/** The location of a key's value. */
interface ValuePlace {
  record: Readonly<PropertyRecord>;
  /** Byte offset of the first block. */
  offset: number;
  /** Number of blocks. */
  count: number;
  type: number;
}

/** The store for long values of a block type; undefined for values kept in the record. */
export function longValueStore(blockType: number): 'propertyStrings' | 'propertyArrays' | undefined {
  if (blockType === blockTypes.string) return 'propertyStrings';
  return blockType === blockTypes.array ? 'propertyArrays' : undefined;
}

/**
 * Changes property chains as a server does (spec record-stores 10.1): a new value takes free room in a record of the chain, else a new
 * record at the head; a changed value that still fits stays in its record; a record without values leaves the chain.
 */
export class PropertyChains {
  firstGraphProperty: number;
  private readonly changes: RecordChanges;
  private readonly owners = new Map<number, Owner>();
  private readonly cursor = new PropertyBlockCursor();

  constructor(changes: RecordChanges) {
    this.changes = changes;
    this.firstGraphProperty = changes.view.firstGraphProperty;
  }

  /** Owner of a touched record. */
  ownerOf(recordId: number): Owner {
    return this.owners.get(recordId)!;
  }

  /** Sets the value of a key; undefined removes it. Setting an equal value changes nothing. */
  set(owner: Owner, key: number, value: PropertyValue | undefined): void {
    const place = this.find(owner, key);
    if (value === undefined) {
      if (place !== undefined) this.remove(owner, place);
      return;
    }
    const encoded = encodeValue(key, value);
    if (place === undefined) this.add(owner, this.storeLong(encoded));
    else if (!this.isSame(place, encoded)) this.replace(owner, place, encoded);
  }

  /** Deletes all property records of an owner that is deleted itself. */
  deleteAll(owner: Owner): void {
    for (const record of [...this.walk(owner)]) {
      this.cursor.open(record);
      while (this.cursor.next()) this.deleteLong(record, this.cursor);
      this.owners.set(record.id, owner);
      this.changes.delete('property', record.id);
    }
  }

  private walk(owner: Owner): Generator<PropertyRecord> {
    return walkPropertyChain(this.firstOf(owner), (id) => this.changes.read('property', id));
  }

  private firstOf(owner: Owner): number {
    return owner.kind === 'graph' ? this.firstGraphProperty : this.changes.require(owner.kind, owner.id).nextProp;
  }

  private setFirst(owner: Owner, first: number): void {
    if (owner.kind === 'graph') this.firstGraphProperty = first;
    else this.changes.edit(owner.kind, owner.id).nextProp = first;
  }

  private edit(owner: Owner, id: number): PropertyRecord {
    this.owners.set(id, owner);
    return this.changes.edit('property', id);
  }

  private find(owner: Owner, key: number): ValuePlace | undefined {
    const { cursor } = this;
    for (const record of this.walk(owner)) {
      cursor.open(record);
      while (cursor.next()) {
        if (cursor.key === key) return { record, offset: cursor.offset, count: cursor.count, type: cursor.type };
      }
    }
    return undefined;
  }

  private isSame({ record, offset, count, type }: ValuePlace, { blocks, long }: EncodedValue): boolean {
    const old = record.blocks.subarray(offset, offset + count * BLOCK_BYTES);
    if (long === undefined) return Buffer.compare(old, blocks) === 0;
    const store = longValueStore(type);
    if (store === undefined || (store === 'propertyStrings') !== (long.store === 'string')) return false;
    const bytes = readDynamicChain(readBlockReference(old, 0), (id) => this.changes.read(store, id));
    return Buffer.compare(bytes, long.bytes) === 0;
  }

  /** The blocks of a value; writes a long value into a new chain. */
  private storeLong({ blocks, long }: EncodedValue): Uint8Array {
    if (long === undefined) return blocks;
    const store = long.store === 'string' ? 'propertyStrings' : 'propertyArrays';
    writeBlockReference(blocks, 0, writeChain(this.changes, store, long.bytes));
    return blocks;
  }

  private deleteLong(record: Readonly<PropertyRecord>, { type, offset }: { type: number; offset: number }): void {
    const store = longValueStore(type);
    if (store !== undefined) deleteChain(this.changes, store, readBlockReference(record.blocks, offset));
  }

  private replace(owner: Owner, place: ValuePlace, encoded: EncodedValue): void {
    const count = encoded.blocks.length / BLOCK_BYTES;
    if (place.record.blockCount - place.count + count > BLOCKS_PER_RECORD) {
      this.remove(owner, place);
      this.add(owner, this.storeLong(encoded));
      return;
    }
    this.deleteLong(place.record, place);
    const blocks = this.storeLong(encoded);
    splice(this.edit(owner, place.record.id), place, blocks);
  }

  private remove(owner: Owner, place: ValuePlace): void {
    this.deleteLong(place.record, place);
    const record = this.edit(owner, place.record.id);
    splice(record, place, new Uint8Array(0));
    if (record.blockCount === 0) this.unlink(owner, record);
  }

  private unlink(owner: Owner, { id, prev, next }: PropertyRecord): void {
    if (prev === NULL_REFERENCE) this.setFirst(owner, next);
    else this.edit(owner, prev).next = next;
    if (next !== NULL_REFERENCE) this.edit(owner, next).prev = prev;
    this.changes.delete('property', id);
  }

  private add(owner: Owner, blocks: Uint8Array): void {
    const room = BLOCKS_PER_RECORD - blocks.length / BLOCK_BYTES;
    for (const { id, blockCount } of this.walk(owner)) {
      if (blockCount > room) continue;
      splice(this.edit(owner, id), { offset: blockCount * BLOCK_BYTES, count: 0 }, blocks);
      return;
    }
    this.addRecord(owner, blocks);
  }

  private addRecord(owner: Owner, blocks: Uint8Array): void {
    const id = this.changes.takeId('property');
    const next = this.firstOf(owner);
    const record = this.changes.view.format.property.create();
    this.owners.set(id, owner);
    this.changes.create('property', Object.assign(record, { id, inUse: true, next }));
    splice(record, { offset: 0, count: 0 }, blocks);
    if (next !== NULL_REFERENCE) this.edit(owner, next).prev = id;
    this.setFirst(owner, id);
  }
}

/** Replaces the `count` blocks at `offset` with `blocks`. */
function splice(
  record: PropertyRecord,
  { offset, count }: Pick<ValuePlace, 'offset' | 'count'>,
  blocks: Uint8Array,
): void {
  const end = record.blockCount * BLOCK_BYTES;
  const rest = record.blocks.slice(offset + count * BLOCK_BYTES, end);
  record.blocks.set(blocks, offset);
  record.blocks.set(rest, offset + blocks.length);
  record.blocks.fill(0, offset + blocks.length + rest.length);
  record.blockCount += blocks.length / BLOCK_BYTES - count;
}
