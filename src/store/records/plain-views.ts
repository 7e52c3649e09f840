/**
 * Single fields of records, read from their bytes where decoding whole records would cost too much. Each view stands beside the codec whose
 * layout it reads, and gives what that codec decodes (`plain-views.test.ts`). All methods take the buffer and the offset of the record.
 * References are -1 for "nothing".
 */
export interface PlainViews {
  readonly owners: { readonly node: PropertyOwnerView; readonly relationship: PropertyOwnerView };
  readonly relationship: RelationshipView;
  readonly property: PropertyView;
  readonly dynamic: DynamicView;
}

/** Of what owns properties. */
export interface PropertyOwnerView {
  isInUse(buffer: Uint8Array, offset: number): boolean;
  nextProp(buffer: Uint8Array, offset: number): number;
}

export interface RelationshipView {
  isInUse(buffer: Uint8Array, offset: number): boolean;
  type(buffer: Uint8Array, offset: number): number;
  start(buffer: Uint8Array, offset: number): number;
  end(buffer: Uint8Array, offset: number): number;
  createSmall(): SmallRelationship;
}

/** The fields of a relationship that chains are made of, if all of them fit into 31 bits; reused for many. */
export interface SmallRelationship {
  readonly start: number;
  readonly end: number;
  readonly type: number;
  /** The fields of chains have the meaning that they have in a decoded record. */
  readonly startPrev: number;
  readonly startNext: number;
  readonly endPrev: number;
  readonly endNext: number;
  readonly firstInStart: boolean;
  readonly firstInEnd: boolean;
  /** Fills the fields; false, and they mean nothing, if the record is not in use or one of these references is 2^31 or more. */
  read(buffer: Uint8Array, offset: number): boolean;
}

/** For property records without a mark: whether one is in use is told by its blocks. */
export interface PropertyView {
  /** Offset of the blocks in the record; there is room for four. */
  readonly blocksOffset: number;
  next(buffer: Uint8Array, offset: number): number;
  createPlain(knownKeys: Iterable<number>): PlainPropertyRecords;
}

/**
 * Recognises property records about which there is nothing to say: a chain of its own, different known keys, values that are numbers,
 * booleans or texts, one long text at most, zeros behind them. Says no to many others that are sound, too.
 */
export interface PlainPropertyRecords {
  /** Of the record last found plain: the first dynamic record of its long text, -1 = it has none. */
  readonly text: number;
  isPlain(buffer: Uint8Array, offset: number): boolean;
}

export interface DynamicView {
  isInUse(buffer: Uint8Array, offset: number): boolean;
  isFirst(buffer: Uint8Array, offset: number): boolean;
  next(buffer: Uint8Array, offset: number): number;
  /** Data bytes that the record claims to have; may be more than there is room for. */
  length(buffer: Uint8Array, offset: number): number;
}
