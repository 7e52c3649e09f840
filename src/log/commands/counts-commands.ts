import type { ByteWriter } from '../../base/byte-writer.ts';
import { INCOMPLETE, readExactI64, readI32 } from '../log-integer.ts';
import type { TransactionVisitor } from '../transaction-visitor.ts';

/**
 * Counts commands (spec transaction-logs 3.9); -1 = any. Deltas, therefore not idempotent: they count only for transactions above
 * the one the counts store is exact for.
 *
 * | type | body |
 * |---|---|
 * | 16 RelationshipCounts | start label i32, type i32, end label i32, delta i64 |
 * | 17 NodeCounts | label i32, delta i64 |
 */
export interface RelationshipCountsCommand {
  kind: 'relationshipCounts';
  startLabel: number;
  type: number;
  endLabel: number;
  delta: number;
}

export interface NodeCountsCommand {
  kind: 'nodeCounts';
  label: number;
  delta: number;
}

const RELATIONSHIP_COUNTS_BYTES = 20;
const NODE_COUNTS_BYTES = 12;

export function skipRelationshipCountsCommand(_buffer: Uint8Array, at: number, end: number): number {
  if (at + RELATIONSHIP_COUNTS_BYTES > end) throw INCOMPLETE;
  return at + RELATIONSHIP_COUNTS_BYTES;
}

export function skipNodeCountsCommand(_buffer: Uint8Array, at: number, end: number): number {
  if (at + NODE_COUNTS_BYTES > end) throw INCOMPLETE;
  return at + NODE_COUNTS_BYTES;
}

export function visitRelationshipCountsCommand(
  buffer: Uint8Array,
  at: number,
  end: number,
  visitor: TransactionVisitor,
): number {
  const next = skipRelationshipCountsCommand(buffer, at, end);
  const delta = readExactI64(buffer, at + 12);
  visitor.relationshipCounts(readI32(buffer, at), readI32(buffer, at + 4), readI32(buffer, at + 8), delta);
  return next;
}

export function visitNodeCountsCommand(
  buffer: Uint8Array,
  at: number,
  end: number,
  visitor: TransactionVisitor,
): number {
  const next = skipNodeCountsCommand(buffer, at, end);
  visitor.nodeCounts(readI32(buffer, at), readExactI64(buffer, at + 4));
  return next;
}

export function decodeRelationshipCountsCommand(buffer: Uint8Array, at: number): RelationshipCountsCommand {
  return {
    kind: 'relationshipCounts',
    startLabel: readI32(buffer, at),
    type: readI32(buffer, at + 4),
    endLabel: readI32(buffer, at + 8),
    delta: readExactI64(buffer, at + 12),
  };
}

export function decodeNodeCountsCommand(buffer: Uint8Array, at: number): NodeCountsCommand {
  return { kind: 'nodeCounts', label: readI32(buffer, at), delta: readExactI64(buffer, at + 4) };
}

export function encodeRelationshipCountsCommand(writer: ByteWriter, command: RelationshipCountsCommand): void {
  writer.i32(command.startLabel).i32(command.type).i32(command.endLabel).i64(command.delta);
}

export function encodeNodeCountsCommand(writer: ByteWriter, command: NodeCountsCommand): void {
  writer.i32(command.label).i64(command.delta);
}
