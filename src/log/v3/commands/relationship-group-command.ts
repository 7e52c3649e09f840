import type { ByteWriter } from '../../../base/byte-writer.ts';
import type { RelationshipGroupRecord } from '../../../store/records/relationship-group-record.ts';
import {
  RELATIONSHIP_GROUP_COMMAND,
  type RelationshipGroupCommandType,
  WIDE_RELATIONSHIP_GROUP_COMMAND,
} from '../fields/command-types.ts';
import { INCOMPLETE, readRecordId, readReference, readU16 } from '../fields/log-integer.ts';
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
 * Relationship group command (types 9 and 21, spec transaction-logs 3.4): `id:i64 image(before) image(after)`. Every field is present even
 * when the group is not in use. w = 1 in type 21, otherwise 0.
 *
 * | off | size | field of the image |
 * |---|---|---|
 * | 0 | 1 | flags |
 * | 1 | 2 | relationship type, low 16 bits |
 * | 3 | w | relationship type, high 8 bits |
 * | 3+w | 8 | next group |
 * | 11+w | 8 | first outgoing |
 * | 19+w | 8 | first incoming |
 * | 27+w | 8 | first loop |
 * | 35+w | 8 | owning node |
 * | 43+w | 8 | secondary unit, if flag 0x08 |
 */
export interface RelationshipGroupImage {
  flags: number;
  type: number;
  next: number;
  firstOut: number;
  firstIn: number;
  firstLoop: number;
  owner: number;
  /** Only with flag 0x08; otherwise -1. */
  secondaryUnit: number;
}

export interface RelationshipGroupCommand {
  kind: 'relationshipGroup';
  /** True if the type field has 3 bytes (command type 21), which is used when a type id needs it. */
  wide: boolean;
  id: number;
  before: RelationshipGroupImage;
  after: RelationshipGroupImage;
}

const IMAGE_BYTES = 43;

function widthOf(commandType: RelationshipGroupCommandType): number {
  return commandType === WIDE_RELATIONSHIP_GROUP_COMMAND ? 1 : 0;
}

function skipGroupImage(buffer: Uint8Array, at: number, end: number, width: number): number {
  if (at + 1 > end) throw INCOMPLETE;
  const flags = buffer[at]!;
  checkFlags(flags, at);
  const next = at + IMAGE_BYTES + width + secondaryUnitBytes(flags);
  if (next > end) throw INCOMPLETE;
  return next;
}

function readType(buffer: Uint8Array, at: number, width: number): number {
  return readU16(buffer, at + 1) | (width === 0 ? 0 : buffer[at + 3]! << 16);
}

/** Fills `record` (all but its id) from the image at `offset` of a command of `commandType`. */
export function readGroupImage(
  buffer: Uint8Array,
  offset: number,
  record: RelationshipGroupRecord,
  commandType: RelationshipGroupCommandType,
): RelationshipGroupRecord {
  const width = widthOf(commandType);
  skipGroupImage(buffer, offset, buffer.length, width);
  const flags = buffer[offset]!;
  record.inUse = (flags & IN_USE) !== 0;
  record.type = readType(buffer, offset, width);
  record.next = readReference(buffer, offset + width + 3);
  record.firstOut = readReference(buffer, offset + width + 11);
  record.firstIn = readReference(buffer, offset + width + 19);
  record.firstLoop = readReference(buffer, offset + width + 27);
  record.owner = readReference(buffer, offset + width + 35);
  record.secondaryUnit = (flags & REQUIRES_SECONDARY_UNIT) !== 0 ? unitOf(buffer, offset, width) : -1;
  record.fixedReferences = (flags & FIXED_REFERENCES) !== 0;
  return record;
}

/** The secondary unit that the transaction freed (flag 0x08 without 0x04), -1 = none. */
export function readFreedGroupUnit(
  buffer: Uint8Array,
  offset: number,
  commandType: RelationshipGroupCommandType,
): number {
  return (buffer[offset]! & REQUIRES_SECONDARY_UNIT) === 0 ? unitOf(buffer, offset, widthOf(commandType)) : -1;
}

function unitOf(buffer: Uint8Array, offset: number, width: number): number {
  return readSecondaryUnit(buffer, buffer[offset]!, offset + IMAGE_BYTES + width);
}

function decodeGroupImage(buffer: Uint8Array, at: number, width: number): RelationshipGroupImage {
  return {
    flags: buffer[at]!,
    type: readType(buffer, at, width),
    next: readReference(buffer, at + width + 3),
    firstOut: readReference(buffer, at + width + 11),
    firstIn: readReference(buffer, at + width + 19),
    firstLoop: readReference(buffer, at + width + 27),
    owner: readReference(buffer, at + width + 35),
    secondaryUnit: unitOf(buffer, at, width),
  };
}

function encodeGroupImage(writer: ByteWriter, image: RelationshipGroupImage, wide: boolean): void {
  writer.u8(image.flags).u16(image.type & 0xffff);
  if (wide) writer.u8(image.type >>> 16);
  writer.i64(image.next).i64(image.firstOut).i64(image.firstIn).i64(image.firstLoop).i64(image.owner);
  if ((image.flags & HAS_SECONDARY_UNIT) !== 0) writer.i64(image.secondaryUnit);
}

function kindOf(type: RelationshipGroupCommandType): CommandKind<RelationshipGroupCommand> {
  const width = widthOf(type);
  return {
    type,
    kind: 'relationshipGroup',
    holds: ({ wide }) => wide === (width === 1),
    skip(buffer, at, end, { afterImageOnly }) {
      const next = skipGroupImage(buffer, at + 8, end, width);
      return afterImageOnly ? next : skipGroupImage(buffer, next, end, width);
    },
    visit(buffer, at, end, _form, visitor) {
      const before = at + 8;
      const after = skipGroupImage(buffer, before, end, width);
      const next = skipGroupImage(buffer, after, end, width);
      visitor.group(readRecordId(buffer, at), before, after, next, type);
      return next;
    },
    decode(buffer, at, end) {
      const after = skipGroupImage(buffer, at + 8, end, width);
      return {
        kind: 'relationshipGroup',
        wide: width === 1,
        id: readRecordId(buffer, at),
        before: decodeGroupImage(buffer, at + 8, width),
        after: decodeGroupImage(buffer, after, width),
      };
    },
    encode(writer, command) {
      writer.i64(command.id);
      encodeGroupImage(writer, command.before, command.wide);
      encodeGroupImage(writer, command.after, command.wide);
    },
  };
}

export const relationshipGroupCommands: readonly CommandKind<RelationshipGroupCommand>[] = [
  kindOf(RELATIONSHIP_GROUP_COMMAND),
  kindOf(WIDE_RELATIONSHIP_GROUP_COMMAND),
];
