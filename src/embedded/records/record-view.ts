import type { StoreKey } from '../../store/files/store-files.ts';
import type { StoreFormat } from '../../store/files/store-format.ts';
import type { RecordOf } from '../../store/graph/store-reader.ts';

/** Random access to records at one moment. */
export interface RecordReads {
  /** An object that nobody changes; undefined = not in use. */
  read<K extends StoreKey>(key: K, id: number): Readonly<RecordOf[K]> | undefined;
}

/** What a transaction has to know about the store that it changes: the records as of the last commit, and the settings. */
export interface RecordView extends RecordReads {
  readonly format: StoreFormat;
  /** Relationships of a node from which on its next one makes it dense; from the header of the relationship group store. */
  readonly denseThreshold: number;
  /** Data bytes of one record of a dynamic store. */
  dataBytes(key: StoreKey): number;
  /** First record of the properties of the graph itself, -1 = none. */
  readonly firstGraphProperty: number;
}

/** Gives out ids of records: each at most once within a transaction, those that it sets free included. */
export interface IdTaker {
  take(key: StoreKey): number;
}

/** Who has properties. */
export type Owner = { kind: 'node' | 'relationship'; id: number } | { kind: 'graph' };
