import { INCOMPLETE, readExactI64, readI32 } from '../fields/log-integer.ts';
import type { CommandKind } from './command-kind.ts';

/**
 * Counts commands (spec transaction-logs 3.9); -1 = any. They are deltas, so not idempotent: apply them only for transactions after the one
 * for which the counts store is exact.
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

export const relationshipCountsCommand: CommandKind<RelationshipCountsCommand> = {
  type: 16,
  kind: 'relationshipCounts',
  skip: (_buffer, at, end) => skipFixed(at, RELATIONSHIP_COUNTS_BYTES, end),
  visit(buffer, at, end, _form, visitor) {
    const next = skipFixed(at, RELATIONSHIP_COUNTS_BYTES, end);
    const delta = readExactI64(buffer, at + 12);
    visitor.relationshipCounts(readI32(buffer, at), readI32(buffer, at + 4), readI32(buffer, at + 8), delta);
    return next;
  },
  decode: (buffer, at) => ({
    kind: 'relationshipCounts',
    startLabel: readI32(buffer, at),
    type: readI32(buffer, at + 4),
    endLabel: readI32(buffer, at + 8),
    delta: readExactI64(buffer, at + 12),
  }),
  encode(writer, command) {
    writer.i32(command.startLabel).i32(command.type).i32(command.endLabel).i64(command.delta);
  },
};

export const nodeCountsCommand: CommandKind<NodeCountsCommand> = {
  type: 17,
  kind: 'nodeCounts',
  skip: (_buffer, at, end) => skipFixed(at, NODE_COUNTS_BYTES, end),
  visit(buffer, at, end, _form, visitor) {
    const next = skipFixed(at, NODE_COUNTS_BYTES, end);
    visitor.nodeCounts(readI32(buffer, at), readExactI64(buffer, at + 4));
    return next;
  },
  decode: (buffer, at) => ({ kind: 'nodeCounts', label: readI32(buffer, at), delta: readExactI64(buffer, at + 4) }),
  encode(writer, command) {
    writer.i32(command.label).i64(command.delta);
  },
};

function skipFixed(at: number, sizeBytes: number, end: number): number {
  if (at + sizeBytes > end) throw INCOMPLETE;
  return at + sizeBytes;
}
