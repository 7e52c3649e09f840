import { GraphkeepError } from '../../base/errors.ts';
import type { LogPosition } from '../log-position.ts';
import type { CommitEntry } from './entries/commit-entry.ts';
import { checksumHigh, checksumLow, joinChecksum, START_FIXED_BYTES } from './entries/start-entry.ts';
import { readExactI64, readI32 } from './fields/log-integer.ts';

/**
 * One complete transaction of a log file. The numbers are its own; {@link buffer} is the window of the reader and holds the
 * transaction at `[start, end)` *only until the reader goes on*: copy what you keep. After that, asking for bytes is an error.
 */
export class LogTransaction implements CommitEntry {
  readonly kind = 'transaction';
  readonly transactionId: number;
  readonly timeCommitted: number;
  readonly timeStarted: number;
  readonly masterId: number;
  readonly authorId: number;
  readonly latestCommittedWhenStarted: number;
  /** Version of the log file it stands in, and its place there: `[startOffset, endOffset)`. */
  readonly version: number;
  readonly startOffset: number;
  readonly endOffset: number;
  readonly start: number;
  readonly end: number;
  private window: Buffer | undefined;
  private readonly high: number;
  private readonly low: number;

  /** `commit` is the offset of the Commit entry in the window; `shift` is added to offsets in the window for those in the file. */
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

  /** The checksum that `neostore` and the backup protocols carry. */
  get checksum(): bigint {
    return joinChecksum(this.high, this.low);
  }

  /** Added to an offset in the buffer this gives the offset in the log file. */
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

/** A check point entry: where it stands, and the position that replay may begin at. */
export interface LogCheckPoint {
  kind: 'checkPoint';
  at: LogPosition;
  target: LogPosition;
  /** Offset behind the entry in its file. */
  endOffset: number;
}

export type LogItem = LogTransaction | LogCheckPoint;
