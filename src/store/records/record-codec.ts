/** "Points to nothing" in every reference of every record. */
export const NULL_REFERENCE = -1;

/** Access to the second unit of a two-unit high_limit record (spec record-stores 7.2). */
export interface SecondUnits {
  /** The bytes of record `id` in the same store, `size` bytes at the returned offset; undefined beyond the end of the file. */
  read(id: number): { buffer: Uint8Array; offset: number } | undefined;
}

/**
 * One record kind in one format: converts between fixed-size bytes and a record object. Decoders fill a reused object, so that scans
 * allocate nothing per record.
 */
export interface RecordCodec<R> {
  /** Bytes per record; record `id` is at byte `id * size`. */
  readonly size: number;
  create(): R;
  /**
   * True if the id is taken, by a record or as the second unit of another. Only codecs with second units have it; elsewhere an id is taken
   * if its record decodes as in use.
   */
  isOccupied?(buffer: Uint8Array, offset: number): boolean;
  /** Fills `record` with record `id` at `offset`. A second unit (high_limit) decodes as not in use. */
  decode(record: R, id: number, buffer: Uint8Array, offset: number, units?: SecondUnits): R;
  /**
   * Writes `record` at `offset`, only the bytes that the genuine server writes (spec transaction-logs 8: a record not in use only clears
   * its mark). Returns the bytes of the second unit, to be written at `record.secondaryUnit`, or undefined.
   */
  encode(record: R, buffer: Uint8Array, offset: number): Uint8Array | undefined;
}
