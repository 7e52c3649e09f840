/** Data bytes of one block in both block formats. Java clients make smaller ones. */
export const MAX_BLOCK_DATA = 64 * 1024;

/** Decompressed size of one piece from the network. Honest requests have less than 100 bytes and are sent one at a time. */
export const MAX_DECOMPRESSED_BYTES = 1024 * 1024;
