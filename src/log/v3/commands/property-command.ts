import type { ByteWriter } from '../../../base/byte-writer.ts';
import type { PropertyRecord } from '../../../store/records/property-record.ts';
import type { EntryForm } from '../entries/entry-types.ts';
import { copyBytes, corruptLog, INCOMPLETE, readRecordId, readReference } from '../fields/log-integer.ts';
import type { TransactionVisitor } from '../fields/transaction-visitor.ts';
import type { CommandKind } from './command-kind.ts';
import {
  type DynamicImage,
  decodeDynamicRecords,
  encodeDynamicRecords,
  skipDynamicRecords,
  visitValueRecords,
} from './dynamic-record-image.ts';
import {
  checkFlags,
  FIXED_REFERENCES,
  HAS_SECONDARY_UNIT,
  IN_USE,
  OWNER_IS_RELATIONSHIP,
  readSecondaryUnit,
  secondaryUnitBytes,
} from './record-flags.ts';

/**
 * Property command (type 2, spec transaction-logs 3.5): `id:i64 image(before) image(after)`. All fields are present even when the record is
 * not in use; it is in use exactly if it has blocks.
 *
 * | off | size | field of the image |
 * |---|---|---|
 * | 0 | 1 | flags; 0x02 = the owner is a relationship |
 * | 1 | 8 | next record of the chain (before prev, unlike in the store) |
 * | 9 | 8 | previous record of the chain |
 * | 17 | 8 | owner, -1 = unknown or the graph itself |
 * | 25 | 8 | secondary unit, if flag 0x08 |
 * | … | 1 | number of blocks, 0 to 4 |
 * | … | | per block: size 8, 16, 24 or 32; that many bytes; list of value records |
 * | … | | list of value records that became free |
 */
export interface PropertyImage {
  flags: number;
  next: number;
  prev: number;
  owner: number;
  /** Only with flag 0x08; otherwise -1. */
  secondaryUnit: number;
  blocks: PropertyBlockImage[];
  deleted: DynamicImage[];
}

export interface PropertyBlockImage {
  /** 8 to 32 bytes, as in the property record. */
  value: Uint8Array;
  /** The complete chain of a string or array stored outside the record; empty = its records did not change. */
  records: DynamicImage[];
}

export interface PropertyCommand {
  kind: 'property';
  id: number;
  before: PropertyImage;
  after: PropertyImage;
}

export type PropertyOwnerKind = 'node' | 'relationship' | 'unknown';

const FIELD_BYTES = 25;
const RECORD_BLOCK_BYTES = 32;

/** Offset of the block count byte. */
function blockCountOf(buffer: Uint8Array, at: number): number {
  return at + FIELD_BYTES + secondaryUnitBytes(buffer[at]!);
}

/** Offset of the first block; checks the fields before it. */
function skipPropertyFields(buffer: Uint8Array, at: number, end: number): number {
  if (at + 1 > end) throw INCOMPLETE;
  const flags = buffer[at]!;
  checkFlags(flags, at);
  const countAt = blockCountOf(buffer, at);
  if (countAt + 1 > end) throw INCOMPLETE;
  const count = buffer[countAt]!;
  if (count > 4) throw corruptLog('a property record has more than 4 blocks', countAt, count);
  if (((flags & IN_USE) !== 0) !== count > 0) {
    throw corruptLog(
      'a property record must be in use exactly if it has blocks',
      at,
      `flags ${flags}, ${count} blocks`,
    );
  }
  return countAt + 1;
}

/** The value of the block at `at` starts at `at + 1`. Returns the offset of the block's list of value records. */
function skipBlockValue(buffer: Uint8Array, at: number, end: number): number {
  if (at + 1 > end) throw INCOMPLETE;
  const size = buffer[at]!;
  if (size === 0 || size > RECORD_BLOCK_BYTES || (size & 7) !== 0) {
    throw corruptLog('the size of a property block is not 8, 16, 24 or 32', at, size);
  }
  const next = at + 1 + size;
  if (next > end) throw INCOMPLETE;
  return next;
}

function skipPropertyImage(buffer: Uint8Array, at: number, end: number): number {
  let here = skipPropertyFields(buffer, at, end);
  let used = 0;
  for (let left = buffer[here - 1]!; left > 0; left--) {
    const records = skipBlockValue(buffer, here, end);
    used += records - here - 1;
    here = skipDynamicRecords(buffer, records, end);
  }
  if (used > RECORD_BLOCK_BYTES) throw corruptLog('the blocks of a property record exceed 32 bytes', at, used);
  return skipDynamicRecords(buffer, here, end);
}

function skip(buffer: Uint8Array, at: number, end: number): number {
  return skipPropertyImage(buffer, skipPropertyImage(buffer, at + 8, end), end);
}

function visit(buffer: Uint8Array, at: number, end: number, _form: EntryForm, visitor: TransactionVisitor): number {
  const before = at + 8;
  const after = skipPropertyImage(buffer, before, end);
  const next = skipPropertyImage(buffer, after, end);
  visitor.property(readRecordId(buffer, at), before, after, next);
  visitImageRecords(buffer, before, after, true, visitor);
  visitImageRecords(buffer, after, next, false, visitor);
  return next;
}

function visitImageRecords(
  buffer: Uint8Array,
  at: number,
  end: number,
  isBefore: boolean,
  visitor: TransactionVisitor,
): void {
  let here = blockCountOf(buffer, at) + 1;
  for (let left = buffer[here - 1]!; left > 0; left--) {
    here = visitValueRecords(buffer, here + 1 + buffer[here]!, end, isBefore, visitor);
  }
  visitValueRecords(buffer, here, end, isBefore, visitor);
}

/** Fills `record` (all but its id) from the image at `offset`; see {@link readPropertyOwner} for the owner. */
export function readPropertyImage(buffer: Uint8Array, offset: number, record: PropertyRecord): PropertyRecord {
  const end = buffer.length;
  let here = skipPropertyFields(buffer, offset, end);
  const flags = buffer[offset]!;
  let used = 0;
  for (let left = buffer[here - 1]!; left > 0; left--) {
    const records = skipBlockValue(buffer, here, end);
    if (used + records - here - 1 > RECORD_BLOCK_BYTES) {
      throw corruptLog('the blocks of a property record exceed 32 bytes', offset, used + records - here - 1);
    }
    for (let i = here + 1; i < records; i++) record.blocks[used++] = buffer[i]!;
    here = left === 1 ? records : skipDynamicRecords(buffer, records, end);
  }
  record.inUse = (flags & IN_USE) !== 0;
  record.next = readReference(buffer, offset + 1);
  record.prev = readReference(buffer, offset + 9);
  record.blockCount = used >>> 3;
  record.blocks.fill(0, used, RECORD_BLOCK_BYTES);
  record.fixedReferences = (flags & FIXED_REFERENCES) !== 0;
  return record;
}

/** Id of the node or relationship that owns the record of the image at `offset`; -1 = unknown, or the graph itself. */
export function readPropertyOwner(buffer: Uint8Array, offset: number): number {
  if (offset + FIELD_BYTES > buffer.length) throw INCOMPLETE;
  return readReference(buffer, offset + 17);
}

export function readPropertyOwnerKind(buffer: Uint8Array, offset: number): PropertyOwnerKind {
  if (readPropertyOwner(buffer, offset) === -1) return 'unknown';
  return (buffer[offset]! & OWNER_IS_RELATIONSHIP) !== 0 ? 'relationship' : 'node';
}

function decodePropertyImage(buffer: Uint8Array, at: number, end: number): PropertyImage {
  let here = skipPropertyFields(buffer, at, end);
  const blocks: PropertyBlockImage[] = [];
  for (let left = buffer[here - 1]!; left > 0; left--) {
    const records = skipBlockValue(buffer, here, end);
    const value = copyBytes(buffer, here + 1, records);
    blocks.push({ value, records: decodeDynamicRecords(buffer, records, end) });
    here = skipDynamicRecords(buffer, records, end);
  }
  return {
    flags: buffer[at]!,
    next: readReference(buffer, at + 1),
    prev: readReference(buffer, at + 9),
    owner: readReference(buffer, at + 17),
    secondaryUnit: readSecondaryUnit(buffer, buffer[at]!, at + FIELD_BYTES),
    blocks,
    deleted: decodeDynamicRecords(buffer, here, end),
  };
}

function decode(buffer: Uint8Array, at: number, end: number): PropertyCommand {
  return {
    kind: 'property',
    id: readRecordId(buffer, at),
    before: decodePropertyImage(buffer, at + 8, end),
    after: decodePropertyImage(buffer, skipPropertyImage(buffer, at + 8, end), end),
  };
}

function encode(writer: ByteWriter, command: PropertyCommand): void {
  writer.i64(command.id);
  encodePropertyImage(writer, command.before);
  encodePropertyImage(writer, command.after);
}

function encodePropertyImage(writer: ByteWriter, image: PropertyImage): void {
  writer.u8(image.flags).i64(image.next).i64(image.prev).i64(image.owner);
  if ((image.flags & HAS_SECONDARY_UNIT) !== 0) writer.i64(image.secondaryUnit);
  writer.u8(image.blocks.length);
  for (const block of image.blocks) {
    writer.u8(block.value.length).bytes(block.value);
    encodeDynamicRecords(writer, block.records);
  }
  encodeDynamicRecords(writer, image.deleted);
}

export const propertyCommand: CommandKind<PropertyCommand> = { type: 2, kind: 'property', skip, visit, decode, encode };
