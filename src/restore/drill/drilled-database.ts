/** What every drill finds out of the database that it has restored. */
export interface DrilledDatabase {
  /** The last transaction, and when it was committed. */
  readonly transaction: number;
  readonly commitTime: Date;
  /** Undefined if they cannot be had. */
  readonly nodes: number | undefined;
  readonly relationships: number | undefined;
  /** Until it was exact. */
  readonly restoreMs: number;
  readonly checkMs: number;
}
