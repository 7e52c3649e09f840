/**
 * Read single fields of records directly from their bytes, where decoding whole records would cost too much. Each view is next to the codec
 * whose layout it reads, and returns what that codec decodes (`plain-views.test.ts`). All methods take the buffer and the offset of the
 * record. References are -1 for "nothing".
 */
export interface PlainViews {
  readonly owners: { readonly node: PropertyOwnerView; readonly relationship: PropertyOwnerView };
  readonly relationship: RelationshipView;
  readonly property: PropertyView;
  readonly dynamic: DynamicView;
}

/** View of records that own properties. */
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

/** The chain fields of a relationship, if all of them fit into 31 bits. Reused for many records. */
export interface SmallRelationship {
  readonly start: number;
  readonly end: number;
  readonly type: number;
  /** The chain fields have the same meaning as in a decoded record. */
  readonly startPrev: number;
  readonly startNext: number;
  readonly endPrev: number;
  readonly endNext: number;
  readonly firstInStart: boolean;
  readonly firstInEnd: boolean;
  /** Fills the fields. Returns false, leaving them undefined, if the record is not in use or a reference is 2^31 or more. */
  read(buffer: Uint8Array, offset: number): boolean;
}

/** For formats whose property records have no in-use mark: the blocks decide. */
export interface PropertyView {
  /** Offset of the blocks in the record; there is room for four. */
  readonly blocksOffset: number;
  next(buffer: Uint8Array, offset: number): number;
  createPlain(knownKeys: Iterable<number>): PlainPropertyRecords;
}

/**
 * Recognizes property records that are certainly sound: a chain of one record, different known keys, values that are numbers, booleans or
 * texts, at most one long text, then zeros. It also says no to many sound records.
 */
export interface PlainPropertyRecords {
  /** The first dynamic record of the long text in the last plain record; -1 = none. */
  readonly text: number;
  isPlain(buffer: Uint8Array, offset: number): boolean;
}

export interface DynamicView {
  isInUse(buffer: Uint8Array, offset: number): boolean;
  isFirst(buffer: Uint8Array, offset: number): boolean;
  next(buffer: Uint8Array, offset: number): number;
  /** Data bytes that the record claims; may exceed the room. */
  length(buffer: Uint8Array, offset: number): number;
}
