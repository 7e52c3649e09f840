import type { StreamedTransaction, TransactionSink } from '../../log/v3/transaction-stream.ts';
import { MOST_PLAIN_BYTES } from '../seal/frames/limits.ts';
import { TAR_END_BYTES, TAR_ENTRY_BYTES, TRANSACTIONS_ENTRY } from '../tar/tar-content.ts';
import { TransactionSpool } from '../tar/transaction-spool.ts';
import { type SegmentPlace, type StoredSegment, storeSegment } from './stored-segment.ts';

const ROOM_BYTES = MOST_PLAIN_BYTES - TAR_ENTRY_BYTES - TAR_END_BYTES;

export interface SegmentLogOptions extends SegmentPlace {
  /** Transactions up to this one are stored already, and passed over. */
  readonly after?: number;
  /** Plain bytes of a segment. */
  readonly roomBytes?: number;
}

/** Transactions that go into one object, or one that needs several. */
interface Run {
  first: number;
  last: number;
  newestCommit: number;
  checksum: bigint;
  content: Buffer[] | TransactionSpool;
  bytes: number;
}

/**
 * Stores transactions as segments of at most 16 MiB, whole ones, or pieces of one that is larger (spec repository-layout 3). A segment is
 * sent when the next one begins, or at the end, and only after the one before it is there: whatever fails, the log has no gap.
 */
export class SegmentLog implements TransactionSink {
  readonly stored: StoredSegment[] = [];
  /** The last transaction that came. */
  last: { id: number; checksum: bigint; commitTime: number } | undefined;
  /** The last transaction that is there; 0 if none is. */
  reached = 0;
  /** Of everything that came. */
  newestCommit = 0;
  private readonly options: SegmentLogOptions;
  private readonly roomBytes: number;
  private current = new TransactionSpool();
  private open: Run | undefined;
  private ready: Run[] = [];

  constructor(options: SegmentLogOptions) {
    this.options = options;
    this.roomBytes = options.roomBytes ?? ROOM_BYTES;
  }

  takeBytes(bytes: Buffer): void {
    this.current.add(bytes);
  }

  takeTransaction({ transactionId: id, checksum, timeCommitted }: StreamedTransaction): void {
    if (id <= (this.options.after ?? 0)) {
      this.current.clear();
      return;
    }
    this.newestCommit = Math.max(this.newestCommit, timeCommitted);
    this.last = { id, checksum, commitTime: timeCommitted };
    const { bytes } = this.current;
    if (this.open !== undefined && this.open.bytes + bytes > this.roomBytes) this.closeRun();
    if (bytes > this.roomBytes) {
      const content = this.current;
      this.ready.push({ first: id, last: id, newestCommit: timeCommitted, checksum, content, bytes });
      this.current = new TransactionSpool();
      return;
    }
    this.open ??= { first: id, last: id, newestCommit: 0, checksum, content: [], bytes: 0 };
    const run = this.open;
    run.last = id;
    run.checksum = checksum;
    run.newestCommit = Math.max(run.newestCommit, timeCommitted);
    run.bytes += bytes;
    for (const piece of this.current.read()) (run.content as Buffer[]).push(Buffer.from(piece));
    this.current.clear();
  }

  drain(): Promise<void> | undefined {
    return this.ready.length === 0 ? undefined : this.sendReady();
  }

  /** Stores the rest. */
  async finish(): Promise<void> {
    this.closeRun();
    await this.sendReady();
  }

  /** Drops what is not stored. */
  abandon(): void {
    this.current.clear();
    for (const { content } of this.ready.splice(0)) if (content instanceof TransactionSpool) content.clear();
    this.open = undefined;
  }

  private closeRun(): void {
    if (this.open !== undefined) this.ready.push(this.open);
    this.open = undefined;
  }

  private async sendReady(): Promise<void> {
    while (this.ready.length > 0) {
      const run = this.ready[0]!;
      if (run.content instanceof TransactionSpool) await this.sendPieces(run, run.content);
      else await this.send(run, run.content, 0, true);
      this.ready.shift();
    }
  }

  private async sendPieces(run: Run, spool: TransactionSpool): Promise<void> {
    let content: Buffer[] = [];
    let bytes = 0;
    let piece = 0;
    let left = run.bytes;
    for (const chunk of spool.read(Math.min(this.roomBytes, 1024 * 1024))) {
      for (let at = 0; at < chunk.length; ) {
        const part = Buffer.from(chunk.subarray(at, at + this.roomBytes - bytes));
        content.push(part);
        bytes += part.length;
        left -= part.length;
        at += part.length;
        if (bytes < this.roomBytes && left > 0) continue;
        await this.send(run, content, piece++, left === 0);
        content = [];
        bytes = 0;
      }
    }
    spool.clear();
  }

  private async send(run: Run, content: readonly Buffer[], piece: number, isLastPiece: boolean): Promise<void> {
    const entries = [{ name: TRANSACTIONS_ENTRY, content: Buffer.concat(content) }];
    const { first, last, checksum } = run;
    const newestCommit = new Date(run.newestCommit);
    const name = { first, last, piece, isLastPiece, newestCommit, checksum };
    this.stored.push(await storeSegment(this.options, name, entries));
    if (isLastPiece) this.reached = last;
  }
}
