import type { OpenTransaction } from './open-transaction.ts';

/** What has to be known from one envelope to the next, over files too: a transaction may be in several of them. */
export interface EnvelopeChain {
  /** Checksum of the last envelope; undefined if it is not known. */
  checksum: number | undefined;
  /** Append index of the transaction that began last; undefined if it is not known. */
  begun: number | undefined;
  /** A transaction of which some envelopes are still to come. */
  open: OpenTransaction | undefined;
  /** Nothing was read before this place, so the rest of a transaction may stand here. */
  isLeading: boolean;
}
