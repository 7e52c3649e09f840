import { closeSync, fstatSync } from 'node:fs';
import { readU32 } from '../../base/byte-reader.ts';
import { throwIfCancelled } from '../../base/cancellation.ts';
import { GraphkeepError } from '../../base/errors.ts';
import { fileError, isMissing } from '../../base/file-errors.ts';
import { readOrZeros, readOrZerosAsync } from '../../base/positional-io.ts';
import { openRegularFile } from '../../base/regular-files.ts';
import type { RecordCodec, SecondUnits } from '../records/record-codec.ts';
import { filePageBytes } from './store-files.ts';
import type { StoreFormat } from './store-format.ts';

export interface StoredRecord {
  id: number;
  inUse: boolean;
}

export interface RecordFileOptions {
  /** First valid record id: 1 in stores with a header. */
  firstId?: number;
  /** Memory for cached pages. */
  cacheBytes?: number;
}

const DEFAULT_CACHE_BYTES = 2 * 1024 * 1024;
const SCAN_BYTES = 1024 * 1024;

/**
 * Random access to the records of a store file through a small page cache, with synchronous reads and bounded memory. Bytes beyond the end
 * of the file read as zeros, also within a partial last record (spec record-stores 2). The file must not change meanwhile, unless {@link
 * forget} is called.
 */
export class RecordFile<R extends StoredRecord> implements SecondUnits {
  readonly path: string;
  readonly codec: RecordCodec<R>;
  readonly firstId: number;
  /** One more than the last id in the file. */
  readonly endId: number;
  readonly sizeBytes: number;
  private readonly fd: number;
  private readonly pageBytes: number;
  private readonly recordsPerPage: number;
  /** Direct-mapped: page n is in slot n modulo the number of slots. */
  private readonly slots: Buffer[] = [];
  private readonly pageOfSlot: Float64Array;
  private readonly found: { buffer: Uint8Array; offset: number } = { buffer: Buffer.alloc(0), offset: 0 };

  constructor(path: string, codec: RecordCodec<R>, options: RecordFileOptions = {}) {
    this.path = path;
    this.codec = codec;
    this.firstId = options.firstId ?? 0;
    this.pageBytes = filePageBytes(codec.size);
    this.recordsPerPage = this.pageBytes / codec.size;
    this.fd = openExisting(path);
    this.sizeBytes = fstatSync(this.fd).size;
    this.endId = Math.ceil(this.sizeBytes / codec.size);
    const pages = Math.ceil(this.sizeBytes / this.pageBytes);
    const slots = Math.max(
      1,
      Math.min(pages, Math.floor((options.cacheBytes ?? DEFAULT_CACHE_BYTES) / this.pageBytes)),
    );
    this.pageOfSlot = new Float64Array(slots).fill(-1);
  }

  /** The bytes of record `id`, valid until the next read. Undefined before the first id and beyond the end of the file. */
  read(id: number): { buffer: Uint8Array; offset: number } | undefined {
    if (id < this.firstId || id >= this.endId) return undefined;
    const page = Math.floor(id / this.recordsPerPage);
    this.found.buffer = this.load(page);
    this.found.offset = (id - page * this.recordsPerPage) * this.codec.size;
    return this.found;
  }

  /** Decodes record `id` into `record`; undefined beyond the end of the file. Views in the record are valid until the next read. */
  readRecord(id: number, record: R): R | undefined {
    const place = this.read(id);
    return place === undefined ? undefined : this.codec.decode(record, id, place.buffer, place.offset, this);
  }

  private load(page: number): Buffer {
    const slot = page % this.pageOfSlot.length;
    let buffer = this.slots[slot];
    if (this.pageOfSlot[slot] === page) return buffer!;
    if (buffer === undefined) {
      buffer = Buffer.alloc(this.pageBytes);
      this.slots[slot] = buffer;
    }
    this.pageOfSlot[slot] = -1;
    readOrZeros(this.fd, buffer, this.pageBytes, page * this.pageBytes);
    this.pageOfSlot[slot] = page;
    return buffer;
  }

  /** Drops the cached pages. */
  forget(): void {
    this.pageOfSlot.fill(-1);
  }

  /**
   * Calls `visit` for every record in use, in id order, with one reused record object. Reads large chunks, bypassing the cache. Covers ids
   * `from` (default: the first one) up to, not including, `to`.
   */
  scan(visit: (record: R) => void, from = this.firstId, to = this.endId): void {
    const record = this.codec.create();
    this.scanChunks((buffer, firstId, endId) => this.visitChunk(record, buffer, firstId, endId, visit), from, to);
  }

  /** {@link scan} that yields to the event loop after each chunk, so that signals and timers are served. */
  async scanInTurns(visit: (record: R) => void, options: ScanOptions = {}): Promise<void> {
    const record = this.codec.create();
    await this.scanChunksInTurns(
      (buffer, firstId, endId) => this.visitChunk(record, buffer, firstId, endId, visit),
      options,
    );
  }

  /**
   * {@link scanChunks} that yields to the event loop after each chunk and reads the next chunk while `visit` works. The visited bytes are
   * valid until `visit` returns.
   */
  async scanChunksInTurns(
    visit: (buffer: Buffer, firstId: number, endId: number) => void,
    options: ScanOptions = {},
  ): Promise<void> {
    const { size } = this.codec;
    const start = Math.max(options.from ?? this.firstId, this.firstId);
    const end = Math.min(options.to ?? this.endId, this.endId);
    const perChunk = Math.min(Math.max(1, Math.floor(SCAN_BYTES / size)), Math.max(0, end - start));
    let [buffer, ahead] = [Buffer.allocUnsafe(perChunk * size), Buffer.allocUnsafe(perChunk * size)];
    const read = (into: Buffer, id: number) =>
      readOrZerosAsync(this.fd, into, (Math.min(id + perChunk, end) - id) * size, id * size);
    let reading: Promise<void> | undefined;
    try {
      for (let id = start; id < end; id += perChunk) {
        throwIfCancelled(options.signal);
        await (reading ?? read(buffer, id));
        const next = Math.min(id + perChunk, end);
        reading = next < end ? read(ahead, next) : undefined;
        visit(buffer, id, next);
        options.onProgress?.((next - id) * size);
        [buffer, ahead] = [ahead, buffer];
      }
    } finally {
      // The file must not be closed before the read ends; its outcome no longer matters.
      await reading?.catch(() => {});
    }
  }

  /** Raw chunks of whole records: `buffer` holds records `firstId` up to (not including) `endId`, from offset 0. */
  scanChunks(
    visit: (buffer: Buffer, firstId: number, endId: number) => void,
    from = this.firstId,
    to = this.endId,
  ): void {
    const perChunk = Math.max(1, Math.floor(SCAN_BYTES / this.codec.size));
    const end = Math.min(to, this.endId);
    const start = Math.max(from, this.firstId);
    const buffer = Buffer.allocUnsafe(Math.max(0, Math.min(perChunk, end - start)) * this.codec.size);
    for (let id = start; id < end; id += perChunk) {
      const next = Math.min(id + perChunk, end);
      readOrZeros(this.fd, buffer, (next - id) * this.codec.size, id * this.codec.size);
      visit(buffer, id, next);
    }
  }

  private visitChunk(record: R, buffer: Buffer, firstId: number, endId: number, visit: (record: R) => void) {
    const { codec } = this;
    for (let id = firstId, offset = 0; id < endId; id++, offset += codec.size) {
      codec.decode(record, id, buffer, offset, this);
      if (record.inUse) visit(record);
    }
  }

  /** Highest id in use by a record or a second unit, -1 = none. Searches backwards from the end of the file. */
  highestId(): number {
    const { codec } = this;
    const record = codec.create();
    for (let id = this.endId - 1; id >= this.firstId; id--) {
      const { buffer, offset } = this.read(id)!;
      const taken = codec.isOccupied
        ? codec.isOccupied(buffer, offset)
        : codec.decode(record, id, buffer, offset, this).inUse;
      if (taken) return id;
    }
    return -1;
  }

  close(): void {
    closeSync(this.fd);
  }
}

export interface ScanOptions {
  from?: number;
  to?: number;
  signal?: AbortSignal;
  /** Called with the bytes of each chunk. */
  onProgress?: (bytes: number) => void;
}

/** The u32 in a store's header record (spec record-stores 3). */
export function readHeader(path: string): number {
  const fd = openExisting(path);
  try {
    const bytes = Buffer.alloc(4);
    readOrZeros(fd, bytes, 4, 0);
    return readU32(bytes, 0);
  } finally {
    closeSync(fd);
  }
}

function openExisting(path: string): number {
  try {
    return openRegularFile(path);
  } catch (cause) {
    if (!isMissing(cause)) throw fileError(cause, 'open the store file', path);
    throw new GraphkeepError('store.missing-file', 'a store file is missing', { place: { file: path }, cause });
  }
}

const LARGEST_RECORD_BYTES = 65535;

/** The record size of a dynamic store, validated. */
export function readRecordSize(path: string, format: StoreFormat): number {
  const size = readHeader(path);
  if (size > format.dynamicHeaderBytes && size <= LARGEST_RECORD_BYTES) return size;
  throw new GraphkeepError('store.corrupt', 'the header of a dynamic store holds no record size', {
    observed: size,
    place: { file: path, offset: 0 },
  });
}
