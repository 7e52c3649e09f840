import type { TokenKind } from '../../../store/records/token-record.ts';
import type { ExplicitIndexCommandType, RelationshipGroupCommandType } from './command-types.ts';

/** The store of a dynamic record in a command. */
export type DynamicOwner = 'labels' | 'strings' | 'arrays' | 'labelNames' | 'typeNames' | 'keyNames' | 'schema';

/**
 * Receives the commands of a transaction in order. All positions are offsets in the walked buffer. The before-image of a record ends where
 * its after-image begins; the after-image ends at `end`. Decode images later with the `read…Image` functions.
 */
export interface TransactionVisitor {
  node(id: number, before: number, after: number, end: number): void;
  relationship(id: number, before: number, after: number, end: number): void;
  /** The images of the two command types differ: pass the type to `readGroupImage`. */
  group(id: number, before: number, after: number, end: number, commandType: RelationshipGroupCommandType): void;
  property(id: number, before: number, after: number, end: number): void;
  token(kind: TokenKind, id: number, before: number, after: number, end: number): void;
  /** Every dynamic record inside an image, in log order, after the call for the record that contains it. */
  dynamic(owner: DynamicOwner, id: number, isBefore: boolean, offset: number, end: number): void;
  /** First property of the graph itself, -1 = none. */
  neostore(nextPropBefore: number, nextPropAfter: number): void;
  /** Offsets of the two lists of dynamic records; each begins with its i32 count. */
  schemaRule(beforeList: number, afterList: number, created: boolean, end: number): void;
  nodeCounts(label: number, delta: number): void;
  relationshipCounts(startLabel: number, type: number, endLabel: number, delta: number): void;
  /** `offset` is that of the 6-byte index header, after the command type. */
  explicitIndex(commandType: ExplicitIndexCommandType, offset: number, end: number): void;
}

/** Ignores everything; extend it to look at some commands only. */
export class IdleVisitor implements TransactionVisitor {
  node(_id: number, _before: number, _after: number, _end: number): void {}
  relationship(_id: number, _before: number, _after: number, _end: number): void {}
  group(_id: number, _before: number, _after: number, _end: number, _type: RelationshipGroupCommandType): void {}
  property(_id: number, _before: number, _after: number, _end: number): void {}
  token(_kind: TokenKind, _id: number, _before: number, _after: number, _end: number): void {}
  dynamic(_owner: DynamicOwner, _id: number, _isBefore: boolean, _offset: number, _end: number): void {}
  neostore(_nextPropBefore: number, _nextPropAfter: number): void {}
  schemaRule(_beforeList: number, _afterList: number, _created: boolean, _end: number): void {}
  nodeCounts(_label: number, _delta: number): void {}
  relationshipCounts(_startLabel: number, _type: number, _endLabel: number, _delta: number): void {}
  explicitIndex(_commandType: ExplicitIndexCommandType, _offset: number, _end: number): void {}
}
