import { copyFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { GraphkeepError } from '../../base/errors.ts';
import { atFile } from '../../base/file-errors.ts';
import type { LogEnd } from '../../log/v3/log-end.ts';
import { findStartWithCounts } from '../../source/live-files/live-counts.ts';
import type { DatabasePlace, LiveDatabase } from '../../source/live-files/live-database.ts';
import { classifyDatabaseFile, METADATA_FILE } from '../../store/files/store-files.ts';
import { formatByVersion } from '../../store/files/store-format.ts';
import { type FoundFile, inOrder, listServedFiles, readMovingFile, readServedFile } from '../database/served-files.ts';
import { copyDerivedFiles } from './derived-copy.ts';
import { copyNamedStores, namedStoreFiles } from './named-stores.ts';
import type { PinnedLog } from './pinned-log.ts';
import { prepareForReplay } from './replay-preparation.ts';
import type { Spool } from './spool.ts';

export interface SnapshotOptions {
  place: DatabasePlace;
  database: LiveDatabase;
  end: LogEnd;
  pinLog: (signal: AbortSignal) => Promise<PinnedLog>;
  spool: Spool;
  signal: AbortSignal;
}

/**
 * What a full copy of a running database consists of: its log from a check point C on, kept readable; private copies of everything that
 * must not be a mixture of old and new; and the other record stores, which are read when a client asks for them. Several copies may share
 * one.
 */
export class LiveSnapshot {
  readonly log: PinnedLog;
  /** Which of them are in the private copy does not matter to anybody but {@link read}. */
  readonly files: readonly FoundFile[];
  readonly madeAt = performance.now();
  private readonly release: () => void;
  private readonly spooled: ReadonlySet<FoundFile>;
  private users = 1;

  private constructor(log: PinnedLog, release: () => void, spooled: readonly FoundFile[], live: readonly FoundFile[]) {
    this.log = log;
    this.release = release;
    this.spooled = new Set(spooled);
    this.files = inOrder([...spooled, ...live]);
  }

  /**
   * @throws GraphkeepError `serve.unsettled` if a file changes faster than it can be copied; `serve.changed` if the database was replaced
   * meanwhile; `log.no-check-point`
   */
  static async make(options: SnapshotOptions): Promise<LiveSnapshot> {
    const { pinLog, spool, signal } = options;
    const log = await pinLog(signal);
    let folder: string | undefined;
    try {
      const made = await spool.makeFolder();
      folder = made;
      const { spooled, live } = await collectFiles(log, made, options);
      return new LiveSnapshot(log, () => spool.drop(made), spooled, live);
    } catch (error) {
      log.close();
      if (folder !== undefined) spool.drop(folder);
      throw error;
    }
  }

  /** False once the last user has closed it. */
  get isOpen(): boolean {
    return this.users > 0;
  }

  /** One more user besides the one who made it. Each must call {@link close} once. */
  use(): void {
    this.users++;
  }

  /** The private copy of a file, which is the same for everybody; undefined for a file that is read live. */
  findSpooled(name: string): FoundFile | undefined {
    return [...this.spooled].find((file) => file.name === name);
  }

  read(file: FoundFile, signal: AbortSignal): AsyncGenerator<Uint8Array, void> {
    return this.spooled.has(file) ? readServedFile(file, signal) : readMovingFile(file, signal);
  }

  close(): void {
    this.users--;
    if (this.users > 0) return;
    this.log.close();
    this.release();
  }
}

async function collectFiles(
  log: PinnedLog,
  folder: string,
  { place, database, end, signal }: SnapshotOptions,
): Promise<{ spooled: FoundFile[]; live: FoundFile[] }> {
  const format = formatByVersion(database.storeId.storeVersion);
  await copyCounts(place.directory, folder, log);
  await copyDerivedFiles(place.directory, folder, signal);
  await copyNamedStores(place.directory, folder);
  await log.lookAtEnd(end, signal);
  await prepareForReplay(folder, format, log, signal);
  const metadata = join(place.directory, METADATA_FILE);
  await atFile('copy the file', metadata, () => copyFile(metadata, join(folder, METADATA_FILE)));
  const live = listServedFiles(place.directory, format, { logs: false }).filter(isReadLive).map(inWholeRecords);
  requireSame(database);
  return { spooled: listServedFiles(folder, format, { logs: false }), live };
}

/** The counts of the last check point; without them, whoever opens the copy counts again. */
async function copyCounts(directory: string, folder: string, { start }: PinnedLog): Promise<void> {
  const beginning = { findCopyStart: () => start, firstTransactionFrom: () => start.transaction + 1 };
  const { counts } = findStartWithCounts(directory, beginning);
  if (counts === undefined) return;
  const path = join(folder, counts.name);
  await atFile('write the file', path, () => writeFile(path, counts.bytes));
}

/** @throws GraphkeepError `serve.changed` */
export function requireSame(database: LiveDatabase): void {
  if (database.isSame()) return;
  throw new GraphkeepError('serve.changed', 'the database was replaced or upgraded while it was served', {
    place: database.errorPlace,
    hint: 'Make the backup again: the listener serves the new database from now on.',
  });
}

/** The record stores whose records replay corrects. */
export function isReadLive({ name }: FoundFile): boolean {
  return classifyDatabaseFile(name) === 'record-store' && !namedStoreFiles.has(name);
}

/** A record that the server has begun to write at the end of the file is in the log. */
export function inWholeRecords(file: FoundFile): FoundFile {
  const { sizeBytes, alignment } = file;
  return sizeBytes < alignment ? file : { ...file, sizeBytes: sizeBytes - (sizeBytes % alignment) };
}
