/** Bounds on everything that a log file or a peer can claim. A length beyond its bound is damage, and is never allocated. */

/** Additional header of a Start entry. Servers write 8 bytes (spec transaction-logs 2). */
export const MAX_START_HEADER_BYTES = 65_536;

/** Data of one dynamic record; a store record cannot exceed a page of 8 KiB. */
export const MAX_DYNAMIC_DATA_BYTES = 65_536;

/** One entry that arrives in pieces over the network and is kept until it is complete. */
export const MAX_STREAMED_ENTRY_BYTES = 512 * 1024 * 1024;

/** One transaction in a log file, which must fit in memory as a whole. */
export const MAX_TRANSACTION_BYTES = 2 ** 31 - 1;
