import { createReadStream } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { type Extract, extract, type Header } from 'tar-stream';
import { cancelledError, throwIfCancelled } from '../base/cancellation.ts';
import { makeDirectory, statIfExists, syncTree, writeFully } from '../base/durable-files.ts';
import { GraphkeepError } from '../base/errors.ts';
import { atFile, fileError, systemCodeOf } from '../base/file-errors.ts';
import { requireRoom } from '../base/free-room.ts';
import { decodeZstd } from '../base/zstd/decoding.ts';
import { NEO4J_3 } from '../generation/neo4j-3.ts';
import { BLOCK_FILE_NAME } from '../store/files/neo4j-versions.ts';
import {
  type ArchiveCompression,
  foreignInside,
  HEAD_BYTES,
  invalidArchive,
  isTar,
  recogniseArchive,
} from './archive-content.ts';
import { EntryJudge, InvalidEntry, type NamedEntry } from './archive-entries.ts';
import { DUMP_HEADER_BYTES, type DumpHeader, decodeDumpHeader } from './dump-header.ts';
import type { ArchiveProgress } from './restore-events.ts';

/*
 * Reads the archive of a database: gzip (3.4) or zstd (3.5) around a tar. Nothing is written outside the directory, whatever the archive
 * names, and nothing counts before all of it was read. A tar that was cut between two entries looks like a smaller one, so it must end with
 * its end mark, and hold as many files and bytes as the dump's header promises.
 */

const TAR_BLOCK_BYTES = 512;
/** Two blocks of zeros. */
const TAR_END_BYTES = 2 * TAR_BLOCK_BYTES;

const HINT_CUT_OFF = 'It was cut off by a full disk or a broken download, or is still being written. Use another copy.';
const HINT_DAMAGED = 'Its bytes are not those that were written. Use another copy.';

/**
 * Unpacks an archive into an empty directory and flushes every file.
 * @throws GraphkeepError `archive.invalid` if it is not an archive of a database, damaged or incomplete; `file.io` if there is no room
 */
export async function readArchive(archive: string, directory: string, progress: ArchiveProgress): Promise<void> {
  const compression = await recogniseArchive(archive);
  await new ArchiveReading(archive, compression, directory, progress).run();
  await syncTree(directory, progress.signal);
}

/** The content of an entry; its bytes can be read once. */
interface Entry extends AsyncIterable<Uint8Array> {
  header: Header;
  /** Offset of its header in the tar. */
  offset: number;
}

class ArchiveReading {
  private readonly archive: string;
  private readonly compression: ArchiveCompression;
  private readonly directory: string;
  private readonly progress: ArchiveProgress;
  /** Archives of other generations are recognized by their first bytes and refused. */
  private readonly files = NEO4J_3.files;
  private readonly judge = new EntryJudge(this.files);
  private archiveBytes = 0;
  /** Bytes of the archive that were read so far. */
  private readBytes = () => 0;
  /** The header before the tar. */
  private header: DumpHeader | undefined;
  private tarBytes = 0;
  /** The end of the last entry in the tar, including its padding. */
  private entriesEnd = 0;
  private readonly seen: DumpHeader = { files: 0, bytes: 0 };
  private keyFileBytes: number | undefined;
  /** True for a newer release without a key file, recognized by its other files. */
  private isBlockFormat = false;

  constructor(archive: string, compression: ArchiveCompression, directory: string, progress: ArchiveProgress) {
    this.archive = archive;
    this.compression = compression;
    this.directory = directory;
    this.progress = progress;
  }

  async run(): Promise<void> {
    try {
      await this.unpack();
    } catch (error) {
      if (this.progress.signal.aborted) throw cancelledError(this.progress.signal);
      throw this.explain(error);
    }
    this.requireWhole();
    if (this.judge.isForeign) throw this.refusal();
    if (this.keyFileBytes === undefined && !this.isBlockFormat)
      throw this.invalid(`it has no entry ./${this.files.keyFile}`);
    if (this.keyFileBytes === 0) throw this.invalid(`its file ${this.files.keyFile} is empty`);
  }

  private async unpack(): Promise<void> {
    this.archiveBytes = (await statIfExists(this.archive))?.size ?? 0;
    const tar = extract();
    // Listen to both sides from here on. Whichever fails ends the other; the first error is the cause.
    let cause: unknown;
    tar.on('error', (error) => {
      cause ??= error;
    });
    const closed = new Promise<void>((resolve) => tar.once('close', resolve));
    const entries = tar[Symbol.asyncIterator]();
    const fed = this.feed(tar);
    try {
      for (let next = await entries.next(); next.done !== true; next = await entries.next()) {
        const entry = next.value as Entry;
        const named = this.judge.judge(entry.header);
        await this.take(entry, named);
      }
    } catch (error) {
      tar.destroy(null);
      await Promise.all([fed, closed]);
      throw cause ?? error;
    }
    await fed;
  }

  /** Never rejects: a failure here fails the tar stream. */
  private async feed(tar: Extract): Promise<void> {
    try {
      for await (const bytes of this.readTar()) {
        if (!tar.write(bytes)) await drained(tar);
        if (tar.destroyed) return;
      }
      tar.end(undefined);
    } catch (error) {
      tar.destroy(error as Error);
    }
  }

  private async *readTar(): AsyncGenerator<Uint8Array> {
    const headBytes = HEAD_BYTES + DUMP_HEADER_BYTES;
    let head: Buffer | undefined = Buffer.alloc(0);
    const begin = (bytes: Buffer): Buffer => {
      head = undefined;
      this.header = decodeDumpHeader(bytes);
      const tar = this.header === undefined ? bytes : bytes.subarray(DUMP_HEADER_BYTES);
      if (!isTar(tar)) throw foreignInside(this.archive, this.compression, tar);
      this.tarBytes = tar.length;
      return tar;
    };
    for await (const bytes of this.decompress()) {
      throwIfCancelled(this.progress.signal);
      if (head === undefined) {
        this.tarBytes += bytes.length;
        yield bytes;
      } else {
        head = Buffer.concat([head, bytes]);
        if (head.length >= headBytes) yield begin(head);
      }
    }
    if (head !== undefined) yield begin(head);
  }

  private decompress(): AsyncIterable<Uint8Array> {
    const file = createReadStream(this.archive);
    this.readBytes = () => file.bytesRead;
    if (this.compression === 'zstd') return decodeZstd(file);
    // The last stream, which is read, reports the errors of both; the callback can ignore them.
    return pipeline(file, createGunzip(), () => undefined);
  }

  private async take(entry: Entry, { name, isDirectory, verdict }: NamedEntry): Promise<void> {
    const sizeBytes = isDirectory ? 0 : entry.header.size;
    this.entriesEnd = entry.offset + (1 + Math.ceil(sizeBytes / TAR_BLOCK_BYTES)) * TAR_BLOCK_BYTES;
    if (!isDirectory) {
      this.seen.files++;
      this.seen.bytes += sizeBytes;
    }
    if (verdict !== 'taken' || this.judge.isForeign) return await this.readThrough(entry, sizeBytes, async () => {});
    const path = join(this.directory, name);
    await makeDirectory(isDirectory ? path : dirname(path));
    if (isDirectory) return await this.readThrough(entry, 0, async () => {});
    await this.requireRoom(sizeBytes);
    if (name === this.files.keyFile) this.keyFileBytes = sizeBytes;
    this.isBlockFormat ||= BLOCK_FILE_NAME.test(name);
    this.progress.onEvent?.({ kind: 'file-began', name, bytes: sizeBytes });
    const file = await this.createFile(path, name);
    try {
      await this.readThrough(entry, sizeBytes, async (bytes) => {
        await atFile('write the file', path, () => writeFully(file, bytes));
        this.tellUnpacked();
      });
    } finally {
      await file.close();
    }
  }

  private tellUnpacked(): void {
    const { seen, archiveBytes: totalBytes } = this;
    this.progress.onEvent?.({ kind: 'unpack-progress', files: seen.files, bytes: this.readBytes(), totalBytes });
  }

  private async readThrough(entry: Entry, sizeBytes: number, use: (bytes: Uint8Array) => Promise<void>): Promise<void> {
    let left = sizeBytes;
    for await (const bytes of entry) {
      throwIfCancelled(this.progress.signal);
      left -= bytes.length;
      await use(bytes);
    }
    if (left !== 0) throw new Error('Unexpected end of data');
  }

  private async createFile(path: string, name: string): Promise<FileHandle> {
    try {
      return await open(path, 'wx');
    } catch (error) {
      if (systemCodeOf(error) === 'EEXIST') throw new InvalidEntry(`it holds ${name} twice`);
      throw fileError(error, 'create the file', path);
    }
  }

  /** Refuses before the disk is full: for the whole dump if its header gives the size, else for each file. */
  private async requireRoom(sizeBytes: number): Promise<void> {
    const isFirst = this.seen.files === 1;
    const neededBytes = isFirst ? Math.max(sizeBytes, this.header?.bytes ?? 0) : sizeBytes;
    const message = 'there is not enough room to unpack the archive';
    await requireRoom(this.directory, neededBytes, message, isFirst ? '' : ' by the next file');
  }

  private requireWhole(): void {
    if (this.tarBytes < this.entriesEnd + TAR_END_BYTES) {
      throw this.invalid('it ends between two files, without the mark of its end', HINT_CUT_OFF);
    }
    const { header, seen } = this;
    if (header === undefined || (header.files === seen.files && header.bytes === seen.bytes)) return;
    const promised = `${header.files} files with ${header.bytes} bytes`;
    throw this.invalid(`it should hold ${promised}, but holds ${seen.files} with ${seen.bytes}`, HINT_DAMAGED);
  }

  private refusal(): GraphkeepError {
    const { reason, hint } = this.judge.explain();
    return this.invalid(reason, hint);
  }

  private explain(error: unknown): GraphkeepError {
    if (error instanceof GraphkeepError) {
      const isInTheWay = ['EEXIST', 'ENOTDIR', 'ENAMETOOLONG'].includes(systemCodeOf(error) ?? '');
      return isInTheWay ? this.invalid('the names of its entries cannot all be files') : error;
    }
    if (error instanceof InvalidEntry) return this.invalid(error.message);
    if (error instanceof Error && 'syscall' in error) return fileError(error, 'read the archive', this.archive);
    const reason = error instanceof Error ? error.message : String(error);
    if (/unexpected end|ends inside/i.test(reason)) return this.invalid(`it ends too early: ${reason}`, HINT_CUT_OFF);
    return this.invalid(`it is damaged: ${reason}`, HINT_DAMAGED);
  }

  private invalid(reason: string, hint?: string): GraphkeepError {
    return invalidArchive(this.archive, reason, hint);
  }
}

/** Resolves when the tar stream accepts more, or accepts nothing any more. */
function drained(tar: Extract): Promise<void> {
  return new Promise((resolve) => {
    const settle = () => {
      tar.off('drain', settle).off('close', settle);
      resolve();
    };
    tar.on('drain', settle).on('close', settle);
    if (tar.destroyed) settle();
  });
}
