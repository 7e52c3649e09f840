/** The steps of a replay in order: read the log, write the records, then update what is derived from them. */
export type ReplayPhase = 'collect' | 'records' | 'label-scan' | 'indexes' | 'counts';

/** Progress of a phase, starting with 0. A phase with nothing to do may report 0 of 0. */
export interface ReplayProgress {
  kind: 'replay-progress';
  phase: ReplayPhase;
  /** What is counted: bytes of the log, store files, indexes. */
  unit: 'bytes' | 'files' | 'indexes';
  done: number;
  total: number;
}

/** An index that only a server can bring up to date. Its files were removed, and the server populates it at its next start. */
export interface IndexLeftToServer {
  /** The name that the user knows, or `index_<rule id>`. */
  index: string;
  /** `<key>-<version>`. */
  provider: string;
  /**
   * `created-later`: created after the store to which the log is applied. `changes-unknown`: the single changes are not known.
   * `not-writable`: we cannot write its files or some of its values; see {@link detail}.
   */
  why: 'created-later' | 'changes-unknown' | 'not-writable';
  /** The problem in the files or values, as an error message. */
  detail?: string;
}

/** Events of a replay. */
export type ReplayEvent =
  | ReplayProgress
  /** A store was brought to the end of its log. */
  | { kind: 'log-applied'; transactions: number; records: number }
  | ({ kind: 'index-left-to-server' } & IndexLeftToServer)
  /** A fulltext index without its settings in the store: servers do not send them. */
  | { kind: 'fulltext-settings-missing'; index: string }
  /** From this transaction on the log is left to the server, because only a server can change explicit indexes. */
  | { kind: 'explicit-indexes-left-to-server'; firstTransaction: number };
