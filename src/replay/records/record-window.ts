import { closeSync, fstatSync } from 'node:fs';
import { readOrZeros, writeFully } from '../../base/positional-io.ts';
import { openRegularFile } from '../../base/regular-files.ts';
import { filePageBytes } from '../../store/files/store-files.ts';

/**
 * Read-modify-write access to a record file in ascending order. Holds one file page at a time, changes it in place and writes it back once.
 * Past its end, the file grows by whole zero-filled pages, as with the genuine server.
 */
export class RecordWindow {
  readonly path: string;
  /** The bytes of the current page; valid after {@link seek}. */
  readonly page: Buffer;
  private readonly recordBytes: number;
  private readonly pageBytes: number;
  private readonly fd: number;
  private fileBytes: number;
  private pageStart = -1;
  private dirtyFrom = 0;
  private dirtyTo = 0;

  constructor(path: string, recordBytes: number) {
    this.path = path;
    this.recordBytes = recordBytes;
    this.pageBytes = filePageBytes(recordBytes);
    this.page = Buffer.alloc(this.pageBytes);
    this.fd = openRegularFile(path, 'r+');
    this.fileBytes = fstatSync(this.fd).size;
  }

  /** Loads the page of record `id` into {@link page} and returns the offset of the record in it. */
  seek(id: number): number {
    const byteOffset = id * this.recordBytes;
    const within = byteOffset % this.pageBytes;
    const start = byteOffset - within;
    if (start !== this.pageStart) {
      this.writeBack();
      this.load(start);
    }
    return within;
  }

  /** Marks the record at `offset` of the current page as changed. */
  markDirty(offset: number): void {
    if (this.dirtyFrom === this.dirtyTo) {
      this.dirtyFrom = offset;
      this.dirtyTo = offset + this.recordBytes;
      return;
    }
    if (offset < this.dirtyFrom) this.dirtyFrom = offset;
    if (offset + this.recordBytes > this.dirtyTo) this.dirtyTo = offset + this.recordBytes;
  }

  /** Writes a whole record anywhere in the file, through the current page if the record is in it. */
  writeRecord(id: number, bytes: Uint8Array): void {
    const offset = id * this.recordBytes - this.pageStart;
    if (this.pageStart >= 0 && offset >= 0 && offset < this.pageBytes) {
      this.page.set(bytes, offset);
      this.markDirty(offset);
      return;
    }
    const page = Math.floor((id * this.recordBytes) / this.pageBytes);
    this.growTo((page + 1) * this.pageBytes);
    writeFully(this.fd, bytes, bytes.length, id * this.recordBytes);
  }

  /** Clears the in-use bit of a record anywhere in the file; does nothing past its end. */
  clearInUse(id: number): void {
    if (id * this.recordBytes >= this.fileBytes) return;
    const offset = this.seek(id);
    const mark = this.page[offset]!;
    if ((mark & 1) === 0) return;
    this.page[offset] = mark & ~1;
    this.markDirty(offset);
  }

  /** Closes the file; changes not written back are lost. */
  close(): void {
    closeSync(this.fd);
  }

  private load(start: number): void {
    readOrZeros(this.fd, this.page, this.pageBytes, start);
    this.pageStart = start;
  }

  /** Writes the pending changes of the current page; not durable. */
  writeBack(): void {
    if (this.dirtyFrom === this.dirtyTo) return;
    const end = this.pageStart + this.pageBytes;
    if (end > this.fileBytes) {
      writeFully(this.fd, this.page, this.pageBytes, this.pageStart);
      this.fileBytes = end;
    } else {
      const dirty = this.page.subarray(this.dirtyFrom, this.dirtyTo);
      writeFully(this.fd, dirty, dirty.length, this.pageStart + this.dirtyFrom);
    }
    this.dirtyFrom = 0;
    this.dirtyTo = 0;
  }

  private growTo(bytes: number): void {
    if (bytes <= this.fileBytes) return;
    const lastPage = Buffer.alloc(this.pageBytes);
    const start = Math.max(bytes - this.pageBytes, this.fileBytes);
    writeFully(this.fd, lastPage, bytes - start, start);
    this.fileBytes = bytes;
  }
}
