/**
 * Bodies of tree nodes: where keys, values and children of a page are, and how many fit. All positions are byte offsets in the
 * page. {@link findProblem} has to be asked once for a page that was read; the other questions rely on its answer.
 */
export interface NodeFormat {
  readonly pageBytes: number;
  readonly valueBytes: number;
  /** Room for entries in a leaf: the sum of {@link leafEntryBytes} may not exceed it. */
  readonly leafRoomBytes: number;
  /** Room for separators (each with the child right of it) in an internal node. */
  readonly branchRoomBytes: number;
  /** Longest key that may be written. */
  readonly maxKeyBytes: number;
  leafEntryBytes(keyLength: number): number;
  branchEntryBytes(keyLength: number): number;
  keyStart(page: Uint8Array, leaf: boolean, index: number): number;
  keyLength(page: Uint8Array, leaf: boolean, index: number): number;
  valueStart(page: Uint8Array, index: number): number;
  childStart(page: Uint8Array, index: number): number;
  /** Why the body cannot be read: counts or offsets outside the page. */
  findProblem(page: Uint8Array, leaf: boolean): string | undefined;
  /** What a structure check has to say beyond {@link findProblem}: wasted or missing space. */
  findSpaceProblem(page: Uint8Array, leaf: boolean): string | undefined;
  /** Makes the body of a page with a fresh head an empty one. */
  initialize(page: Uint8Array, leaf: boolean): void;
  /** Appends an entry to a page under construction; it has to fit. `count` entries are in it already. */
  appendLeafEntry(
    page: Uint8Array,
    count: number,
    key: Uint8Array,
    start: number,
    length: number,
    value: Uint8Array,
    valueAt: number,
  ): void;
  /** Appends the separator of children `count` and `count + 1`; the children are written by the caller. */
  appendBranchKey(page: Uint8Array, count: number, key: Uint8Array, start: number, length: number): void;
}
