import type { LoggedTransaction, PrecedingTransaction } from './logged-transaction.ts';

/**
 * What reads the transactions of one file, in either kind of format. It hands out undefined wherever the caller may take a turn, and ends
 * at the end of what the file holds now.
 */
export type LogScan = Generator<LoggedTransaction | undefined, ScanEnd>;

/** Why a scan ended. */
export type ScanEnd =
  /** Nothing follows: the end of the file, or zeros. */
  | 'end'
  /** Something has begun that is not complete: it is being written, was torn by a crash, or is damaged. */
  | 'unfinished';

/** What a scan knows, and what the next scan of the same or the next file has to know. */
export interface ScanState {
  /** Where to go on in the file. */
  offset: number;
  /** The last transaction, as far as it is known. */
  preceding: PrecedingTransaction | undefined;
}
