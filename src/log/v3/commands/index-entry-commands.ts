import type { ByteWriter } from '../../../base/byte-writer.ts';
import { corruptLog, INCOMPLETE, readI32, readRecordId } from '../fields/log-integer.ts';
import {
  decodeIndexTarget,
  encodeIndexHeader,
  encodeIndexId,
  endIdBytesOf,
  entityIdBytesOf,
  explicitIndexKind,
  INDEX_HEADER_BYTES,
  type IndexTarget,
  skipIndexHeader,
  startIdBytesOf,
  valueTypeOf,
} from './index-command-header.ts';
import { decodeIndexValue, encodeIndexValue, type IndexValue, skipIndexValue, valueTypeNumber } from './index-value.ts';

/**
 * Commands for one entry of an explicit index (spec transaction-logs 3.10); ids have 4 or 8 bytes, as the header says
 *
 * | type | after the header |
 * |---|---|
 * | 11 IndexAddNode | id, value |
 * | 12 IndexAddRelationship | id, value, start node, end node |
 * | 13 IndexRemove | id, value (none = every value; key 0xffff = every key) |
 */
export interface IndexAddNodeCommand extends IndexTarget {
  kind: 'indexAddNode';
  id: number;
  value: IndexValue;
}

export interface IndexAddRelationshipCommand extends IndexTarget {
  kind: 'indexAddRelationship';
  id: number;
  value: IndexValue;
  startNode: number;
  endNode: number;
}

export interface IndexRemoveCommand extends IndexTarget {
  kind: 'indexRemove';
  id: number;
  value: IndexValue;
}

/** Walks over the part that all three start with; IndexAddNode and IndexRemove consist of nothing else. */
function skipEntry(buffer: Uint8Array, at: number, end: number): number {
  const value = skipIndexHeader(buffer, at, end) + entityIdBytesOf(buffer, at);
  return skipIndexValue(buffer, value, end, valueTypeOf(buffer, at));
}

function readId(buffer: Uint8Array, at: number, sizeBytes: number): number {
  if (sizeBytes === 8) return readRecordId(buffer, at);
  const id = readI32(buffer, at);
  if (id < 0) throw corruptLog('the id in an explicit index command is negative', at, id);
  return id;
}

function decodeEntry(buffer: Uint8Array, at: number): IndexTarget & { id: number; value: IndexValue } {
  const idAt = at + INDEX_HEADER_BYTES;
  const idBytes = entityIdBytesOf(buffer, at);
  return {
    ...decodeIndexTarget(buffer, at),
    id: readId(buffer, idAt, idBytes),
    value: decodeIndexValue(buffer, idAt + idBytes, valueTypeOf(buffer, at)),
  };
}

function encodeEntry(writer: ByteWriter, command: IndexTarget & { id: number; value: IndexValue }): void {
  encodeIndexHeader(writer, command, valueTypeNumber(command.value), command.id);
  encodeIndexId(writer, command.id);
  encodeIndexValue(writer, command.value);
}

export const indexAddNodeCommand = explicitIndexKind<IndexAddNodeCommand>({
  type: 11,
  kind: 'indexAddNode',
  skip: skipEntry,
  decode: (buffer, at) => ({ kind: 'indexAddNode', ...decodeEntry(buffer, at) }),
  encode: encodeEntry,
});

export const indexAddRelationshipCommand = explicitIndexKind<IndexAddRelationshipCommand>({
  type: 12,
  kind: 'indexAddRelationship',
  skip(buffer, at, end) {
    const next = skipEntry(buffer, at, end) + startIdBytesOf(buffer, at) + endIdBytesOf(buffer, at);
    if (next > end) throw INCOMPLETE;
    return next;
  },
  decode(buffer, at, end) {
    const startAt = skipEntry(buffer, at, end);
    const startBytes = startIdBytesOf(buffer, at);
    return {
      kind: 'indexAddRelationship',
      ...decodeEntry(buffer, at),
      startNode: readId(buffer, startAt, startBytes),
      endNode: readId(buffer, startAt + startBytes, endIdBytesOf(buffer, at)),
    };
  },
  encode(writer, command) {
    const { id, value, startNode, endNode } = command;
    encodeIndexHeader(writer, command, valueTypeNumber(value), id, startNode, endNode);
    encodeIndexId(writer, id);
    encodeIndexValue(writer, value);
    encodeIndexId(writer, startNode);
    encodeIndexId(writer, endNode);
  },
});

export const indexRemoveCommand = explicitIndexKind<IndexRemoveCommand>({
  type: 13,
  kind: 'indexRemove',
  skip: skipEntry,
  decode: (buffer, at) => ({ kind: 'indexRemove', ...decodeEntry(buffer, at) }),
  encode: encodeEntry,
});
