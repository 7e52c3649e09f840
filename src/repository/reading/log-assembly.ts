import { join } from 'node:path';
import { statIfExists } from '../../base/durable-files.ts';
import type { GraphkeepError } from '../../base/errors.ts';
import { deliverInOrder } from '../../base/slots.ts';
import { logFileName } from '../../log/log-files.ts';
import { LogWriter } from '../../log/v3/log-writer.ts';
import { type StreamedTransaction, type TransactionSink, TransactionStream } from '../../log/v3/transaction-stream.ts';
import type { Manifest } from '../catalogue/manifest.ts';
import { baseFolder, logFolder } from '../catalogue/object-keys.ts';
import type { RestorePlan } from '../catalogue/restore-plan.ts';
import { formatSegmentName, parseSegmentName } from '../catalogue/segment-name.ts';
import { objectError } from '../object-errors.ts';
import { TransactionSpool } from '../tar/transaction-spool.ts';
import { readTransactions, type StoredObjects } from './stored-objects.ts';

/** Objects in memory at the same time. */
const SLOTS = 3;

/** The last transaction of an assembled log. */
export interface AssembledLog {
  readonly transaction: number;
  readonly commitTime: Date;
}

/**
 * Writes the log that makes the files of a base exact: its own transactions, and those of the segments of a plan up to its end. The log
 * file of the base, with its header, is in the directory already. Every id is compared, and the checksum at the end of each segment.
 */
export async function assembleLog(
  objects: StoredObjects,
  manifest: Manifest,
  plan: Pick<RestorePlan, 'segments' | 'end'>,
  directory: string,
): Promise<AssembledLog> {
  const { version } = manifest.checkPoint.position;
  const file = join(directory, logFileName(version));
  const offset = (await statIfExists(file))?.size ?? 0;
  const writer = LogWriter.open(directory, { version, offset });
  const log = new GrowingLog(writer, manifest, plan.end);
  try {
    const own = baseFolder(manifest.database, manifest.timeline, manifest.id);
    requireJoined(manifest, own);
    await deliverInOrder(piecesOfBase(objects, manifest, own), SLOTS, begin, (begun) => log.append(begun), stop);
    const last = manifest.consistentAt;
    log.requireLast(last.transaction, last.checksum, own);
    const folder = logFolder(manifest.database, manifest.timeline);
    const pieces = piecesOfSegments(objects, plan, folder, log);
    await deliverInOrder(pieces, SLOTS, begin, (begun) => log.append(begun), stop);
    await writer.force();
    return log.last;
  } finally {
    log.close();
    writer.close();
  }
}

/** The log of a base begins right behind its check point, or there is nothing between that and its end. */
function requireJoined({ checkPoint, consistentAt, log }: Manifest, folder: string): void {
  const first = log.length === 0 ? consistentAt.transaction + 1 : parseSegmentName(log[0]!.object.slice(4))?.first;
  if (first === checkPoint.transaction + 1) return;
  throw objectError('repository.object-damaged', folder, 'the log does not begin at the check point of the base', {
    observed: `transaction ${first ?? 'unknown'} in place of ${checkPoint.transaction + 1}`,
  });
}

/** An object that holds transactions, or a piece of one. */
interface LogPiece {
  readonly key: string;
  readonly plain: AsyncGenerator<Uint8Array>;
  /** Of its first transaction; undefined if it goes on with that of the piece before it. */
  readonly first: number | undefined;
  /** True for the last piece of a transaction. */
  readonly isLast: boolean;
  /** What the log must end with then. */
  readonly end?: { readonly id: number; readonly checksum: bigint; readonly key: string };
}

function piecesOfBase(objects: StoredObjects, { log }: Manifest, folder: string): LogPiece[] {
  const names = log.map(({ object }) => parseSegmentName(object.replace(/^log\//, '')));
  return log.map(({ object, bytes, sha256 }, i) => {
    const key = `${folder}/${object}`;
    const name = names[i];
    if (name === undefined || (i === 0 && name.piece !== 0))
      throw objectError('repository.object-damaged', key, 'no object of a log has such a name');
    const plain = objects.read({ key, bytes, sha256: Buffer.from(sha256, 'hex') });
    const isLast = (names[i + 1]?.piece ?? 0) === 0;
    return { key, plain, first: name.piece === 0 ? name.first : undefined, isLast };
  });
}

/** Ends when the log has. */
function* piecesOfSegments(
  objects: StoredObjects,
  { segments }: Pick<RestorePlan, 'segments'>,
  folder: string,
  log: GrowingLog,
): Generator<LogPiece> {
  for (const { names, first, last, checksum } of segments) {
    for (const [i, name] of names.entries()) {
      if (log.isEnded) return;
      const key = `${folder}/${formatSegmentName(name)}`;
      const plain = objects.readNamed(key, name.digest);
      const isLast = i === names.length - 1;
      const end = isLast ? { end: { id: last, checksum, key: folder } } : {};
      yield { key, plain, first: i === 0 ? first : undefined, isLast, ...end };
    }
  }
}

/** A piece whose object is in memory. */
interface BegunPiece {
  readonly piece: LogPiece;
  readonly start: IteratorResult<Uint8Array>;
}

/** Fetches and unseals a piece while those before it are written. */
async function begin(piece: LogPiece): Promise<BegunPiece> {
  return { piece, start: await piece.plain.next() };
}

function stop({ piece }: BegunPiece): void {
  // It has no more work to do than to give memory back.
  piece.plain.return(undefined).catch(() => {});
}

async function* restOf({ piece, start }: BegunPiece): AsyncGenerator<Uint8Array> {
  try {
    if (start.done === true) return;
    yield start.value;
    yield* piece.plain;
  } finally {
    await piece.plain.return(undefined);
  }
}

class GrowingLog implements TransactionSink {
  private readonly writer: LogWriter;
  private readonly end: RestorePlan['end'];
  private readonly spool = new TransactionSpool();
  private id: number;
  private checksum: bigint;
  private commitTime: Date;
  /** False until the first transaction of the base: the log may begin anywhere at or before what its files hold. */
  private isAnyKnown: boolean;
  isEnded = false;
  /** The object that is read, the first one of a large transaction. */
  private place = '';
  private stream: TransactionStream | undefined;

  constructor(writer: LogWriter, { consistentAt, log }: Manifest, end: RestorePlan['end']) {
    this.isAnyKnown = log.length === 0;
    this.writer = writer;
    this.end = end;
    this.id = consistentAt.transaction;
    this.checksum = consistentAt.checksum;
    this.commitTime = consistentAt.commitTime;
  }

  get last(): AssembledLog {
    return { transaction: this.id, commitTime: this.commitTime };
  }

  /** Appends the transactions of an object, or of a piece of one that is large. */
  async append(begun: BegunPiece): Promise<void> {
    const { key, first, isLast, end } = begun.piece;
    if (this.isEnded) return stop(begun);
    if (first !== undefined) {
      this.place = key;
      this.stream = new TransactionStream({ sink: this, place: { file: key }, firstTransaction: first });
    }
    for await (const bytes of readTransactions(restOf(begun), key)) this.stream!.feed(bytes);
    if (isLast) this.stream!.end();
    if (end !== undefined && !this.isEnded) this.requireLast(end.id, end.checksum, end.key);
  }

  takeBytes(bytes: Buffer): void {
    if (!this.isEnded) this.spool.add(bytes);
  }

  takeTransaction({ transactionId: id, checksum, timeCommitted }: StreamedTransaction): void {
    if (this.isEnded) return;
    const time = new Date(timeCommitted);
    // What overlaps the segment before it is there already.
    const isKnown = this.isAnyKnown && id <= this.id;
    if (!isKnown && this.isBehindEnd(id, time)) {
      this.isEnded = true;
    } else if (!isKnown) {
      if (this.isAnyKnown && id !== this.id + 1) throw gap(this.place, this.id, id);
      for (const piece of this.spool.read()) this.writer.appendRaw(piece, id);
      this.isAnyKnown = true;
      this.id = id;
      this.checksum = checksum;
      this.commitTime = time;
    }
    this.spool.clear();
  }

  requireLast(id: number, checksum: bigint, key: string): void {
    if (this.id === id && this.checksum === checksum) return;
    throw objectError('repository.object-damaged', key, `the log should reach transaction ${id}`, {
      observed: `transaction ${this.id}, checksum ${this.checksum} in place of ${checksum}`,
    });
  }

  close(): void {
    this.spool.clear();
  }

  private isBehindEnd(id: number, time: Date): boolean {
    if (this.end === undefined) return false;
    return 'transaction' in this.end ? id > this.end.transaction : time > this.end.before;
  }
}

function gap(key: string, last: number, next: number): GraphkeepError {
  return objectError('repository.object-damaged', key, 'transactions are missing before it', {
    observed: `${next} after ${last}`,
  });
}
