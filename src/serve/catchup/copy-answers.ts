import { throwIfCancelled } from '../../base/cancellation.ts';
import { startTimer } from '../../base/timers.ts';
import type { CatchupRequest } from '../../protocol/catchup/catchup-request.ts';
import { classifyDatabaseFile } from '../../store/files/store-files.ts';
import type { ServedCopy, ServedFile } from '../database/served-database.ts';
import { type AnswerScope, requireReached, requireSameStore, writeFile } from './answer-scope.ts';
import { writeLabelScan } from './label-scan-answer.ts';

type Request<K extends CatchupRequest['kind']> = Extract<CatchupRequest, { kind: K }>;

/**
 * PREPARE_STORE_COPY (spec catchup-protocol 10): makes or joins a check point, sends every file that replay could not repair, and names the
 * others. Begins the lease, which ends with the transactions. Unlike a real server, it does not name the label scan store again: that was
 * sent, and a check point might tear a second copy.
 */
export async function writePreparedCopy({ storeId }: Request<'prepareStoreCopy'>, scope: AnswerScope): Promise<void> {
  requireSameStore(storeId, scope);
  const { database, writer, signal, limits } = scope;
  scope.lease?.close();
  const copy = await database.openFullCopy(signal, { logs: false });
  const lease = scope.leases.open(copy, signal, {
    maxHoldMs: limits.maxHoldMs,
    lingerMs: limits.idleTimeoutMs > 0 ? limits.idleTimeoutMs : limits.requestTimeoutMs,
    onHeldTooLong: scope.onHeldTooLong,
    onUse: scope.onUse,
  });
  try {
    throwIfCancelled(signal);
    await writeFiles(copy, (file) => !isNamed(file), scope);
    const names = copy.files.filter(isNamed).map(({ name }) => name);
    lease.notePrepared();
    scope.lease = lease;
    await writer.prepared({ status: 'SUCCESS', transactionId: copy.lastTransaction, files: names, indexIds: [] });
  } catch (error) {
    lease.close();
    throw error;
  }
}

function isLabelScan({ name }: ServedFile): boolean {
  return classifyDatabaseFile(name) === 'label-scan';
}

/** Fetched with STORE_FILE. The metadata store remains the last file of a copy. */
function isNamed({ name }: ServedFile): boolean {
  return ['record-store', 'metadata', 'explicit-index-config'].includes(classifyDatabaseFile(name));
}

async function writeFiles(
  copy: ServedCopy,
  isWanted: (file: ServedFile) => boolean,
  scope: AnswerScope,
): Promise<void> {
  for (const file of copy.files.filter(isWanted)) {
    throwIfCancelled(scope.signal);
    if (isLabelScan(file)) await writeLabelScan(copy, file, scope);
    else await writeFile(file, copy.readFile(file, scope.signal), scope);
  }
}

/** STORE_FILE (spec catchup-protocol 11): the current content of a file, over any connection. */
export async function writeStoreFile(request: Request<'storeFile'>, scope: AnswerScope): Promise<void> {
  requireSameStore(request.storeId, scope);
  requireReached(request.requiredTransactionId, scope);
  const endUse = scope.leases.use(request.requiredTransactionId);
  try {
    const file = await scope.database.openFile(request.name, scope.signal);
    await whileHolding(file, scope, () => writeFile(file, file.read(scope.signal), scope));
    await scope.writer.copyFinished('SUCCESS');
  } finally {
    endUse();
  }
}

/** INDEX_SNAPSHOT (spec catchup-protocol 12): an unknown index has no files and is not an error. */
export async function writeIndexFiles(request: Request<'indexSnapshot'>, scope: AnswerScope): Promise<void> {
  requireSameStore(request.storeId, scope);
  requireReached(request.requiredTransactionId, scope);
  const folder = new RegExp(`^schema/index/[^/]+/${request.indexId}/`);
  const copy = await scope.database.openFullCopy(scope.signal, { logs: false });
  await whileHolding(copy, scope, () => writeFiles(copy, ({ name }) => folder.test(name), scope));
  await scope.writer.copyFinished('SUCCESS');
}

/** Runs `work`, then closes what it held: earlier if the connection ends; the client is cut off if it takes too long. */
async function whileHolding(
  held: Pick<ServedCopy, 'holdsCheckPoints' | 'close'>,
  { signal, limits, onHeldTooLong }: AnswerScope,
  work: () => Promise<void>,
): Promise<void> {
  const hasLimit = held.holdsCheckPoints && limits.maxHoldMs > 0;
  const limit = hasLimit ? startTimer(onHeldTooLong, limits.maxHoldMs).unref() : undefined;
  // Waiting for a slow client must not hold up check points.
  const close = () => held.close();
  signal.addEventListener('abort', close, { once: true });
  try {
    throwIfCancelled(signal);
    await work();
  } finally {
    clearTimeout(limit);
    signal.removeEventListener('abort', close);
    held.close();
  }
}
