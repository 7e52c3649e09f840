/** Data of one block, in both block formats. Java clients make smaller ones. */
export const MAX_BLOCK_DATA = 64 * 1024;

/** What one piece of the network may become. Honest requests have less than 100 bytes, and one is sent at a time. */
export const MAX_DECOMPRESSED_BYTES = 1024 * 1024;
