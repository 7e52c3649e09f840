import { setImmediate } from 'node:timers/promises';
import { throwIfCancelled } from '../../base/cancellation.ts';
import { GraphkeepError } from '../../base/errors.ts';
import type { LogPosition } from '../log-position.ts';
import type { LogSource } from '../log-source.ts';
import { scanEntries } from './entries/entry-scan.ts';
import type { EnvelopeChain } from './envelopes/envelope-chain.ts';
import { scanEnvelopes } from './envelopes/envelope-scan.ts';
import { precedingOf, requireHeaderFollows } from './fields/following.ts';
import { hasHeaderBegun, type ModernLogHeader, readModernLogHeader } from './fields/log-header.ts';
import type { LogScan, ScanEnd, ScanState } from './fields/log-scan.ts';
import type { LoggedTransaction, PrecedingTransaction } from './fields/logged-transaction.ts';

export interface TransactionReaderOptions {
  /** Where to begin: the start of a transaction, the end of one, or the start of a file's data. Default: the start of the lowest file. */
  readonly from?: LogPosition | undefined;
  /** The transaction before {@link from}: the first one that is read must follow it. */
  readonly preceding?: PrecedingTransaction | undefined;
  /** Read no transaction that begins in a file above this one. */
  readonly through?: number;
  readonly signal?: AbortSignal | undefined;
  /** How much of a file is in memory at once; more for a format 10 with larger segments. */
  readonly windowBytes?: number;
}

/** How a reading ended. */
export interface LogTail {
  /** Behind the last complete transaction: where reading goes on later. Behind the header of the next file, if there is one. */
  readonly end: LogPosition;
  /** The last complete transaction; what was given as preceding if there is none. */
  readonly last: PrecedingTransaction | undefined;
  /**
   * `unfinished`: bytes follow that are no complete transaction. Either it is being written, or the server was killed in the middle of it,
   * or the bytes are damaged: if more bytes follow later and it is still the same, they are.
   */
  readonly state: ScanEnd;
}

const WINDOW_BYTES = 1 << 20;
/** Timers and sockets get a turn after this many bytes. */
const BYTES_PER_TURN = 4 * 1024 * 1024;

/**
 * Reads the transactions of a log of 4.2 or later, in order and across files, whatever size they have (spec modern-logs). Iterate once,
 * then ask {@link tail}. To go on later, make another reader that begins at its end.
 *
 * A file is final once the next one has a header: it is looked at once more then, since the server may have written into what were zeros
 * before. Anything incomplete in a final file is `log.corrupt`; in the newest it is the end for now.
 *
 * Errors while iterating: `log.corrupt`, `log.gap`, `store.format` for what cannot be read, `file.io`, `cancelled`.
 */
export class TransactionReader implements AsyncIterable<LoggedTransaction> {
  private readonly source: LogSource;
  private readonly through: number;
  private readonly signal: AbortSignal | undefined;
  private buffer: Buffer;
  private version: number;
  private readonly state: ScanState;
  private readonly chain: EnvelopeChain = { checksum: undefined, begun: undefined, open: undefined, isLeading: false };
  private readonly given: LogPosition | undefined;
  private goodEnd: LogPosition;
  private ended: ScanEnd | undefined;

  constructor(source: LogSource, options: TransactionReaderOptions = {}) {
    const { from, preceding, through = Number.MAX_SAFE_INTEGER, signal, windowBytes = WINDOW_BYTES } = options;
    this.source = source;
    this.through = through;
    this.signal = signal;
    this.buffer = Buffer.allocUnsafe(windowBytes);
    this.given = from;
    this.version = from?.version ?? source.lowest ?? 0;
    this.goodEnd = from ?? { version: this.version, offset: 0 };
    this.state = { offset: from?.offset ?? 0, preceding };
  }

  /** Only after the iteration. */
  get tail(): LogTail {
    if (this.ended === undefined) throw new GraphkeepError('internal', 'a log was not read to its end');
    return { end: this.goodEnd, last: this.state.preceding, state: this.ended };
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<LoggedTransaction, void> {
    let header = this.openFirst();
    let bytes = 0;
    let isFinal = false;
    for (;;) {
      const scan = this.scan(header);
      let step = scan.next();
      for (; step.done !== true; step = scan.next()) {
        const transaction = step.value;
        bytes += transaction === undefined ? this.buffer.length : transaction.sizeBytes;
        if (bytes > BYTES_PER_TURN) {
          bytes = 0;
          await setImmediate();
          throwIfCancelled(this.signal);
        }
        if (transaction === undefined) continue;
        this.goodEnd = transaction.end;
        yield transaction;
      }
      const next = this.version < this.through || this.chain.open !== undefined ? this.nextHeader() : undefined;
      if (next === undefined || !isFinal) {
        // Once more, now that nothing can be added to this file.
        isFinal = next !== undefined;
        if (isFinal) continue;
        this.ended = this.isNextBegun() ? 'unfinished' : step.value;
        return;
      }
      if (step.value === 'unfinished') throw this.tornInside();
      header = next;
      isFinal = false;
      this.enter(header);
    }
  }

  private nextHeader(): ModernLogHeader | undefined {
    const { source } = this;
    const version = this.version + 1;
    const header = readModernLogHeader(source, version);
    if (header !== undefined || version >= (source.highest ?? 0)) return header;
    const place = { file: source.nameOf(version), offset: 0 };
    // Of a server at work: removed before it was opened.
    if (source.sizeOf(version) === 0)
      throw new GraphkeepError('log.gap', 'a log file between others is missing', { place });
    throw new GraphkeepError('log.corrupt', 'the header of a log file is damaged', { place });
  }

  /** A transaction, or the header of the next file, is there in part only. */
  private isNextBegun(): boolean {
    if (this.chain.open !== undefined) return true;
    return this.version < this.through && hasHeaderBegun(this.source, this.version + 1);
  }

  private scan(header: ModernLogHeader): LogScan {
    const { source, version, state } = this;
    if (header.envelopes === undefined) return scanEntries(source, version, this.buffer, state);
    const { segmentBytes } = header.envelopes;
    if (this.buffer.length < segmentBytes) this.buffer = Buffer.allocUnsafe(segmentBytes);
    return scanEnvelopes(source, version, this.buffer, state, this.chain, segmentBytes);
  }

  private openFirst(): ModernLogHeader {
    const { source, version, given, state } = this;
    const header = readModernLogHeader(source, version);
    if (header === undefined) throw this.missingFirst();
    const offset = given?.offset ?? header.dataStart;
    if (offset < header.dataStart) {
      throw new GraphkeepError('log.corrupt', 'a position in the log is within the header of its file', {
        place: { file: source.nameOf(version), offset },
      });
    }
    const size = source.sizeOf(version);
    if (offset > size && offset > header.dataStart) {
      throw new GraphkeepError('log.gap', 'the log file ends before the position to begin with', {
        place: { file: source.nameOf(version), offset },
        observed: `${size} bytes`,
      });
    }
    state.offset = offset;
    this.goodEnd = { version, offset };
    if (header.envelopes !== undefined) this.chain.checksum = state.preceding?.checksum;
    if (offset === header.dataStart) {
      if (state.preceding !== undefined && header.format !== 10)
        requireHeaderFollows(header, state.preceding.id, source);
      this.begin(header);
      this.chain.isLeading = true;
    }
    return header;
  }

  /** The first file is a new one, or none of this log. */
  private missingFirst(): GraphkeepError {
    const { lowest, highest } = this.source;
    return new GraphkeepError('log.gap', 'the log file to begin with is missing', {
      place: { file: this.source.nameOf(this.version) },
      observed: lowest === undefined ? 'no log files' : `files ${lowest} to ${highest}`,
    });
  }

  /** Goes on to the next file, which has to begin where this one ended. */
  private enter(header: ModernLogHeader): void {
    const { source, state, chain } = this;
    if (header.envelopes !== undefined) {
      requireHeaderFollows(header, chain.begun ?? state.preceding?.id, source);
      requireChain(header, chain.checksum, source);
    } else {
      requireHeaderFollows(header, state.preceding?.id, source);
    }
    if (header.envelopes === undefined && chain.open !== undefined) throw this.tornInside();
    this.version = header.version;
    state.offset = header.dataStart;
    if (chain.open === undefined) this.goodEnd = { version: header.version, offset: header.dataStart };
    this.begin(header);
  }

  private begin(header: ModernLogHeader): void {
    const { state, chain } = this;
    state.preceding ??= precedingOf(header);
    if (header.envelopes === undefined) return;
    chain.begun ??= header.last;
    chain.checksum ??= header.envelopes.previousChecksum;
  }

  private tornInside(): GraphkeepError {
    const message = 'a log file that is not the newest ends inside a transaction, or a transaction in it is damaged';
    return new GraphkeepError('log.corrupt', message, {
      place: { file: this.source.nameOf(this.version), offset: this.state.offset },
    });
  }
}

function requireChain(header: ModernLogHeader, checksum: number | undefined, source: LogSource): void {
  const previous = header.envelopes?.previousChecksum;
  if (checksum === undefined || previous === checksum) return;
  throw new GraphkeepError('log.corrupt', 'a log file does not follow the one before it: their checksums differ', {
    place: { file: source.nameOf(header.version), offset: 0 },
    observed: `${previous}, must be ${checksum}`,
  });
}
