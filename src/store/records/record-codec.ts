/** "Points to nothing" in every reference of every record. */
export const NULL_REFERENCE = -1;

/** Access to the second unit of a two-unit high_limit record (spec record-stores 7.2). */
export interface SecondUnits {
  /** The bytes of record `id` of the same store, `size` bytes at the returned offset; undefined beyond the end of the file. */
  read(id: number): { buffer: Uint8Array; offset: number } | undefined;
}

/**
 * One record kind in one format: fixed-size bytes to a record object and back. Decoders fill a reused object, so that scans
 * allocate nothing per record.
 */
export interface RecordCodec<R> {
  /** Bytes of a record; byte offset of record `id` = `id * size`. */
  readonly size: number;
  create(): R;
  /**
   * Is the id taken: by a record, or as the second unit of another? Only codecs with second units have it; for all others an id is
   * taken if the record decodes as in use.
   */
  isOccupied?(buffer: Uint8Array, offset: number): boolean;
  /** Fills `record` with record `id` found at `offset`. A second unit (high_limit) decodes as not in use. */
  decode(record: R, id: number, buffer: Uint8Array, offset: number, units?: SecondUnits): R;
  /**
   * Writes `record` at `offset`, only the bytes that the genuine server writes (spec transaction-logs 8: a record not in use only
   * clears its mark). Returns the bytes of the second unit, to be written at `record.secondaryUnit`, or undefined.
   */
  encode(record: R, buffer: Uint8Array, offset: number): Uint8Array | undefined;
}
