import { closeSync, fstatSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { OutOfBytes } from '../../base/byte-reader.ts';
import { GraphkeepError } from '../../base/errors.ts';
import { fileError } from '../../base/file-errors.ts';
import { openRegularFile } from '../../base/regular-files.ts';
import { listLogFiles, logFileName } from '../../log/log-files.ts';
import type { LogSource } from '../../log/log-source.ts';
import { type ImageLocation, placeOf } from './image-location.ts';
import type { LogStretch } from './log-stretch.ts';

/** Share of the memory budget: a log that fits is held in memory; of a larger one, some pages are. */
const MEMORY_SHARE = 0.5;
const PAGE_BYTES = 64 * 1024;
/** Each page is kept with the start of the next one, so that nearly every image that begins in it is whole. */
const OVERLAP_BYTES = 4 * 1024;
const FEWEST_PAGES = 16;
const FIRST_WINDOW_BYTES = 64 * 1024;
/** Larger than any image: a property record with four long strings of 16 MiB each. */
const LARGEST_WINDOW_BYTES = 128 * 1024 * 1024;

interface Segment {
  version: number;
  path: string;
  fd: number;
  /** Place of the file's first byte, with the files laid end to end (see `image-location.ts`). */
  base: number;
  sizeBytes: number;
  content: Buffer | undefined;
}

/**
 * The files of a stretch of log: read sequentially by a reader, and at random for record images. A log that fits into memory is read from
 * disk once.
 */
export class LogImages implements LogSource {
  /** Lowest and highest version of all existing log files up to the end of the stretch. */
  readonly lowest: number | undefined;
  readonly highest: number | undefined;
  private readonly folder: string;
  private readonly segments: Segment[] = [];
  /** Direct-mapped: page n of the log is in slot n modulo the number of slots. */
  private readonly pages: Buffer[] = [];
  private pageOfSlot = new Float64Array(0);

  /** Opens the log files of the stretch. They must not change up to its end. */
  constructor({ folder, start, end }: LogStretch, budgetBytes: number) {
    this.folder = folder;
    const { files, lowest, highest } = listLogFiles(folder);
    this.lowest = lowest;
    this.highest = highest === undefined || end === undefined ? highest : Math.min(highest, end.version);
    let base = 0;
    try {
      for (const { version, path } of files) {
        if (version < start.version || (end !== undefined && version > end.version)) continue;
        const fd = openLog(path);
        const { size } = fstatSync(fd);
        const sizeBytes = version === end?.version ? Math.min(end.offset, size) : size;
        this.segments.push({ version, path, fd, base, sizeBytes, content: undefined });
        base += sizeBytes;
      }
      const memoryBytes = budgetBytes * MEMORY_SHARE;
      if (base <= memoryBytes) for (const segment of this.segments) segment.content = readWhole(segment);
      const slots = Math.max(FEWEST_PAGES, Math.floor(memoryBytes / (PAGE_BYTES + OVERLAP_BYTES)));
      this.pageOfSlot = new Float64Array(slots).fill(-1);
    } catch (error) {
      this.dispose();
      throw error;
    }
  }

  nameOf(version: number): string {
    return join(this.folder, logFileName(version));
  }

  /** Bytes of the file that belong to the stretch; 0 for a file outside it. */
  sizeOf(version: number): number {
    return this.segmentOf(version)?.sizeBytes ?? 0;
  }

  contentOf(version: number): Buffer | undefined {
    return this.segmentOf(version)?.content;
  }

  read(version: number, buffer: Buffer, at: number, length: number, position: number): number {
    const segment = this.segmentOf(version);
    if (segment === undefined) return 0;
    const target = buffer.subarray(at, at + Math.max(0, Math.min(length, segment.sizeBytes - position)));
    if (segment.content === undefined) readFully(segment, target, position);
    else segment.content.copy(target, 0, position);
    return target.length;
  }

  /** Place of byte 0 of this version's file. */
  baseOf(version: number): number {
    return this.segmentOf(version)!.base;
  }

  /** Runs `decode` on the bytes of an image; it may throw {@link OutOfBytes} to ask for more. */
  decode<T>(image: ImageLocation, decode: (buffer: Buffer, offset: number) => T): T {
    const place = placeOf(image);
    const segment = this.segmentAt(place);
    const offset = place - segment.base;
    if (segment.content !== undefined) return decode(segment.content, offset);
    try {
      return decode(this.page(segment, offset), offset % PAGE_BYTES);
    } catch (error) {
      if (!(error instanceof OutOfBytes)) throw error;
      return this.readLarge(segment, offset, decode);
    }
  }

  /** Reads an image that does not fit into a page with its overlap. */
  private readLarge<T>(segment: Segment, offset: number, decode: (buffer: Buffer, offset: number) => T): T {
    for (let bytes = FIRST_WINDOW_BYTES; ; bytes *= 4) {
      const window = Buffer.allocUnsafe(Math.min(bytes, segment.sizeBytes - offset));
      readFully(segment, window, offset);
      try {
        return decode(window, 0);
      } catch (error) {
        const exhausted = offset + window.length >= segment.sizeBytes || bytes > LARGEST_WINDOW_BYTES;
        if (!(error instanceof OutOfBytes) || exhausted) throw this.explain(error, segment, offset);
      }
    }
  }

  /** The page of the file that contains `offset`, with its overlap. */
  private page(segment: Segment, offset: number): Buffer {
    const start = offset - (offset % PAGE_BYTES);
    const page = segment.base + start;
    const slot = Math.floor(page / PAGE_BYTES) % this.pageOfSlot.length;
    if (this.pageOfSlot[slot] === page) return this.pages[slot]!;
    this.pageOfSlot[slot] = -1;
    const bytes = Math.min(PAGE_BYTES + OVERLAP_BYTES, segment.sizeBytes - start);
    const kept = this.pages[slot];
    const buffer = kept !== undefined && kept.length === bytes ? kept : Buffer.allocUnsafeSlow(bytes);
    readFully(segment, buffer, start);
    this.pages[slot] = buffer;
    this.pageOfSlot[slot] = page;
    return buffer;
  }

  dispose(): void {
    for (const segment of this.segments) closeSync(segment.fd);
    this.segments.length = 0;
  }

  private explain(error: unknown, segment: Segment, offset: number): unknown {
    if (!(error instanceof OutOfBytes)) return error;
    return new GraphkeepError('log.corrupt', 'an image ends beyond its log file', {
      place: { file: segment.path, offset },
    });
  }

  private segmentOf(version: number): Segment | undefined {
    const first = this.segments[0];
    return first === undefined ? undefined : this.segments[version - first.version];
  }

  private segmentAt(place: number): Segment {
    let found = this.segments[0]!;
    for (const segment of this.segments) if (segment.base <= place) found = segment;
    return found;
  }
}

function openLog(path: string): number {
  try {
    return openRegularFile(path);
  } catch (error) {
    throw fileError(error, 'open the log file', path);
  }
}

function readWhole(segment: Segment): Buffer {
  const content = Buffer.allocUnsafe(segment.sizeBytes);
  readFully(segment, content, 0);
  return content;
}

function readFully(segment: Segment, target: Buffer, offset: number): void {
  let got = 0;
  while (got < target.length) {
    const n = readSync(segment.fd, target, got, target.length - got, offset + got);
    if (n === 0) {
      throw new GraphkeepError('file.truncated', 'the log file became shorter while it was read', {
        place: { file: segment.path, offset: offset + got },
      });
    }
    got += n;
  }
}
