import { randomBytes } from 'node:crypto';
import { sha256Of } from '../../objects/whole-object.ts';
import type { FileReceiver, StoreFileStream } from '../../source/backup-source.ts';
import { formatManifest, type Manifest } from '../catalogue/manifest.ts';
import type { IndexLine } from '../catalogue/object-index.ts';
import { baseFolder, formatStampedId, INDEX_NAME, MANIFEST_NAME, parseStampedId } from '../catalogue/object-keys.ts';
import { createSmall, type Repository } from '../opening/repository.ts';
import type { SealPool } from '../seal/pool/seal-pool.ts';
import { encodeIndex, settleBase, storedObjectsOf } from './base-end.ts';
import { BaseFiles } from './base-files.ts';
import type { InterruptedBase } from './interrupted-base.ts';
import { PartJournal } from './part-journal.ts';
import type { SegmentLog } from './segment-log.ts';
import type { SegmentPlace, StoredSegment } from './stored-segment.ts';
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
  /** What an earlier run has left of a base that this one completes. */
  readonly interrupted?: InterruptedBase | undefined;
  /** Where to note which parts are stored, for a later run, and the timeline before this one if it is new. */
  readonly journal?: { readonly path: string; readonly parent: string | undefined } | undefined;
  readonly signal: AbortSignal;
}

/** What a manifest says of the database; the rest follows from what was stored. */
export type BaseFacts = Pick<
  Manifest,
  'store' | 'source' | 'checkPoint' | 'consistentAt' | 'newestCommit' | 'tool' | 'compression' | 'omitted'
>;

/** The log of a base: it stores what it is given, in its order. */
export interface BaseLog {
  readonly stored: readonly StoredSegment[];
  /** Stores the rest. */
  finish(): Promise<void>;
  /** Drops what is not stored. */
  abandon(): void;
}

/**
 * Stores one base: files, then the log that makes them exact, then index and manifest. Until the manifest is there, the base does not
 * exist; a kill leaves objects that nothing refers to.
 */
export class BaseWriter<Log extends BaseLog = SegmentLog> {
  readonly id: string;
  readonly files: BaseFiles;
  readonly log: Log;
  private readonly options: BaseWriterOptions;
  private readonly folder: string;
  private readonly startedAt: Date;
  private readonly uploads: Uploads;
  private readonly journal: PartJournal | undefined;
  private isPublished = false;
  private isHopeless = false;
  private manifest: { key: string; bytes: Buffer } | undefined;

  private constructor(options: BaseWriterOptions, id: string, startedAt: Date, makeLog: (place: SegmentPlace) => Log) {
    const { repository, pool, database, timeline, signal } = options;
    this.options = options;
    this.id = id;
    this.startedAt = startedAt;
    this.folder = baseFolder(database, timeline, id);
    const isEncrypted = repository.settings.encryption.method === 'age';
    this.uploads = new Uploads(repository.store, signal);
    const { journal, interrupted } = options;
    const head = { timeline, parent: journal?.parent, base: id };
    this.journal = journal && new PartJournal(journal.path, head, interrupted?.parts);
    const { uploads, folder } = this;
    this.files = new BaseFiles({ pool, uploads, folder, isEncrypted, journal: this.journal });
    const { store } = repository;
    this.log = makeLog({ pool, store, folder: `${this.folder}/log`, isEncrypted, signal });
  }

  /** The id begins with the time of the store, which all who write there share. */
  static async begin<Log extends BaseLog>(
    options: BaseWriterOptions,
    makeLog: (place: SegmentPlace) => Log,
  ): Promise<BaseWriter<Log>> {
    const began = await options.repository.store.now(options.signal);
    const id = options.interrupted?.head.base ?? makeId(began, options.previous);
    return new BaseWriter(options, id, began, makeLog);
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
    await settleBase(store, this.folder, storedObjectsOf(lines, log), signal);
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
    await this.journal?.remove();
  }

  /** What has come is of no use to a later run either. */
  giveUp(): void {
    this.isHopeless = true;
  }

  /**
   * Removes what was stored, if that is possible and a later run cannot go on with it: nothing refers to it, and a clean-up removes what is
   * left. May be called again.
   */
  async abandon(): Promise<void> {
    this.files.abandon();
    this.log.abandon();
    this.journal?.close();
    if (this.isPublished) return;
    await this.uploads.end();
    if (!this.isHopeless && this.journal?.isWorthKeeping === true) return;
    await this.journal?.remove();
    const { store } = this.options.repository;
    const soon = AbortSignal.timeout(CLEAN_UP_MS);
    try {
      const keys: string[] = [];
      for await (const { key } of store.list(`${this.folder}/`, undefined, soon)) keys.push(key);
      if (keys.length > 0) await store.remove(keys, soon);
    } catch {
      // What has failed before is the error to tell.
    }
  }

  private async storeIndex(lines: readonly IndexLine[]): Promise<Manifest['index']> {
    const bytes = await encodeIndex(lines);
    await createSmall(this.options.repository.store, `${this.folder}/${INDEX_NAME}`, bytes, this.options.signal);
    return { object: INDEX_NAME, bytes: bytes.length, sha256: sha256Of(bytes).toString('hex') };
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
