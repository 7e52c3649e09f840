import type { ByteWriter } from '../../../base/byte-writer.ts';
import type { ExplicitIndexCommandType } from '../fields/command-types.ts';
import { corruptLog, INCOMPLETE, readU16 } from '../fields/log-integer.ts';
import type { CommandKind } from './command-kind.ts';

/**
 * Header of the explicit index commands, types 10 to 15 (spec transaction-logs 3.10)
 *
 * | off | size | field |
 * |---|---|---|
 * | 0 | 1 | 0x01 the entity id has 8 bytes instead of 4; 0x02 the entity is a relationship; bits 2-4 value type |
 * | 1 | 1 | 0x80 the start node has 8 bytes; 0x40 the end node has 8 bytes |
 * | 2 | 2 | index name id, 0xffff = none |
 * | 4 | 2 | key id, 0xffff = none |
 *
 * Name and key ids are local to the transaction and defined by IndexDefine.
 */
export interface IndexTarget {
  entity: 'node' | 'relationship';
  index: number;
  key: number;
}

export const INDEX_HEADER_BYTES = 6;

const LONG_ID = 0x01;
const RELATIONSHIP = 0x02;
const LONG_START = 0x80;
const LONG_END = 0x40;
const LARGEST_SHORT_ID = 0x7fffffff;

/** Offset after the header at `at`. */
export function skipIndexHeader(buffer: Uint8Array, at: number, end: number): number {
  if (at + INDEX_HEADER_BYTES > end) throw INCOMPLETE;
  if ((buffer[at]! & 0xe0) !== 0 || (buffer[at + 1]! & 0x3f) !== 0) {
    throw corruptLog('the header of an explicit index command has bits that do not exist', at, readU16(buffer, at));
  }
  return at + INDEX_HEADER_BYTES;
}

export function valueTypeOf(buffer: Uint8Array, header: number): number {
  return (buffer[header]! >> 2) & 7;
}

export function entityIdBytesOf(buffer: Uint8Array, header: number): number {
  return (buffer[header]! & LONG_ID) !== 0 ? 8 : 4;
}

export function startIdBytesOf(buffer: Uint8Array, header: number): number {
  return (buffer[header + 1]! & LONG_START) !== 0 ? 8 : 4;
}

export function endIdBytesOf(buffer: Uint8Array, header: number): number {
  return (buffer[header + 1]! & LONG_END) !== 0 ? 8 : 4;
}

export function decodeIndexTarget(buffer: Uint8Array, header: number): IndexTarget {
  return {
    entity: (buffer[header]! & RELATIONSHIP) !== 0 ? 'relationship' : 'node',
    index: readU16(buffer, header + 2),
    key: readU16(buffer, header + 4),
  };
}

function isLongId(id: number): boolean {
  return id > LARGEST_SHORT_ID;
}

/** Writes the header; ids above 2^31 - 1 take 8 bytes. */
export function encodeIndexHeader(
  writer: ByteWriter,
  target: IndexTarget,
  valueType = 0,
  id = 0,
  startNode = 0,
  endNode = 0,
): void {
  const entity = target.entity === 'relationship' ? RELATIONSHIP : 0;
  writer.u8((isLongId(id) ? LONG_ID : 0) | entity | (valueType << 2));
  writer.u8((isLongId(startNode) ? LONG_START : 0) | (isLongId(endNode) ? LONG_END : 0));
  writer.u16(target.index).u16(target.key);
}

export function encodeIndexId(writer: ByteWriter, id: number): void {
  if (isLongId(id)) writer.i64(id);
  else writer.i32(id);
}

export interface ExplicitIndexKind<C extends { kind: string }> extends CommandKind<C> {
  readonly type: ExplicitIndexCommandType;
}

/** A command table row for an explicit index command: visitors learn its position, and its content is not walked. */
export function explicitIndexKind<C extends { kind: string }>(
  row: Omit<ExplicitIndexKind<C>, 'visit'>,
): ExplicitIndexKind<C> {
  return {
    ...row,
    visit(buffer, at, end, form, visitor) {
      const next = row.skip(buffer, at, end, form);
      visitor.explicitIndex(row.type, at, next);
      return next;
    },
  };
}
