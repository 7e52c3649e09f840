/**
 * The byte behind the store id (spec common-protocol 7). The Java client takes every value but 0xFF for a transaction stream; servers write
 * 1, so anything else means damage.
 */
export const TAIL_TRANSACTIONS = 0x01;

/** Followed by one i64, the transaction to apply up to. Left over from HA; backup servers never send it. */
export const TAIL_OBLIGATION = 0xff;

/** The obligation that asks for nothing. */
export const NO_OBLIGATION = 1;
