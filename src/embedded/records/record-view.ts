import type { StoreKey } from '../../store/files/store-files.ts';
import type { StoreFormat } from '../../store/files/store-format.ts';
import type { RecordOf } from '../../store/graph/store-reader.ts';

/** Random access to records as of one moment. */
export interface RecordReads {
  /** An object that nobody may change; undefined = not in use. */
  read<K extends StoreKey>(key: K, id: number): Readonly<RecordOf[K]> | undefined;
}

/** What a transaction needs to know about the store it changes: the records as of the last commit, and the settings. */
export interface RecordView extends RecordReads {
  readonly format: StoreFormat;
  /** A node with this many relationships becomes dense with the next one; from the header of the relationship group store. */
  readonly denseThreshold: number;
  /** Data bytes of one record of a dynamic store. */
  dataBytes(key: StoreKey): number;
  /** First record of the properties of the graph itself, -1 = none. */
  readonly firstGraphProperty: number;
}

/** Allocates record ids: each at most once within a transaction, including ids that it frees. */
export interface IdTaker {
  take(key: StoreKey): number;
}

/** Anything that has properties. */
export type Owner = { kind: 'node' | 'relationship'; id: number } | { kind: 'graph' };
