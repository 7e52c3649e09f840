export interface PropertyRecord {
  id: number;
  inUse: boolean;
  prev: number;
  next: number;
  /** Used 8-byte blocks, 0..4. */
  blockCount: number;
  /** 32 bytes, the blocks as they stand in the file (big-endian); only the first `8 * blockCount` bytes have meaning. */
  blocks: Uint8Array;
  /** high_limit: stored in the fixed form. */
  fixedReferences: boolean;
}
