import { join } from 'node:path';
import { statIfExists } from '../../base/durable-files.ts';
import type { GraphkeepError } from '../../base/errors.ts';
import { logFileName } from '../../log/log-files.ts';
import { LogWriter } from '../../log/v3/log-writer.ts';
import { type StreamedTransaction, type TransactionSink, TransactionStream } from '../../log/v3/transaction-stream.ts';
import type { Manifest } from '../catalogue/manifest.ts';
import { baseFolder, logFolder } from '../catalogue/object-keys.ts';
import type { RestorePlan } from '../catalogue/restore-plan.ts';
import { formatSegmentName, parseSegmentName } from '../catalogue/segment-name.ts';
import { objectError } from '../object-errors.ts';
import type { ExpectedObject } from '../seal/unseal/whole-object.ts';
import { TransactionSpool } from '../tar/transaction-spool.ts';
import { readTransactions, type StoredObjects } from './stored-objects.ts';

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
    for (const group of groupPieces(manifest, own)) {
      const pieces = group.map((object) => ({ key: object.key, plain: objects.read(object) }));
      await log.append(pieces, group[0]!.first);
    }
    const last = manifest.consistentAt;
    log.requireLast(last.transaction, last.checksum, own);
    const folder = logFolder(manifest.database, manifest.timeline);
    for (const segment of plan.segments) {
      if (log.isEnded) break;
      const pieces = segment.names.map((name) => {
        const key = `${folder}/${formatSegmentName(name)}`;
        return { key, plain: objects.readNamed(key, name.digest) };
      });
      await log.append(pieces, segment.first);
      if (!log.isEnded) log.requireLast(segment.last, segment.checksum, folder);
    }
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

/** An object of the log of a base, and its first transaction. */
type LogObject = ExpectedObject & { readonly first: number };

/** The objects of the log of a base; pieces of one transaction belong together. */
function groupPieces({ log }: Manifest, folder: string): LogObject[][] {
  const groups: LogObject[][] = [];
  for (const { object, bytes, sha256 } of log) {
    const key = `${folder}/${object}`;
    const name = parseSegmentName(object.replace(/^log\//, ''));
    const group = name?.piece === 0 ? [] : groups.at(-1);
    if (name === undefined || group === undefined)
      throw objectError('repository.object-damaged', key, 'no object of a log has such a name');
    if (name.piece === 0) groups.push(group);
    group.push({ key, bytes, sha256: Buffer.from(sha256, 'hex'), first: name.first });
  }
  return groups;
}

/** An object that holds transactions, or a piece of one. */
interface LogPiece {
  readonly key: string;
  readonly plain: AsyncIterable<Uint8Array>;
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
  /** The object that is read. */
  private place = '';

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

  /** Appends the transactions of an object, or of all pieces of one that is large. */
  async append(pieces: readonly LogPiece[], first: number): Promise<void> {
    this.place = pieces[0]!.key;
    const stream = new TransactionStream({ sink: this, place: { file: this.place }, firstTransaction: first });
    for (const { key, plain } of pieces) {
      stream.feed(await readTransactions(plain, key));
    }
    stream.end();
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
