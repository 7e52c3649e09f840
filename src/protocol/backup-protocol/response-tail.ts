/**
 * The byte after the store id (spec common-protocol 7). The Java client reads every value except 0xFF as the start of a transaction stream.
 * Servers write 1, so anything else means damage.
 */
export const TAIL_TRANSACTIONS = 0x01;

/** Followed by one i64, the transaction to apply up to. A remnant of HA; backup servers never send it. */
export const TAIL_OBLIGATION = 0xff;

/** The obligation that requires nothing. */
export const NO_OBLIGATION = 1;
