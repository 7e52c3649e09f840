import type { PendingLog } from '../../replay/pending-log.ts';
import type { FileFault } from '../../store/files/store-recognition.ts';

/**
 * What a store directory holds, as `inspect --json` prints it. Times are ISO 8601. What cannot be known is absent, and `problems` says
 * why: nothing here is a guess.
 */
export interface Inspection {
  directory: string;
  /** A server or another command holds the lock. */
  inUse: boolean;
  store: { createdAt: string | undefined; randomId: string; version: string; format: string; release: string };
  /** Store files that are missing, or no regular files. All of them. */
  faults: FileFault[];
  /** After recovery, if that is needed; as `neostore` says it where the log cannot be read. */
  lastTransaction: { id: number; committedAt: string | undefined };
  log: {
    /** Of 4.2 and later, where it is not beside the store. */
    directory?: string;
    files: { name: string; bytes: number }[];
    /** Time and reason: of 4.2 and later. */
    checkPoint: { file: number; offset: number; writtenAt?: string; reason?: string } | undefined;
    /** `left-to-server`: see `pending`. `unreadable`: a gap or damage; nobody knows then what a recovery would do. */
    state: 'clean' | 'needs-recovery' | 'left-to-server' | 'absent' | 'unreadable';
    /** What a recovery would replay and cut off; undefined if the log cannot be read. */
    transactionsToReplay: number | undefined;
    tornBytes: number | undefined;
    /** Transactions that a server finishes at its first start, because of explicit indexes; records and counts hold them already. */
    pending?: PendingLog;
    /** Of 4.2 and later: what follows the last transaction is none yet, or was torn. */
    endsUnfinished?: boolean;
    /** Of 4.2 and later: who wrote the last entry, by its kernel version. */
    kernelVersion?: number;
    writtenBy?: string;
    /** Of 4.2 and later: the first transaction that the log holds, if it holds any. */
    firstTransaction?: number;
  };
  /** Of the counts store, if it is as new as the store and nothing waits for recovery. */
  counts: { nodes: number; relationships: number; transaction: number } | undefined;
  /** Undefined if the schema or the names in it cannot be read. */
  schema: { indexes: SchemaItem[]; constraints: SchemaItem[] } | undefined;
  files: number;
  bytes: number;
  /** Why something is not known, one sentence each. */
  problems: string[];
}

export interface SchemaItem {
  type: string;
  on: 'node' | 'relationship';
  /** Labels or relationship types. */
  tokens: string[];
  properties: string[];
  provider?: string;
  name?: string;
}
