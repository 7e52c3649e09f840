/** The steps of a replay, in their order: read the log, write the records, then what is derived from them. */
export type ReplayPhase = 'collect' | 'records' | 'label-scan' | 'indexes' | 'counts';

/** How far a phase has come; 0 is told when it begins. A phase without anything to do may be told of as 0 of 0. */
export interface ReplayProgress {
  kind: 'replay-progress';
  phase: ReplayPhase;
  /** What is counted: bytes of the log, store files, indexes. */
  unit: 'bytes' | 'files' | 'indexes';
  done: number;
  total: number;
}

/** An index that only a server can bring up to date: its files were removed, and the server populates it at its next start. */
export interface IndexLeftToServer {
  /** The name that the user knows, or `index_<rule id>`. */
  index: string;
  /** `<key>-<version>`. */
  provider: string;
  /**
   * `created-later`: after the store that the log is applied to; `changes-unknown`: they cannot be told one by one; `not-writable`: its
   * files, or values that belong into it, are none that we can write: see {@link detail}.
   */
  why: 'created-later' | 'changes-unknown' | 'not-writable';
  /** What was met in the files or values, in the words of an error. */
  detail?: string;
}

/** What a replay tells of itself. */
export type ReplayEvent =
  | ReplayProgress
  /** A store was brought to the end of its log. */
  | { kind: 'log-applied'; transactions: number; records: number }
  | ({ kind: 'index-left-to-server' } & IndexLeftToServer)
  /** A fulltext index whose settings the store does not have: servers do not send them. */
  | { kind: 'fulltext-settings-missing'; index: string }
  /** From this transaction on the log waits for the server, which alone can change explicit indexes. */
  | { kind: 'explicit-indexes-left-to-server'; firstTransaction: number };
