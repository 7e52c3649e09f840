import { GraphkeepError } from '../../base/errors.ts';
import { logFileName } from '../../log/log-files.ts';
import type { LogPosition } from '../../log/log-position.ts';
import type { LogSource } from '../../log/log-source.ts';
import type { LoggedTransaction, PrecedingTransaction } from '../../log/modern/fields/logged-transaction.ts';
import { TransactionReader } from '../../log/modern/transaction-reader.ts';
import type { Segment } from '../catalogue/log-chain.ts';
import { objectError } from '../object-errors.ts';
import { formatLogRange, parseLogRange, type RawRange } from '../tar/log-ranges.ts';

/** Where a log goes on behind some transaction; of which only the file is known at the beginning, and behind damage. */
interface RawLogPlace {
  /** The beginning of the file, with its header. */
  readonly header: RawRange;
  readonly position: LogPosition | undefined;
  readonly last: PrecedingTransaction | undefined;
}

const NOTHING = new Uint8Array();
/** More than any header has. */
const HEADER_BYTES = 4096;
/** A transaction that is larger is not read: it would be in memory as a whole. */
const MOST_BYTES = 64 * 1024 * 1024;

/**
 * Verifies the transactions of a log that is kept byte for byte. What a segment holds can be told only with the header of its file and the
 * transaction before it, so it is told the bases, where both are known, and then the segments in their order.
 */
export class RawLogVerifier {
  private readonly signal: AbortSignal;
  /** Behind what was verified last. */
  private place: RawLogPlace | undefined;
  private readonly ends: RawLogPlace[] = [];

  constructor(signal: AbortSignal) {
    this.signal = signal;
  }

  /** The log of a base comes next. Its first file begins among the files of the base. */
  enterBase(beginning: RawRange | undefined): void {
    this.place =
      beginning === undefined ? undefined : { header: headerOf(beginning), position: undefined, last: undefined };
  }

  /** All segments of a base were told. The log of its timeline may go on from there. */
  leaveBase(): void {
    if (this.place?.last !== undefined) this.ends.push(this.place);
    this.place = undefined;
  }

  /**
   * Passes over a segment that need not be read. Not over one that begins a log file, since what follows cannot be read without its header.
   * @returns whether it was passed over
   */
  skip(segment: Segment): boolean {
    const header = this.findBegin(segment)?.header;
    if (header?.version !== segment.names[0]!.position!.version) return false;
    this.place = { header, position: undefined, last: undefined };
    return true;
  }

  /**
   * @param ranges of all objects of the segment, in order; they are read to their end whatever they hold
   * @throws GraphkeepError `repository.object-damaged` if its transactions are not those of its name
   */
  async verify(segment: Segment, key: string, ranges: AsyncIterable<RawRange>): Promise<void> {
    const before = this.findBegin(segment);
    this.place = undefined;
    const held: RawRange[] = [];
    let { header } = before ?? {};
    let first: RawRange | undefined;
    let end: LogPosition | undefined;
    let bytes = 0;
    for await (const range of ranges) {
      first ??= range;
      if (range.offset === 0) header = headerOf(range);
      end = { version: range.version, offset: endOf(range) };
      bytes += range.content.length;
      if (bytes <= MOST_BYTES) held.push(range);
      else held.length = 0;
    }
    if (before === undefined || header === undefined || first === undefined || end === undefined) return;
    // What follows is verified whatever comes of this one: from where it begins itself.
    this.place = { header, position: undefined, last: undefined };
    const begin = before.last === undefined ? beginItself(before, segment, first) : before;
    if (begin !== undefined && bytes <= MOST_BYTES) await this.read(segment, key, begin, held);
    this.place = { header, position: end, last: { id: segment.last, checksum: Number(segment.checksum) } };
  }

  private async read(segment: Segment, key: string, begin: RawLogPlace, ranges: RawRange[]): Promise<void> {
    const { header, position, last: preceding } = begin;
    const reached = position === undefined ? [] : [{ ...position, content: NOTHING }];
    const source = new RangesOfLog([header, ...reached, ...ranges], key);
    const reader = new TransactionReader(source, { from: position, preceding, signal: this.signal });
    let last: LoggedTransaction | undefined;
    try {
      for await (const transaction of reader) last = transaction;
    } catch (error) {
      if (!(error instanceof GraphkeepError) || error.code === 'cancelled') throw error;
      const observed = `${error.place?.file ?? key}, offset ${error.place?.offset ?? 0}: ${error.message}`;
      throw objectError('repository.object-damaged', key, 'its transactions cannot be read', { observed });
    }
    requireNamed(segment, last, key);
    if (reader.tail.state === 'unfinished') {
      throw objectError('repository.object-damaged', key, `it holds more than up to transaction ${segment.last}`);
    }
  }

  /** Where the first transaction of a segment is, or one within it, if segments overlap or a base ends in it. */
  private findBegin({ first, last }: Segment): RawLogPlace | undefined {
    const places = this.place === undefined ? this.ends : [this.place, ...this.ends];
    return places.find((place) => place.last === undefined || (place.last.id >= first - 1 && place.last.id < last));
  }
}

/** The beginning of a log file, if it is one that a base has among its files. */
export function beginningOf(name: string, content: Uint8Array): RawRange | undefined {
  const range = parseLogRange(formatLogRange(name, 0));
  return range && { ...range, content };
}

/** A segment begins with its first transaction, or with the header before that. Undefined if its file is not known. */
function beginItself({ header }: RawLogPlace, { first: id }: Segment, range: RawRange): RawLogPlace | undefined {
  const { version, offset } = range;
  if (offset === 0) return { header: headerOf(range), position: undefined, last: undefined };
  return header.version === version ? { header, position: { version, offset }, last: { id: id - 1 } } : undefined;
}

function headerOf({ version, content }: RawRange): RawRange {
  return { version, offset: 0, content: content.slice(0, HEADER_BYTES) };
}

function requireNamed({ last: id, checksum, names }: Segment, last: LoggedTransaction | undefined, key: string): void {
  const position = names[0]!.position!;
  const isThere = last?.start.version === position.version && last.start.offset === position.offset;
  if (isThere && last.id === id && BigInt(last.checksum) === checksum) return;
  throw objectError('repository.object-damaged', key, `it should end with transaction ${id}`, {
    observed: last === undefined ? 'no transaction' : `transaction ${last.id} with checksum ${last.checksum}`,
  });
}

/** Parts of log files; what is missing between them is zero. */
class RangesOfLog implements LogSource {
  private readonly key: string;
  private readonly ranges: readonly RawRange[];
  readonly lowest: number;
  readonly highest: number;

  constructor(ranges: readonly RawRange[], key: string) {
    this.ranges = ranges;
    this.key = key;
    const versions = ranges.map(({ version }) => version);
    this.lowest = Math.min(...versions);
    this.highest = Math.max(...versions);
  }

  nameOf(version: number): string {
    return `${this.key}: ${logFileName(version)}`;
  }

  sizeOf(version: number): number {
    const ends = this.ranges.filter((range) => range.version === version).map(endOf);
    return Math.max(0, ...ends);
  }

  read(version: number, buffer: Buffer, at: number, length: number, position: number): number {
    const count = Math.max(0, Math.min(length, this.sizeOf(version) - position));
    buffer.fill(0, at, at + count);
    for (const range of this.ranges) {
      if (range.version !== version) continue;
      const from = Math.max(position, range.offset);
      const to = Math.min(position + count, endOf(range));
      if (from < to) buffer.set(range.content.subarray(from - range.offset, to - range.offset), at + from - position);
    }
    return count;
  }
}

function endOf({ offset, content }: RawRange): number {
  return offset + content.length;
}
