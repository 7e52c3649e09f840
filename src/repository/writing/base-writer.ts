import { randomBytes } from 'node:crypto';
import { GraphkeepError } from '../../base/errors.ts';
import { onePiece } from '../../base/one-piece.ts';
import { encodeZstd } from '../../base/zstd/encoding.ts';
import { sha256Of } from '../../objects/whole-object.ts';
import type { FileReceiver, StoreFileStream } from '../../source/backup-source.ts';
import { formatManifest, type Manifest } from '../catalogue/manifest.ts';
import type { IndexLine } from '../catalogue/object-index.ts';
import { baseFolder, formatStampedId, INDEX_NAME, MANIFEST_NAME, parseStampedId } from '../catalogue/object-keys.ts';
import { createSmall, type Repository } from '../opening/repository.ts';
import type { SealPool } from '../seal/pool/seal-pool.ts';
import { BaseFiles, formatIndex } from './base-files.ts';
import { SegmentLog, type StoredSegment } from './segment-log.ts';
import { Uploads } from './uploads.ts';

/** How long to try to remove what a failed run has stored. */
const CLEAN_UP_MS = 30_000;

export interface BaseWriterOptions {
  readonly repository: Repository;
  readonly pool: SealPool;
  readonly database: string;
  readonly timeline: string;
  /** The newest base. */
  readonly previous?: string | undefined;
  readonly signal: AbortSignal;
}

/** What a manifest says of the database; the rest follows from what was stored. */
export type BaseFacts = Pick<
  Manifest,
  'store' | 'source' | 'checkPoint' | 'consistentAt' | 'newestCommit' | 'tool' | 'compression'
>;

/**
 * Stores one base: files, then the log that makes them exact, then index and manifest. Until the manifest is there, the base does not
 * exist; a kill leaves objects that nothing refers to.
 */
export class BaseWriter {
  readonly id: string;
  readonly files: BaseFiles;
  readonly log: SegmentLog;
  private readonly options: BaseWriterOptions;
  private readonly folder: string;
  private readonly startedAt: Date;
  private readonly uploads: Uploads;
  private isPublished = false;
  private manifest: { key: string; bytes: Buffer } | undefined;

  private constructor(options: BaseWriterOptions, id: string, startedAt: Date) {
    const { repository, pool, database, timeline, signal } = options;
    this.options = options;
    this.id = id;
    this.startedAt = startedAt;
    this.folder = baseFolder(database, timeline, id);
    const isEncrypted = repository.settings.encryption.method === 'age';
    this.uploads = new Uploads(repository.store, signal);
    this.files = new BaseFiles({ pool, uploads: this.uploads, folder: this.folder, isEncrypted });
    const { store } = repository;
    this.log = new SegmentLog({ pool, store, folder: `${this.folder}/log`, isEncrypted, signal });
  }

  /** The id begins with the time of the store, which all who write there share. */
  static async begin(options: BaseWriterOptions): Promise<BaseWriter> {
    const began = await options.repository.store.now(options.signal);
    return new BaseWriter(options, makeId(began, options.previous), began);
  }

  openFile(file: StoreFileStream): Promise<FileReceiver> {
    return this.files.openFile(file);
  }

  /**
   * Stores everything but the manifest, and verifies that it is there.
   * @throws GraphkeepError `object.missing` if an object that was acknowledged is not there
   */
  async finish(facts: BaseFacts): Promise<void> {
    const { repository, database, timeline, signal } = this.options;
    const { store, settings } = repository;
    await this.log.finish();
    const lines = await this.files.finish();
    const index = await this.storeIndex(lines);
    const log = this.log.stored.map(({ name, ...rest }) => ({ object: `log/${name}`, ...rest }));
    await this.settle(lines, this.log.stored);
    const sum = (values: readonly { bytes: number }[]) => values.reduce((total, { bytes }) => total + bytes, 0);
    const manifest: Manifest = {
      format: 'graphkeep-base',
      version: 1,
      id: this.id,
      database,
      timeline,
      ...facts,
      startedAt: this.startedAt,
      finishedAt: await store.now(signal),
      files: this.files.names.length,
      bytes: this.files.bytes,
      storedBytes: lines.reduce((total, { storedBytes }) => total + storedBytes, 0) + sum(log) + index.bytes,
      objects: lines.length,
      index,
      log,
      encryption: settings.encryption,
    };
    this.manifest = { key: `${this.folder}/${MANIFEST_NAME}`, bytes: formatManifest(manifest) };
  }

  /** The base exists when this resolves. */
  async publish(): Promise<void> {
    const { key, bytes } = this.manifest!;
    // From here on the base may exist, even if the answer is lost.
    this.isPublished = true;
    await createSmall(this.options.repository.store, key, bytes, this.options.signal);
  }

  /** Removes what was stored, if that is possible: nothing refers to it, and a clean-up removes what is left. May be called again. */
  async abandon(): Promise<void> {
    this.files.abandon();
    this.log.abandon();
    if (this.isPublished) return;
    const { store } = this.options.repository;
    const soon = AbortSignal.timeout(CLEAN_UP_MS);
    try {
      await this.uploads.end();
      const keys: string[] = [];
      for await (const { key } of store.list(`${this.folder}/`, undefined, soon)) keys.push(key);
      if (keys.length > 0) await store.remove(keys, soon);
    } catch {
      // What has failed before is the error to tell.
    }
  }

  private async storeIndex(lines: readonly IndexLine[]): Promise<Manifest['index']> {
    const pieces: Uint8Array[] = [];
    for await (const piece of encodeZstd(onePiece(formatIndex(lines)))) pieces.push(piece);
    const bytes = Buffer.concat(pieces);
    await createSmall(this.options.repository.store, `${this.folder}/${INDEX_NAME}`, bytes, this.options.signal);
    return { object: INDEX_NAME, bytes: bytes.length, sha256: sha256Of(bytes).toString('hex') };
  }

  /** Every object is there with its size. What a file left behind that began again is removed. */
  private async settle(lines: readonly IndexLine[], segments: readonly StoredSegment[]): Promise<void> {
    const { repository, signal } = this.options;
    const { store } = repository;
    const wanted = new Map<string, number>();
    for (const { object, storedBytes } of lines) wanted.set(`${this.folder}/${object}`, storedBytes);
    for (const { name, bytes } of segments) wanted.set(`${this.folder}/log/${name}`, bytes);
    const unwanted: string[] = [];
    for await (const { key, size } of store.list(`${this.folder}/`, undefined, signal)) {
      if (wanted.get(key) === size) wanted.delete(key);
      else if (key.startsWith(`${this.folder}/data/`)) unwanted.push(key);
    }
    const [missing] = wanted.keys();
    if (missing !== undefined) {
      throw new GraphkeepError('object.missing', 'an object that was stored is not there', {
        place: { object: `${store.address}/${missing}` },
        observed: `${wanted.size} of ${lines.length + segments.length} objects are missing`,
      });
    }
    // A key without the right to remove leaves them to those who clean up.
    if (unwanted.length > 0) await store.remove(unwanted, signal);
  }
}

/**
 * A name for a timeline or base that begins now. It sorts after `previous`, even if that began in the same second, or by a clock that was
 * ahead: the order of names is the order of time.
 */
export function makeId(now: Date, previous?: string): string {
  const before = previous === undefined ? undefined : parseStampedId(previous)?.began.getTime();
  const began = new Date(Math.max(now.getTime(), before === undefined ? 0 : before + 1000));
  return formatStampedId({ began, random: randomBytes(4).toString('hex') });
}
