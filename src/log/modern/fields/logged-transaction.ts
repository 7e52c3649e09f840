import type { LogPosition } from '../../log-position.ts';

/** One complete transaction in a log, without its commands. */
export interface LoggedTransaction {
  readonly id: number;
  /** Milliseconds since 1970, as the clock of the server said. Neighbours may go back in time (spec modern-logs 6). */
  readonly commitTime: number;
  /** When it began. */
  readonly startTime: number;
  /** CRC-32C of all its bytes; in format 10 of its last envelope. Unsigned. */
  readonly checksum: number;
  /** The first byte of its first entry. */
  readonly start: LogPosition;
  /** Behind its last byte, in the file where that is: a log may be cut here. */
  readonly end: LogPosition;
  /** Bytes that it takes, without the header of a file between its parts. */
  readonly sizeBytes: number;
  readonly kernelVersion: number;
  /** Equal to the id in Community; undefined before 5.20. */
  readonly appendIndex: number | undefined;
  /** Checksum of the transaction before it; undefined where the format has none (5.20 to 2025.04 are the last that have it). */
  readonly previousChecksum: number | undefined;
  /** Last committed transaction when it began. */
  readonly lastCommittedWhenStarted: number;
}

/** What is known of the transaction before a position, so that the next one can be held against it. */
export type PrecedingTransaction = Pick<LoggedTransaction, 'id'> &
  Partial<Pick<LoggedTransaction, 'checksum' | 'appendIndex'>>;
