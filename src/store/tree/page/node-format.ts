/**
 * Bodies of tree nodes: where keys, values and children are in a page, and how many fit. All positions are byte offsets in the page. Call
 * {@link findProblem} once for each page that was read; the other methods rely on its result.
 */
export interface NodeFormat {
  readonly pageBytes: number;
  readonly valueBytes: number;
  /** Room for entries in a leaf: the maximum sum of {@link leafEntryBytes}. */
  readonly leafRoomBytes: number;
  /** Room for separators (each with the child to its right) in an internal node. */
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
  /** Problems for a structure check beyond {@link findProblem}: wasted or missing space. */
  findSpaceProblem(page: Uint8Array, leaf: boolean): string | undefined;
  /** Initializes an empty body in a page with a fresh head. */
  initialize(page: Uint8Array, leaf: boolean): void;
  /** Appends an entry to a page under construction; it must fit. `count` entries are in it already. */
  appendLeafEntry(
    page: Uint8Array,
    count: number,
    key: Uint8Array,
    start: number,
    length: number,
    value: Uint8Array,
    valueAt: number,
  ): void;
  /** Appends the separator of children `count` and `count + 1`; the caller writes the children. */
  appendBranchKey(page: Uint8Array, count: number, key: Uint8Array, start: number, length: number): void;
}
