import type { ByteWriter } from '../../../base/byte-writer.ts';
import type { RelationshipRecord } from '../../../store/records/relationship-record.ts';
import type { EntryForm } from '../entries/entry-types.ts';
import { corruptLog, INCOMPLETE, readI32, readRecordId, readReference } from '../fields/log-integer.ts';
import type { TransactionVisitor } from '../fields/transaction-visitor.ts';
import type { CommandKind } from './command-kind.ts';
import {
  checkFlags,
  FIXED_REFERENCES,
  HAS_SECONDARY_UNIT,
  IN_USE,
  REQUIRES_SECONDARY_UNIT,
  readSecondaryUnit,
  secondaryUnitBytes,
} from './record-flags.ts';

/**
 * Relationship command (type 3, spec transaction-logs 3.3): `id:i64 image(before) image(after)`
 *
 * | off | size | field of the image |
 * |---|---|---|
 * | 0 | 1 | flags. Not in use: only `type:i32` follows, -1 |
 * | 1 | 8 | start node |
 * | 9 | 8 | end node |
 * | 17 | 4 | type |
 * | 21 | 8 | previous in the chain of the start node, or the length of the chain if first in it |
 * | 29 | 8 | next in the chain of the start node |
 * | 37 | 8 | previous in the chain of the end node, or the length of the chain if first in it |
 * | 45 | 8 | next in the chain of the end node |
 * | 53 | 8 | first property |
 * | 61 | 1 | markers: 1 = first in the chain of the start node, 2 = of the end node |
 * | 62 | 8 | secondary unit, if flag 0x08 |
 */
export interface RelationshipImage {
  flags: number;
  start: number;
  end: number;
  type: number;
  startPrev: number;
  startNext: number;
  endPrev: number;
  endNext: number;
  nextProp: number;
  markers: number;
  /** Only with flag 0x08 in an image in use; otherwise -1. */
  secondaryUnit: number;
}

export interface RelationshipCommand {
  kind: 'relationship';
  id: number;
  before: RelationshipImage;
  after: RelationshipImage;
}

const UNUSED_BYTES = 5;
const USED_BYTES = 62;
const FIRST_IN_START = 1;
const FIRST_IN_END = 2;

function skipRelationshipImage(buffer: Uint8Array, at: number, end: number): number {
  if (at + UNUSED_BYTES > end) throw INCOMPLETE;
  const flags = buffer[at]!;
  checkFlags(flags, at);
  if ((flags & IN_USE) === 0) return at + UNUSED_BYTES;
  const next = at + USED_BYTES + secondaryUnitBytes(flags);
  if (next > end) throw INCOMPLETE;
  if (buffer[at + 61]! > 3)
    throw corruptLog('a relationship has chain markers that do not exist', at, buffer[at + 61]!);
  return next;
}

function skip(buffer: Uint8Array, at: number, end: number, { afterImageOnly }: EntryForm): number {
  const next = skipRelationshipImage(buffer, at + 8, end);
  return afterImageOnly ? next : skipRelationshipImage(buffer, next, end);
}

function visit(buffer: Uint8Array, at: number, end: number, _form: EntryForm, visitor: TransactionVisitor): number {
  const before = at + 8;
  const after = skipRelationshipImage(buffer, before, end);
  const next = skipRelationshipImage(buffer, after, end);
  visitor.relationship(readRecordId(buffer, at), before, after, next);
  return next;
}

/** Fills `record` (all but its id) from the image at `offset`. */
export function readRelationshipImage(
  buffer: Uint8Array,
  offset: number,
  record: RelationshipRecord,
): RelationshipRecord {
  skipRelationshipImage(buffer, offset, buffer.length);
  const flags = buffer[offset]!;
  const inUse = (flags & IN_USE) !== 0;
  const markers = inUse ? buffer[offset + 61]! : 0;
  record.inUse = inUse;
  record.start = inUse ? readReference(buffer, offset + 1) : -1;
  record.end = inUse ? readReference(buffer, offset + 9) : -1;
  record.type = readI32(buffer, inUse ? offset + 17 : offset + 1);
  record.startPrev = inUse ? readReference(buffer, offset + 21) : -1;
  record.startNext = inUse ? readReference(buffer, offset + 29) : -1;
  record.endPrev = inUse ? readReference(buffer, offset + 37) : -1;
  record.endNext = inUse ? readReference(buffer, offset + 45) : -1;
  record.nextProp = inUse ? readReference(buffer, offset + 53) : -1;
  record.firstInStart = (markers & FIRST_IN_START) !== 0;
  record.firstInEnd = (markers & FIRST_IN_END) !== 0;
  record.secondaryUnit = inUse && (flags & REQUIRES_SECONDARY_UNIT) !== 0 ? unitOf(buffer, offset) : -1;
  record.fixedReferences = (flags & FIXED_REFERENCES) !== 0;
  return record;
}

/** The secondary unit that the transaction freed (flag 0x08 without 0x04), -1 = none. */
export function readFreedRelationshipUnit(buffer: Uint8Array, offset: number): number {
  const flags = buffer[offset]!;
  return (flags & IN_USE) !== 0 && (flags & REQUIRES_SECONDARY_UNIT) === 0 ? unitOf(buffer, offset) : -1;
}

function unitOf(buffer: Uint8Array, offset: number): number {
  return readSecondaryUnit(buffer, buffer[offset]!, offset + USED_BYTES);
}

function decodeRelationshipImage(buffer: Uint8Array, at: number): RelationshipImage {
  const flags = buffer[at]!;
  const inUse = (flags & IN_USE) !== 0;
  return {
    flags,
    start: inUse ? readReference(buffer, at + 1) : -1,
    end: inUse ? readReference(buffer, at + 9) : -1,
    type: readI32(buffer, inUse ? at + 17 : at + 1),
    startPrev: inUse ? readReference(buffer, at + 21) : -1,
    startNext: inUse ? readReference(buffer, at + 29) : -1,
    endPrev: inUse ? readReference(buffer, at + 37) : -1,
    endNext: inUse ? readReference(buffer, at + 45) : -1,
    nextProp: inUse ? readReference(buffer, at + 53) : -1,
    markers: inUse ? buffer[at + 61]! : 0,
    secondaryUnit: inUse ? unitOf(buffer, at) : -1,
  };
}

function decode(buffer: Uint8Array, at: number, end: number): RelationshipCommand {
  return {
    kind: 'relationship',
    id: readRecordId(buffer, at),
    before: decodeRelationshipImage(buffer, at + 8),
    after: decodeRelationshipImage(buffer, skipRelationshipImage(buffer, at + 8, end)),
  };
}

function encode(writer: ByteWriter, command: RelationshipCommand): void {
  writer.i64(command.id);
  encodeRelationshipImage(writer, command.before);
  encodeRelationshipImage(writer, command.after);
}

function encodeRelationshipImage(writer: ByteWriter, image: RelationshipImage): void {
  writer.u8(image.flags);
  if ((image.flags & IN_USE) === 0) {
    writer.i32(image.type);
    return;
  }
  writer.i64(image.start).i64(image.end).i32(image.type);
  writer.i64(image.startPrev).i64(image.startNext).i64(image.endPrev).i64(image.endNext);
  writer.i64(image.nextProp).u8(image.markers);
  if ((image.flags & HAS_SECONDARY_UNIT) !== 0) writer.i64(image.secondaryUnit);
}

export const relationshipCommand: CommandKind<RelationshipCommand> = {
  type: 3,
  kind: 'relationship',
  skip,
  visit,
  decode,
  encode,
};
