import { GraphkeepError } from '../../base/errors.ts';
import { logFileName } from '../../log/log-files.ts';
import type { LogPosition } from '../../log/log-position.ts';
import type { LogSource } from '../../log/log-source.ts';
import { MOST_PLAIN_BYTES } from '../seal/frames/limits.ts';
import { formatLogRange, type LogRange } from '../tar/log-ranges.ts';
import { TAR_END_BYTES, TAR_ENTRY_BYTES, type TarEntry } from '../tar/tar-content.ts';
import { type SegmentPlace, type StoredSegment, storeSegment } from './stored-segment.ts';

/** A segment that crosses the borders of files has an entry for each of them. */
const MOST_RANGES = 64;
const ROOM_BYTES = MOST_PLAIN_BYTES - MOST_RANGES * TAR_ENTRY_BYTES - TAR_END_BYTES;

/** What a segment has to know of a transaction. */
export interface RawTransaction {
  readonly id: number;
  readonly checksum: number;
  readonly commitTime: number;
  readonly start: LogPosition;
  readonly end: LogPosition;
}

export interface RawSegmentLogOptions extends SegmentPlace {
  readonly source: LogSource;
  /** The end of what is stored already. */
  readonly from: LogPosition;
  /** A transaction may begin in one file and end in the next, as in envelopes. Else a file ends with its last transaction. */
  readonly crossesFiles: boolean;
  /** Called before anything is stored: what is in a backup must not be lost in the source by a power failure. */
  readonly flush: () => Promise<void>;
  /** Plain bytes of a segment. */
  readonly roomBytes?: number;
}

/**
 * Stores a log byte for byte, as ranges of its files: what is cut into segments at the ends of transactions is put together again to the
 * same files, headers included. The bytes are read from the files when a segment is full. A transaction that is larger than an object has
 * objects of its own.
 */
export class RawSegmentLog {
  readonly stored: StoredSegment[] = [];
  /** Of all that came. */
  newestCommit = 0;
  last: RawTransaction | undefined;
  bytes = 0;
  private readonly options: RawSegmentLogOptions;
  private readonly roomBytes: number;
  private reached: LogPosition;
  private run: { first: number; newestCommit: number; ranges: LogRange[]; bytes: number } | undefined;

  constructor(options: RawSegmentLogOptions) {
    this.options = options;
    this.roomBytes = options.roomBytes ?? ROOM_BYTES;
    this.reached = options.from;
  }

  /** Adds the next transaction, and all bytes before it that are not stored yet. */
  async add(transaction: RawTransaction): Promise<void> {
    const ranges = this.rangesTo(transaction.end);
    const bytes = ranges.reduce((sum, range) => sum + range.length, 0);
    const { run } = this;
    if (run !== undefined && (run.bytes + bytes > this.roomBytes || run.ranges.length + ranges.length > MOST_RANGES)) {
      await this.finish();
    }
    const { id, commitTime } = transaction;
    this.run ??= { first: id, newestCommit: 0, ranges: [], bytes: 0 };
    for (const range of ranges) addRange(this.run.ranges, range);
    this.run.bytes += bytes;
    this.run.newestCommit = Math.max(this.run.newestCommit, commitTime);
    this.newestCommit = Math.max(this.newestCommit, commitTime);
    this.bytes += bytes;
    this.reached = transaction.end;
    this.last = transaction;
    if (this.run.bytes > this.roomBytes) await this.finish();
  }

  /** Stores what has come. */
  async finish(): Promise<void> {
    const { run, last } = this;
    this.run = undefined;
    if (run === undefined || last === undefined) return;
    await this.options.flush();
    const { first, newestCommit } = run;
    const about = {
      first,
      last: last.id,
      newestCommit: new Date(newestCommit),
      checksum: BigInt(last.checksum),
      position: last.start,
    };
    const pieces = cutRanges(run.ranges, this.roomBytes);
    for (const [piece, ranges] of pieces.entries()) {
      const isLastPiece = piece === pieces.length - 1;
      const entries = ranges.map((range) => this.readRange(range));
      this.stored.push(await storeSegment(this.options, { ...about, piece, isLastPiece }, entries));
    }
  }

  /** Drops what is not stored. */
  abandon(): void {
    this.run = undefined;
  }

  /** What lies between what came last and a position, which may be in a later file. */
  private rangesTo(end: LogPosition): LogRange[] {
    const { source, crossesFiles } = this.options;
    const ranges: LogRange[] = [];
    let { version, offset } = this.reached;
    for (; version < end.version; version++, offset = 0) {
      // A file that is finished may still have room behind its last transaction for a moment.
      if (crossesFiles) ranges.push({ version, offset, length: source.sizeOf(version) - offset });
    }
    ranges.push({ version, offset, length: end.offset - offset });
    return ranges.filter(({ length }) => length > 0);
  }

  private readRange(range: LogRange): TarEntry {
    const { source } = this.options;
    const { version, offset, length } = range;
    const content = Buffer.allocUnsafe(length);
    for (let done = 0; done < length; ) {
      const count = source.read(version, content, done, length - done, offset + done);
      if (count === 0) {
        throw new GraphkeepError('file.truncated', 'a log file has become shorter while it was read', {
          place: { file: source.nameOf(version), offset: offset + done },
        });
      }
      done += count;
    }
    return { name: formatLogRange(logFileName(version), offset), content };
  }
}

/** Neighbours become one. */
function addRange(ranges: LogRange[], range: LogRange): void {
  const last = ranges.at(-1);
  if (last?.version === range.version && last.offset + last.length === range.offset) {
    ranges[ranges.length - 1] = { ...last, length: last.length + range.length };
  } else ranges.push(range);
}

/** Pieces of at most so many bytes. */
function cutRanges(ranges: readonly LogRange[], mostBytes: number): LogRange[][] {
  const pieces: LogRange[][] = [[]];
  let room = mostBytes;
  for (let { version, offset, length } of ranges) {
    while (length > 0) {
      if (room === 0) {
        pieces.push([]);
        room = mostBytes;
      }
      const count = Math.min(length, room);
      pieces.at(-1)!.push({ version, offset, length: count });
      offset += count;
      length -= count;
      room -= count;
    }
  }
  return pieces;
}
