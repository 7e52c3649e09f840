import type { ByteWriter } from '../../../base/byte-writer.ts';
import type { NodeRecord } from '../../../store/records/node-record.ts';
import type { EntryForm } from '../entries/entry-types.ts';
import { INCOMPLETE, readExactI64, readRecordId, readReference } from '../fields/log-integer.ts';
import type { TransactionVisitor } from '../fields/transaction-visitor.ts';
import type { CommandKind } from './command-kind.ts';
import {
  type DynamicImage,
  decodeDynamicRecords,
  encodeDynamicRecords,
  skipDynamicRecords,
  visitDynamicRecords,
} from './dynamic-record-image.ts';
import {
  checkBoolean,
  checkFlags,
  FIXED_REFERENCES,
  HAS_SECONDARY_UNIT,
  IN_USE,
  REQUIRES_SECONDARY_UNIT,
  readSecondaryUnit,
  secondaryUnitBytes,
} from './record-flags.ts';

/**
 * Node command (type 1, spec transaction-logs 3.2): `id:i64 image(before) image(after)`
 *
 * | off | size | field of the image |
 * |---|---|---|
 * | 0 | 1 | flags; the fields before the list exist only if in use |
 * | 1 | 1 | dense, 0 or 1 |
 * | 2 | 8 | first relationship, or first group if dense |
 * | 10 | 8 | first property |
 * | 18 | 8 | label field |
 * | 26 | 8 | secondary unit, if flag 0x08 |
 * | … | | list of dynamic label records, in use or not |
 */
export interface NodeImage {
  flags: number;
  dense: boolean;
  nextRel: number;
  nextProp: number;
  labelField: number;
  /** Only with flag 0x08 in an image in use; otherwise -1. */
  secondaryUnit: number;
  dynamicLabels: DynamicImage[];
}

export interface NodeCommand {
  kind: 'node';
  id: number;
  before: NodeImage;
  after: NodeImage;
}

const FIELD_BYTES = 26;

/** Offset of the label list in the image at `at`. */
function skipNodeFields(buffer: Uint8Array, at: number, end: number): number {
  if (at + 1 > end) throw INCOMPLETE;
  const flags = buffer[at]!;
  checkFlags(flags, at);
  if ((flags & IN_USE) === 0) return at + 1;
  const next = at + FIELD_BYTES + secondaryUnitBytes(flags);
  if (next > end) throw INCOMPLETE;
  checkBoolean(buffer, at + 1);
  return next;
}

function skipNodeImage(buffer: Uint8Array, at: number, end: number): number {
  return skipDynamicRecords(buffer, skipNodeFields(buffer, at, end), end);
}

function skip(buffer: Uint8Array, at: number, end: number): number {
  return skipNodeImage(buffer, skipNodeImage(buffer, at + 8, end), end);
}

function visit(buffer: Uint8Array, at: number, end: number, _form: EntryForm, visitor: TransactionVisitor): number {
  const before = at + 8;
  const beforeLabels = skipNodeFields(buffer, before, end);
  const after = skipDynamicRecords(buffer, beforeLabels, end);
  const afterLabels = skipNodeFields(buffer, after, end);
  const next = skipDynamicRecords(buffer, afterLabels, end);
  visitor.node(readRecordId(buffer, at), before, after, next);
  if (after > beforeLabels + 4) visitDynamicRecords(buffer, beforeLabels, end, 'labels', true, visitor);
  if (next > afterLabels + 4) visitDynamicRecords(buffer, afterLabels, end, 'labels', false, visitor);
  return next;
}

/**
 * Fills `record` (all but its id) from the image at `offset`. A unit that exists but is no longer required does not belong to the record
 * any more, see {@link readFreedNodeUnit}.
 */
export function readNodeImage(buffer: Uint8Array, offset: number, record: NodeRecord): NodeRecord {
  skipNodeFields(buffer, offset, buffer.length);
  const flags = buffer[offset]!;
  const inUse = (flags & IN_USE) !== 0;
  record.inUse = inUse;
  record.dense = inUse && buffer[offset + 1] === 1;
  record.nextRel = inUse ? readReference(buffer, offset + 2) : -1;
  record.nextProp = inUse ? readReference(buffer, offset + 10) : -1;
  record.labelField = inUse ? readRecordId(buffer, offset + 18) : 0;
  record.secondaryUnit = inUse && (flags & REQUIRES_SECONDARY_UNIT) !== 0 ? unitOf(buffer, offset) : -1;
  record.fixedReferences = (flags & FIXED_REFERENCES) !== 0;
  return record;
}

/** The secondary unit that the transaction freed (flag 0x08 without 0x04), -1 = none. */
export function readFreedNodeUnit(buffer: Uint8Array, offset: number): number {
  const flags = buffer[offset]!;
  return (flags & IN_USE) !== 0 && (flags & REQUIRES_SECONDARY_UNIT) === 0 ? unitOf(buffer, offset) : -1;
}

function unitOf(buffer: Uint8Array, offset: number): number {
  return readSecondaryUnit(buffer, buffer[offset]!, offset + FIELD_BYTES);
}

function decodeNodeImage(buffer: Uint8Array, at: number, end: number): NodeImage {
  const flags = buffer[at]!;
  const inUse = (flags & IN_USE) !== 0;
  return {
    flags,
    dense: inUse && buffer[at + 1] === 1,
    nextRel: inUse ? readReference(buffer, at + 2) : -1,
    nextProp: inUse ? readReference(buffer, at + 10) : -1,
    labelField: inUse ? readExactI64(buffer, at + 18) : 0,
    secondaryUnit: inUse ? unitOf(buffer, at) : -1,
    dynamicLabels: decodeDynamicRecords(buffer, skipNodeFields(buffer, at, end), end),
  };
}

function decode(buffer: Uint8Array, at: number, end: number): NodeCommand {
  const after = skipNodeImage(buffer, at + 8, end);
  return {
    kind: 'node',
    id: readRecordId(buffer, at),
    before: decodeNodeImage(buffer, at + 8, end),
    after: decodeNodeImage(buffer, after, end),
  };
}

function encode(writer: ByteWriter, command: NodeCommand): void {
  writer.i64(command.id);
  encodeNodeImage(writer, command.before);
  encodeNodeImage(writer, command.after);
}

function encodeNodeImage(writer: ByteWriter, image: NodeImage): void {
  writer.u8(image.flags);
  if ((image.flags & IN_USE) !== 0) {
    writer
      .u8(image.dense ? 1 : 0)
      .i64(image.nextRel)
      .i64(image.nextProp)
      .i64(image.labelField);
    if ((image.flags & HAS_SECONDARY_UNIT) !== 0) writer.i64(image.secondaryUnit);
  }
  encodeDynamicRecords(writer, image.dynamicLabels);
}

export const nodeCommand: CommandKind<NodeCommand> = { type: 1, kind: 'node', skip, visit, decode, encode };
