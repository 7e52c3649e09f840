import { closeSync, openSync } from 'node:fs';
import { writeU32 } from '../../base/byte-reader.ts';
import { GraphkeepError } from '../../base/errors.ts';
import { writeFully } from '../../base/positional-io.ts';
import type { RecordCodec } from '../records/record-codec.ts';
import { filePageBytes } from './store-files.ts';

const MOST_BUFFERED_BYTES = 1024 * 1024;
const FIRST_BUFFER_BYTES = 8192;
/** Stores with a header are created with one whole page. */
const FIRST_PAGE_BYTES = 8192;

/** Writes a new store file in id order with large sequential writes. Not durable. */
export class RecordAppender<R extends { id: number }> {
  /** Id of the next record. */
  nextId = 0;
  private readonly codec: RecordCodec<R>;
  private readonly fd: number;
  private readonly hasHeader: boolean;
  private readonly mostBytes: number;
  /** Whole records, cleared after those that are used. */
  private buffer: Buffer;
  private used = 0;
  private position = 0;

  /** `header`: the number in the header record, for stores that have one. Their ids start at 1. */
  constructor(path: string, codec: RecordCodec<R>, header?: number) {
    this.codec = codec;
    this.fd = openSync(path, 'w');
    this.mostBytes = wholeRecords(MOST_BUFFERED_BYTES, codec.size);
    this.buffer = Buffer.alloc(Math.min(this.mostBytes, wholeRecords(FIRST_BUFFER_BYTES, codec.size)));
    this.hasHeader = header !== undefined;
    if (header === undefined) return;
    writeU32(this.buffer, 0, header);
    this.used = codec.size;
    this.nextId = 1;
  }

  /** Appends a record under the next id and returns that id. */
  append(record: R): number {
    record.id = this.nextId;
    if (this.codec.encode(record, this.buffer, this.used) !== undefined) {
      throw new GraphkeepError('internal', 'records of two units cannot be appended', { observed: record.id });
    }
    this.advance();
    return record.id;
  }

  /** Leaves the ids up to (not including) `id` unused. */
  skipTo(id: number): void {
    while (this.nextId < id) this.advance();
  }

  private advance(): void {
    this.nextId++;
    this.used += this.codec.size;
    if (this.used < this.buffer.length) return;
    if (this.used === this.mostBytes) {
      this.flush();
      return;
    }
    const larger = Buffer.alloc(Math.min(this.mostBytes, 2 * this.buffer.length));
    this.buffer.copy(larger);
    this.buffer = larger;
  }

  private flush(): void {
    writeFully(this.fd, this.buffer, this.used, this.position);
    this.position += this.used;
    this.buffer.fill(0);
    this.used = 0;
  }

  /** Flushes the buffer, pads the last page with zeros and closes the file. */
  close(): void {
    this.flush();
    const pageBytes = filePageBytes(this.codec.size);
    const wholePages = Math.ceil(this.position / pageBytes) * pageBytes;
    const end = this.hasHeader ? Math.max(FIRST_PAGE_BYTES, wholePages) : wholePages;
    writeFully(this.fd, Buffer.alloc(end - this.position), end - this.position, this.position);
    closeSync(this.fd);
  }
}

/** About so many bytes, as a multiple of the size of a record, at least one. */
function wholeRecords(bytes: number, recordBytes: number): number {
  return Math.max(1, Math.floor(bytes / recordBytes)) * recordBytes;
}
