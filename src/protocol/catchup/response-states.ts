import { ResponseType } from './catchup-response.ts';
import { CHUNK_DATA, MAX_FRAME_PAYLOAD, MAX_NAME_BYTES, MAX_PREPARED_FRAME } from './limits.ts';
import { PREPARED_FAILURE_BYTES } from './prepared-field.ts';
import { STORE_ID_BYTES } from './store-id-field.ts';
import { COMMIT_BYTES } from './transaction-end.ts';

/** The decoder's position in a response. */
export const State = {
  type: 'between two messages',
  storeId: 'in the store id',
  fileHeader: 'before a file',
  beginFile: 'at the beginning of a file',
  chunkFlag: 'in a file',
  chunkData: 'in the data of a file',
  endFile: 'at the end of a file',
  transactionStore: 'before a transaction',
  beginTransaction: 'at the beginning of a transaction',
  transactionBytes: 'in a transaction',
  endTransaction: 'at the end of a transaction',
  copyFinished: 'in the end of a copy',
  streamFinished: 'in the end of the transactions',
  prepared: 'in the list of files',
  untyped: 'in a message without a type',
  finishing: 'at its end',
} as const;
export type State = (typeof State)[keyof typeof State];

/** Smallest and largest payload of the frame that begins in a state, and how many of its bytes are collected before they are decoded. */
export const frameSizes: Partial<Record<State, { least: number; most: number; collected?: number }>> = {
  [State.type]: { least: 1, most: 1 },
  [State.storeId]: { least: 1, most: 1 + STORE_ID_BYTES },
  [State.fileHeader]: { least: 4 + 1 + 4, most: 4 + MAX_NAME_BYTES + 4 },
  [State.chunkFlag]: { least: 4, most: 4 + CHUNK_DATA, collected: 4 },
  [State.transactionStore]: {
    least: 1 + STORE_ID_BYTES + COMMIT_BYTES,
    most: MAX_FRAME_PAYLOAD,
    collected: 1 + STORE_ID_BYTES,
  },
  [State.copyFinished]: { least: 4, most: 4 },
  [State.streamFinished]: { least: 12, most: 12 },
  [State.prepared]: { least: PREPARED_FAILURE_BYTES, most: MAX_PREPARED_FRAME },
  [State.untyped]: { least: PREPARED_FAILURE_BYTES, most: PREPARED_FAILURE_BYTES },
};

/** The state after the type frame of a message. */
export const afterType: Record<number, State> = {
  [ResponseType.transaction]: State.transactionStore,
  [ResponseType.storeId]: State.storeId,
  [ResponseType.file]: State.fileHeader,
  [ResponseType.copyFinished]: State.copyFinished,
  [ResponseType.streamFinished]: State.streamFinished,
  [ResponseType.prepared]: State.prepared,
};
