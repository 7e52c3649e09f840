import { GraphkeepError } from '../../base/errors.ts';
import type { CopyReceiver, FileReceiver, StoreFileStream } from '../../source/backup-source.ts';
import { BUNDLE_FILE, type IndexLine } from '../catalogue/object-index.ts';
import { formatPartName } from '../catalogue/part-name.ts';
import { MOST_PLAIN_BYTES } from '../seal/frames/limits.ts';
import type { ObjectInProgress, SealedObject } from '../seal/pool/object-in-progress.ts';
import type { SealPool } from '../seal/pool/seal-pool.ts';
import { packTar, TAR_END_BYTES, TAR_ENTRY_BYTES, type TarEntry } from '../tar/tar-content.ts';
import { lineOf, type PartJournal } from './part-journal.ts';
import type { Uploads } from './uploads.ts';

/** Files up to this size are stored together, */
const SMALL_BYTES = 1024 * 1024;
/** as long as they do not take more memory than this in all. Tiny ones always are. */
const MOST_KEPT_BYTES = 32 * 1024 * 1024;
const TINY_BYTES = 16 * 1024;

export interface BaseFilesOptions {
  readonly pool: SealPool;
  readonly uploads: Uploads;
  /** Of the base. */
  readonly folder: string;
  readonly isEncrypted: boolean;
  /** Knows parts that need not be sent, and learns which are stored. */
  readonly journal?: PartJournal | undefined;
  /** Memory for small files. */
  readonly mostKeptBytes?: number;
}

/**
 * Stores the files of a base: parts of at most 16 MiB of each large file, as they come, and bundles of the small ones (spec
 * repository-layout 2). Small files stay in memory until {@link finish}, large ones only in the objects that are being sealed.
 */
export class BaseFiles implements CopyReceiver {
  private readonly options: BaseFilesOptions;
  private readonly files = new Map<string, ArrivingFile>();
  private nextNumber = 0;
  private bundles = 0;
  private readonly mostKeptBytes: number;
  /** Of small files that have ended. */
  private keptBytes = 0;

  constructor(options: BaseFilesOptions) {
    this.options = options;
    this.mostKeptBytes = options.mostKeptBytes ?? MOST_KEPT_BYTES;
  }

  async openFile({ name }: StoreFileStream): Promise<FileReceiver> {
    if (this.files.has(name)) throw new GraphkeepError('file.io', `there is a file ${name} already`);
    const file = new ArrivingFile(name, this.nextNumber++, this.options);
    this.files.set(name, file);
    return {
      bytes: (chunk) => file.add(chunk),
      restart: async () => file.drop(),
      end: async () => {
        await file.end(this.keptBytes + file.keptBytes > this.mostKeptBytes);
        file.countedBytes = file.keptBytes;
        this.keptBytes += file.countedBytes;
      },
      discard: async () => {
        this.keptBytes -= file.countedBytes;
        file.drop();
        this.files.delete(name);
      },
    };
  }

  /** The names of all files. */
  get names(): string[] {
    return [...this.files.keys()];
  }

  /** Of all files. */
  get bytes(): number {
    return [...this.files.values()].reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** The content of a small file, or undefined if there is none. */
  small(name: string): Buffer | undefined {
    return this.files.get(name)?.small;
  }

  /** Puts another content in the place of that of a small file, or adds one. */
  replaceSmall(name: string, content: Buffer): void {
    const file = new ArrivingFile(name, this.nextNumber++, this.options);
    file.keep(content);
    this.files.set(name, file);
  }

  /** Stores what is still in memory. Returns the lines of the index, in an order that does not depend on that of arrival. */
  async finish(): Promise<IndexLine[]> {
    const lines: IndexLine[] = [];
    let bundle: TarEntry[] = [];
    let bundleBytes = TAR_END_BYTES;
    for (const [name, file] of [...this.files].sort(([one], [other]) => (one < other ? -1 : 1))) {
      const content = file.small;
      if (content === undefined) {
        lines.push(...file.lines);
        continue;
      }
      const bytes = content.length + TAR_ENTRY_BYTES;
      if (bundleBytes + bytes > MOST_PLAIN_BYTES) {
        lines.push(await this.storeBundle(bundle));
        bundle = [];
        bundleBytes = TAR_END_BYTES;
      }
      bundle.push({ name, content });
      bundleBytes += bytes;
    }
    if (bundle.length > 0) lines.push(await this.storeBundle(bundle));
    await this.options.uploads.settle();
    return lines;
  }

  /** Gives the memory of unfinished parts back. */
  abandon(): void {
    for (const file of this.files.values()) file.drop();
    this.files.clear();
  }

  private async storeBundle(entries: readonly TarEntry[]): Promise<IndexLine> {
    const { pool, uploads, folder, isEncrypted } = this.options;
    const object = await pool.open({ hasTable: false });
    for (const piece of await packTar(entries)) await object.write(piece);
    const sealed = await object.seal();
    const digest = digestOf(sealed);
    const name = formatPartName({ kind: 'bundle', number: this.bundles++, digest: digest.slice(0, 16), isEncrypted });
    const line = indexLine(BUNDLE_FILE, 0, name, sealed);
    await uploads.send(`${folder}/${name}`, sealed);
    return line;
  }
}

/** One file. */
class ArrivingFile {
  private readonly name: string;
  private readonly number: number;
  private readonly options: BaseFilesOptions;
  /** What there is of it while it is small. */
  private start: Buffer[] = [];
  bytes = 0;
  private object: ObjectInProgress | undefined;
  private objectOffset = 0;
  private stored: IndexLine[] = [];
  /** How much of it counts among the small files in memory. */
  countedBytes = 0;

  constructor(name: string, number: number, options: BaseFilesOptions) {
    this.name = name;
    this.number = number;
    this.options = options;
  }

  /** The whole content, if it has ended and is small. */
  get small(): Buffer | undefined {
    return this.bytes <= SMALL_BYTES && this.stored.length === 0 ? Buffer.concat(this.start) : undefined;
  }

  keep(content: Buffer): void {
    this.start = [content];
    this.bytes = content.length;
  }

  add(chunk: Buffer): Promise<void> | undefined {
    if (this.bytes + chunk.length > SMALL_BYTES) return this.addLarge(chunk);
    this.start.push(Buffer.from(chunk));
    this.bytes += chunk.length;
    return undefined;
  }

  /** In memory. */
  get keptBytes(): number {
    return this.start.length === 0 ? 0 : this.bytes;
  }

  /** `isCrowded`: there are many small files in memory, and this one had better not be among them. */
  async end(isCrowded: boolean): Promise<void> {
    if (isCrowded && this.bytes > TINY_BYTES && this.object === undefined && this.stored.length === 0) {
      const content = Buffer.concat(this.start);
      this.start = [];
      await this.write(content, 0);
    }
    if (this.object !== undefined) await this.store();
  }

  /** Forgets what has come. Parts that were stored stay behind until they are removed with others that no index names. */
  drop(): void {
    this.object?.abandon();
    this.object = undefined;
    this.start = [];
    this.stored = [];
    this.bytes = 0;
  }

  get lines(): readonly IndexLine[] {
    return this.stored;
  }

  private async addLarge(chunk: Buffer): Promise<void> {
    const before = this.start;
    this.start = [];
    let written = before.length > 0 ? 0 : this.bytes;
    this.bytes += chunk.length;
    for (const piece of [...before, chunk]) {
      await this.write(piece, written);
      written += piece.length;
    }
  }

  private async write(bytes: Buffer, offset: number): Promise<void> {
    for (let at = 0; at < bytes.length; ) {
      if (this.object === undefined) {
        this.object = await this.options.pool.open({ hasTable: true });
        this.objectOffset = offset + at;
      }
      const piece = bytes.subarray(at, at + this.object.roomBytes);
      await this.object.write(piece);
      at += piece.length;
      if (this.object.roomBytes === 0) await this.store();
    }
  }

  private async store(): Promise<void> {
    const { uploads, folder, isEncrypted, journal } = this.options;
    const object = this.object!;
    this.object = undefined;
    const offset = this.objectOffset;
    const sealed = await object.seal();
    const frames = Buffer.from(sealed.framesSha256).toString('hex');
    const known = journal?.find(this.name, offset, frames);
    if (known !== undefined) {
      sealed.release();
      this.stored.push(lineOf(known));
      return;
    }
    const digest = digestOf(sealed).slice(0, 16);
    const name = formatPartName({ kind: 'part', file: this.number, offset, digest, isEncrypted });
    const line = indexLine(this.name, offset, name, sealed);
    this.stored.push(line);
    await uploads.send(`${folder}/${name}`, sealed, () => {
      journal?.add({ frames, ...line });
    });
  }
}

/** The SHA-256 of an object as stored, in hexadecimal. */
export function digestOf({ sha256 }: Pick<SealedObject, 'sha256'>): string {
  return Buffer.from(sha256).toString('hex');
}

function indexLine(file: string, offset: number, object: string, sealed: SealedObject): IndexLine {
  const { plainBytes, bytes } = sealed;
  return { file, offset, bytes: plainBytes, object, storedBytes: bytes.length, sha256: digestOf(sealed) };
}
