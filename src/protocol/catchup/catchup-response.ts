import type { CatchupRequestKind } from './catchup-request.ts';
import type { CatchupStoreId } from './store-id-field.ts';

/** Status of a PREPARE_STORE_COPY_RESPONSE, by its number (spec catchup-protocol 8.2). */
export const prepareStatuses = ['SUCCESS', 'E_STORE_ID_MISMATCH', 'E_LISTING_STORE'] as const;
export type PrepareStatus = (typeof prepareStatuses)[number];

/** Status of a STORE_COPY_FINISHED, by its number. */
export const copyStatuses = ['SUCCESS', 'E_STORE_ID_MISMATCH', 'E_TOO_FAR_BEHIND', 'E_UNKNOWN'] as const;
export type CopyStatus = (typeof copyStatuses)[number];

/** Status of a TX_STREAM_FINISHED, by its number. 1 is the success of 3.4 and 3.5, which never send 0. */
export const streamStatuses = [
  'SUCCESS_END_OF_BATCH',
  'SUCCESS_END_OF_STREAM',
  'E_STORE_ID_MISMATCH',
  'E_STORE_UNAVAILABLE',
  'E_TRANSACTION_PRUNED',
  'E_INVALID_REQUEST',
] as const;
export type StreamStatus = (typeof streamStatuses)[number];

/** Content of a PREPARE_STORE_COPY_RESPONSE (spec catchup-protocol 10). */
export interface Prepared {
  status: PrepareStatus;
  /** C, the last check-pointed transaction; 0 on error. */
  transactionId: number;
  /** Names to request with STORE_FILE. */
  files: string[];
  /** Ids to request with INDEX_SNAPSHOT; always empty in 3.4 and 3.5. */
  indexIds: number[];
}

/** The message that ends the response to a request. */
export type CatchupOutcome =
  /** Undefined: the server does not know its store at the moment (spec catchup-protocol 9). */
  | { kind: 'storeId'; storeId: CatchupStoreId | undefined }
  | ({ kind: 'prepared' } & Prepared)
  | { kind: 'copyFinished'; status: CopyStatus }
  | { kind: 'streamFinished'; status: StreamStatus; transactionId: number };

/** The byte in the type frame of a response. */
export const ResponseType = {
  transaction: 1,
  storeId: 2,
  file: 3,
  copyFinished: 4,
  coreSnapshot: 5,
  streamFinished: 6,
  prepared: 7,
  indexSnapshot: 8,
} as const;

/** Only cluster members use core snapshots; we never request one. */
export type RequestWithAnswer = Exclude<CatchupRequestKind, 'coreSnapshot'>;

/** The messages that answer a request (spec catchup-protocol 8). */
export const answerTypes: Record<RequestWithAnswer, readonly number[]> = {
  storeId: [ResponseType.storeId],
  prepareStoreCopy: [ResponseType.file, ResponseType.prepared],
  storeFile: [ResponseType.file, ResponseType.copyFinished],
  indexSnapshot: [ResponseType.file, ResponseType.copyFinished],
  transactions: [ResponseType.transaction, ResponseType.streamFinished],
};
