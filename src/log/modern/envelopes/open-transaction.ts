import { GraphkeepError } from '../../../base/errors.ts';
import type { LogPosition } from '../../log-position.ts';
import type { LogBytes } from '../../log-source.ts';
import { decodeStartEntry, START_WINDOW_BYTES } from '../entries/start-entry.ts';
import type { LoggedTransaction } from '../fields/logged-transaction.ts';
import { readLong } from '../fields/long-numbers.ts';
import type { Envelope } from './envelope.ts';

/** `u8 5 | i64 id | i64 time`: without what the envelope has (spec modern-logs 7). */
const COMMIT_BYTES = 17;
const COMMIT_ENTRY = 5;

/**
 * A transaction of which envelopes are read one by one. Keeps its first and its last bytes, which say everything about it but its commands.
 */
export class OpenTransaction {
  readonly appendIndex: number;
  private readonly start: LogPosition;
  private readonly kernelVersion: number;
  private head: Buffer = Buffer.alloc(0);
  private tail: Buffer = Buffer.alloc(0);
  private sizeBytes = 0;

  constructor(first: Envelope, start: LogPosition) {
    this.start = start;
    this.appendIndex = first.appendIndex;
    this.kernelVersion = first.kernelVersion;
  }

  add(envelope: Envelope): void {
    const { payload } = envelope;
    this.sizeBytes += envelope.sizeBytes;
    const missing = START_WINDOW_BYTES - this.head.length;
    if (missing > 0) this.head = Buffer.concat([this.head, payload.subarray(0, missing)]);
    const end = payload.subarray(Math.max(0, payload.length - COMMIT_BYTES));
    this.tail = Buffer.concat([this.tail, end]);
    this.tail = this.tail.subarray(Math.max(0, this.tail.length - COMMIT_BYTES));
  }

  /** @throws GraphkeepError `log.corrupt` if it is no transaction, although all checksums are right */
  finish(last: Envelope, end: LogPosition, source: LogBytes): LoggedTransaction {
    const start = decodeStartEntry(this.head, 0, this.kernelVersion, true);
    const id = this.tail.length < COMMIT_BYTES ? Number.NaN : readLong(this.tail, 1, true);
    if (typeof start === 'string' || this.tail[0] !== COMMIT_ENTRY || !Number.isSafeInteger(id)) {
      throw new GraphkeepError('log.corrupt', 'the log holds something that is no transaction of a database', {
        place: { file: source.nameOf(this.start.version), offset: this.start.offset },
        observed: `${this.head.subarray(0, 1).toString('hex')} to ${this.tail.toString('hex')}`,
      });
    }
    return {
      id,
      commitTime: readLong(this.tail, 9, true),
      startTime: start.startTime,
      checksum: last.checksum,
      start: this.start,
      end,
      sizeBytes: this.sizeBytes,
      kernelVersion: this.kernelVersion,
      appendIndex: this.appendIndex,
      previousChecksum: undefined,
      lastCommittedWhenStarted: start.lastCommittedWhenStarted,
    };
  }
}
