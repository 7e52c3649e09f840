import { GraphkeepError } from '../../base/errors.ts';
import type { ResponseWriter } from '../../protocol/catchup/response-writer.ts';
import type { CatchupStoreId } from '../../protocol/catchup/store-id-field.ts';
import { formatStoreId, relateStores } from '../../store/files/store-id.ts';
import type { ListenerLimits } from '../conversation/listener-options.ts';
import type { ServedDatabase, ServedFile } from '../database/served-database.ts';
import type { CopyLease } from './copy-lease.ts';
import type { CopyLeases } from './copy-leases.ts';

/** What the answers on one connection share. */
export interface AnswerScope {
  readonly database: ServedDatabase;
  readonly limits: ListenerLimits;
  readonly leases: CopyLeases;
  /** Aborted when the connection is gone or about to go. */
  readonly signal: AbortSignal;
  readonly writer: ResponseWriter;
  /** Cuts the client off: it held check points for too long. */
  readonly onHeldTooLong: () => void;
  /** Keeps the connection open although nothing comes, while others use its lease. */
  readonly onUse: (isUsed: boolean) => void;
  /** What this client has prepared. */
  lease: CopyLease | undefined;
  /** A file or transaction was begun and has not ended: nothing else can be said. */
  isBroken: boolean;
}

/** @throws GraphkeepError `serve.other-store`, also if only an upgrade lies between the two (spec catchup-protocol 10) */
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

/** @throws GraphkeepError `serve.behind`; then a check point was begun (spec catchup-protocol 11) */
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
