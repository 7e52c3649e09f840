import { GraphkeepError } from '../../base/errors.ts';
import type { LogPosition } from '../log-position.ts';
import type { CommitEntry } from './entries/commit-entry.ts';
import { checksumHigh, checksumLow, joinChecksum, START_FIXED_BYTES } from './entries/start-entry.ts';
import { readExactI64, readI32 } from './fields/log-integer.ts';

/**
 * One complete transaction of a log file. The numbers are its own, but {@link buffer} is the reader's window: it holds the transaction at
 * `[start, end)` *only until the reader moves on*. Copy what you keep; asking for bytes later throws.
 */
export class LogTransaction implements CommitEntry {
  readonly kind = 'transaction';
  readonly transactionId: number;
  readonly timeCommitted: number;
  readonly timeStarted: number;
  readonly masterId: number;
  readonly authorId: number;
  readonly latestCommittedWhenStarted: number;
  /** Version of its log file, and its range in that file: `[startOffset, endOffset)`. */
  readonly version: number;
  readonly startOffset: number;
  readonly endOffset: number;
  readonly start: number;
  readonly end: number;
  private window: Buffer | undefined;
  private readonly high: number;
  private readonly low: number;

  /** `commit` is the offset of the Commit entry in the window; adding `shift` turns window offsets into file offsets. */
  constructor(buffer: Buffer, start: number, commit: number, end: number, version: number, shift: number) {
    this.window = buffer;
    this.start = start;
    this.end = end;
    this.version = version;
    this.startOffset = start + shift;
    this.endOffset = end + shift;
    this.masterId = readI32(buffer, start + 2);
    this.authorId = readI32(buffer, start + 6);
    this.timeStarted = readExactI64(buffer, start + 10);
    this.latestCommittedWhenStarted = readExactI64(buffer, start + 18);
    this.high = checksumHigh(buffer, start);
    this.low = checksumLow(buffer, start);
    this.transactionId = readExactI64(buffer, commit + 2);
    this.timeCommitted = readExactI64(buffer, commit + 10);
  }

  get buffer(): Buffer {
    if (this.window === undefined) {
      throw new GraphkeepError('internal', 'the bytes of a transaction were used after the reader had gone on');
    }
    return this.window;
  }

  /** Called by the reader before it reuses the window. */
  release(): void {
    this.window = undefined;
  }

  /** The checksum as in `neostore` and the backup protocols. */
  get checksum(): bigint {
    return joinChecksum(this.high, this.low);
  }

  /** Add this to an offset in the buffer to get the offset in the log file. */
  get shift(): number {
    return this.startOffset - this.start;
  }

  /** The bytes of the whole transaction, a view. */
  get bytes(): Buffer {
    return this.buffer.subarray(this.start, this.end);
  }

  /** The additional header of the Start entry, a view. */
  get additionalHeader(): Buffer {
    const at = this.start + START_FIXED_BYTES;
    const { buffer } = this;
    return buffer.subarray(at, at + readI32(buffer, this.start + 26));
  }
}

/** A check point entry: its place, and the position at which replay may begin. */
export interface LogCheckPoint {
  kind: 'checkPoint';
  at: LogPosition;
  target: LogPosition;
  /** Offset after the entry in its file. */
  endOffset: number;
}

export type LogItem = LogTransaction | LogCheckPoint;
