import {
  type ExplicitIndexCommandType,
  type RelationshipGroupCommandType,
  WIDE_RELATIONSHIP_GROUP_COMMAND,
} from '../../log/v3/fields/command-types.ts';
import type { DynamicOwner, TransactionVisitor } from '../../log/v3/fields/transaction-visitor.ts';
import type { TokenKind } from '../../store/records/token-record.ts';
import { FreedUnits } from './freed-units.ts';
import { type ImageLocation, locateImage } from './image-location.ts';
import type { NetChanges } from './net-changes.ts';
import { RecordSpace } from './record-space.ts';
import { SchemaEvents } from './schema-events.ts';
import { TouchedNodes } from './touched-nodes.ts';

const DYNAMIC_SPACES: Record<DynamicOwner, RecordSpace> = {
  labels: RecordSpace.nodeLabels,
  strings: RecordSpace.propertyStrings,
  arrays: RecordSpace.propertyArrays,
  labelNames: RecordSpace.labelNames,
  typeNames: RecordSpace.relationshipTypeNames,
  keyNames: RecordSpace.propertyKeyNames,
  schema: RecordSpace.schema,
};

const TOKEN_SPACES: Record<TokenKind, RecordSpace> = {
  label: RecordSpace.label,
  relationshipType: RecordSpace.relationshipType,
  propertyKey: RecordSpace.propertyKey,
};

/** Bit of an image's first byte, the flags. */
const IN_USE = 0x01;

/** Receives the counts commands of transactions that the counts store does not hold yet. */
export interface CountsReceiver {
  nodes(label: number, delta: number): void;
  relationships(startLabel: number, type: number, endLabel: number, delta: number): void;
}

/**
 * Collects the net change of transactions, oldest first: the location of each record's images, counts, touched nodes, and changes of schema
 * rules. Images stay in the log.
 */
export class ChangeCollector implements TransactionVisitor {
  readonly schema = new SchemaEvents();
  readonly touchedNodes = new TouchedNodes();
  readonly freedUnits: FreedUnits | undefined;
  /** First property of the graph itself; undefined = unchanged. */
  firstGraphProperty: number | undefined;
  /** A relationship was created or deleted. */
  private relationshipsCreatedOrDeleted = false;
  /** First transaction with a command for an explicit index; undefined = none. */
  firstExplicitIndexTransaction: number | undefined;
  private readonly changes: NetChanges;
  private readonly counts: CountsReceiver;
  private buffer: Buffer = Buffer.alloc(0);
  /** The place of the buffer's byte 0, with the log files laid end to end. */
  private origin = 0;
  private transactionId = 0;
  private countsWanted = true;

  constructor(changes: NetChanges, counts: CountsReceiver, secondUnits: boolean) {
    this.changes = changes;
    this.counts = counts;
    this.freedUnits = secondUnits ? new FreedUnits() : undefined;
  }

  /** Must be called before the commands of a transaction are walked. `origin`: the place of byte 0 of `buffer`, see {@link locateImage}. */
  beginTransaction(id: number, buffer: Buffer, origin: number, countsWanted: boolean): void {
    this.transactionId = id;
    this.buffer = buffer;
    this.origin = origin;
    this.countsWanted = countsWanted;
    this.touchedNodes.begin(buffer);
  }

  /** A relationship was created or deleted, or a property of one changed. */
  get relationshipsChanged(): boolean {
    return this.relationshipsCreatedOrDeleted || this.touchedNodes.relationshipProperties;
  }

  node(id: number, before: number, after: number): void {
    this.note(RecordSpace.node, id, before, after);
    this.touchedNodes.node(id);
    this.freedUnits?.noteNode(this.buffer, before, after);
  }

  relationship(id: number, before: number, after: number): void {
    this.note(RecordSpace.relationship, id, before, after);
    const flags = this.buffer[before]! ^ this.buffer[after]!;
    if ((flags & IN_USE) !== 0) this.relationshipsCreatedOrDeleted = true;
    this.freedUnits?.noteRelationship(this.buffer, before, after);
  }

  group(id: number, before: number, after: number, _end: number, type: RelationshipGroupCommandType): void {
    this.note(RecordSpace.relationshipGroup, id, before, after, type === WIDE_RELATIONSHIP_GROUP_COMMAND);
    this.freedUnits?.noteGroup(this.buffer, before, after, type);
  }

  property(id: number, before: number, after: number): void {
    this.note(RecordSpace.property, id, before, after);
    this.touchedNodes.property(id, before, after);
  }

  token(kind: TokenKind, id: number, before: number, after: number): void {
    this.note(TOKEN_SPACES[kind], id, before, after);
  }

  dynamic(owner: DynamicOwner, id: number, isBefore: boolean, offset: number): void {
    const space = DYNAMIC_SPACES[owner];
    if (isBefore) this.changes.noteBefore(space, id, this.locate(offset));
    else this.changes.noteAfter(space, id, this.locate(offset));
  }

  neostore(_nextPropBefore: number, nextPropAfter: number): void {
    this.firstGraphProperty = nextPropAfter;
  }

  schemaRule(beforeList: number, _afterList: number, _created: boolean, end: number): void {
    this.schema.note(this.buffer, beforeList, end, this.transactionId);
  }

  nodeCounts(label: number, delta: number): void {
    if (this.countsWanted) this.counts.nodes(label, delta);
  }

  relationshipCounts(startLabel: number, type: number, endLabel: number, delta: number): void {
    if (this.countsWanted) this.counts.relationships(startLabel, type, endLabel, delta);
  }

  explicitIndex(_commandType: ExplicitIndexCommandType, _offset: number): void {
    this.firstExplicitIndexTransaction ??= this.transactionId;
  }

  private note(space: RecordSpace, id: number, before: number, after: number, isWide = false): void {
    this.changes.noteBefore(space, id, this.locate(before, isWide));
    this.changes.noteAfter(space, id, this.locate(after, isWide));
  }

  private locate(offset: number, isWide = false): ImageLocation {
    return locateImage(this.origin + offset, isWide);
  }
}
