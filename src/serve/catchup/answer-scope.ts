import { GraphkeepError } from '../../base/errors.ts';
import type { ResponseWriter } from '../../protocol/catchup/response-writer.ts';
import type { CatchupStoreId } from '../../protocol/catchup/store-id-field.ts';
import { formatStoreId, relateStores } from '../../store/files/store-id.ts';
import type { ListenerLimits } from '../conversation/listener-options.ts';
import type { ServedDatabase, ServedFile } from '../database/served-database.ts';
import type { CopyLease } from './copy-lease.ts';
import type { CopyLeases } from './copy-leases.ts';

/** Shared by the answers on one connection. */
export interface AnswerScope {
  /** The database of the current request. */
  database: ServedDatabase;
  readonly limits: ListenerLimits;
  readonly leases: CopyLeases;
  /** Aborted when the connection has ended or is about to end. */
  readonly signal: AbortSignal;
  readonly writer: ResponseWriter;
  /** Cuts off a client that has held check points for too long. */
  readonly onHeldTooLong: () => void;
  /** Keeps the idle connection open while other connections use its lease. */
  readonly onUse: (isUsed: boolean) => void;
  /** What this client has prepared. */
  lease: CopyLease | undefined;
  /** A file or transaction was begun and has not ended: nothing else can be sent. */
  isBroken: boolean;
}

/** @throws GraphkeepError `serve.other-store`, also if the stores differ only by an upgrade (spec catchup-protocol 10) */
export function requireSameStore(storeId: CatchupStoreId | undefined, { database }: AnswerScope): void {
  const relation = storeId === undefined ? 'other' : relateStores(storeId, database.storeId);
  if (relation === 'same') return;
  const asked = storeId === undefined ? 'no store id' : formatStoreId(storeId);
  throw new GraphkeepError(
    'serve.other-store',
    relation === 'upgraded'
      ? 'an upgrade lies between the backup of the client and the store'
      : 'the client asks for another store',
    { observed: `client: ${asked}; here: ${formatStoreId(database.storeId)}` },
  );
}

/** @throws GraphkeepError `serve.behind`, after starting a check point (spec catchup-protocol 11) */
export function requireReached(transaction: number, { database }: AnswerScope): void {
  if (database.hasReached(transaction)) return;
  throw new GraphkeepError('serve.behind', 'no check point was made here that covers what the client has', {
    observed: `transaction ${transaction}`,
  });
}

/** Sends one file (spec catchup-protocol 8.1). */
export async function writeFile(
  file: ServedFile,
  pieces: AsyncIterable<Uint8Array>,
  scope: AnswerScope,
): Promise<void> {
  const { writer } = scope;
  scope.isBroken = true;
  await writer.beginFile(file.name, file.alignment);
  for await (const piece of pieces) await writer.fileBytes(piece);
  await writer.endFile();
  scope.isBroken = false;
}
