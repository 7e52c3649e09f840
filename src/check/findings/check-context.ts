import type { StoreReader } from '../../store/graph/store-reader.ts';
import type { ReportFinding } from './finding.ts';
import type { TokenIds } from './token-ids.ts';

/** What to check; the flags of the command (spec consistency-check 1). */
export interface WantedParts {
  /** Records, tokens, counts, and whether indexes hold what the records say. */
  graph: boolean;
  /** Schema indexes. */
  indexes: boolean;
  labelScan: boolean;
  /** Whether property chains have several owners. */
  propertyOwners: boolean;
}

/** What is checked. */
export interface CheckParts extends WantedParts {
  /** Whether label scan store and indexes hold what the records say. They need not while a log is left to a server. */
  derivedEntries: boolean;
}

/** Shared by all parts of a check. */
export interface CheckContext {
  readonly reader: StoreReader;
  readonly tokens: TokenIds;
  readonly parts: CheckParts;
  readonly report: ReportFinding;
  /** Memory for everything in a part that grows with the store. */
  readonly budgetBytes: number;
  readonly signal: AbortSignal | undefined;
  /** Reports the progress of a phase in bytes. */
  progress(phase: string, done: number, total: number): void;
}
