import type { FileHandle } from 'node:fs/promises';
import { constants, open, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { removeTree, syncFile, writeFullyAt } from '../../base/durable-files.ts';
import { atFile } from '../../base/file-errors.ts';
import { listLogFiles, logFileName } from '../../log/log-files.ts';
import { isBefore } from '../../log/log-position.ts';
import { LogFileSet } from '../../log/log-source.ts';
import { readLastCheckPoint } from '../../log/modern/check-points/check-point-log.ts';
import { readModernLogHeader } from '../../log/modern/fields/log-header.ts';
import type { LoggedTransaction } from '../../log/modern/fields/logged-transaction.ts';
import { lastNameOf } from '../../log/modern/same-place.ts';
import { TransactionReader } from '../../log/modern/transaction-reader.ts';
import type { Manifest } from '../../repository/catalogue/manifest.ts';
import { baseFolder, logFolder } from '../../repository/catalogue/object-keys.ts';
import type { RestorePlan } from '../../repository/catalogue/restore-plan.ts';
import { formatSegmentName } from '../../repository/catalogue/segment-name.ts';
import { objectError } from '../../repository/object-errors.ts';
import { readLogRanges, type StoredObjects } from '../../repository/reading/stored-objects.ts';

/** Without losing what is there; `a` would write at the end only. */
const WRITE_OR_CREATE = constants.O_RDWR | constants.O_CREAT;

/** No server has as many log files behind a base. A repository of somebody else may name any number. */
const MOST_FILES = 1_000_000;

export interface AssembledRawLog {
  readonly transaction: number;
  readonly commitTime: Date;
  /** The version of the log at its end, as a byte; undefined if it has no transaction. */
  readonly kernelVersion: number | undefined;
}

/**
 * Puts the log of a base, and that of the segments of a plan, together to the files that the server had, and cuts it behind the last
 * transaction that is wanted. Every transaction is read again: its checksum, its id, and that it follows the one before. A server would
 * pass over a log that ends too early without a word.
 *
 * @param directory holds the log file and the check points of the base already
 */
export async function assembleRawLog(
  objects: StoredObjects,
  manifest: Manifest,
  plan: Pick<RestorePlan, 'segments' | 'end'>,
  directory: string,
  signal: AbortSignal,
): Promise<AssembledRawLog> {
  const base = baseFolder(manifest.database, manifest.timeline, manifest.id);
  const first = listLogFiles(directory).lowest;
  if (first === undefined) throw objectError('repository.object-damaged', base, 'the base has no log file');
  const files = new RangeFiles(directory, first);
  try {
    for (const { object, bytes, sha256 } of manifest.log) {
      const key = `${base}/${object}`;
      await files.take(objects.read({ key, bytes, sha256: Buffer.from(sha256, 'hex') }), key);
    }
    const folder = logFolder(manifest.database, manifest.timeline);
    for (const name of plan.segments.flatMap(({ names }) => names)) {
      const key = `${folder}/${formatSegmentName(name)}`;
      await files.take(objects.readNamed(key, name.digest), key);
    }
  } finally {
    await files.close();
  }
  return await cut(directory, manifest, plan, base, signal);
}

/** The log files that grow while ranges of them come. */
class RangeFiles {
  private readonly directory: string;
  private readonly first: number;
  private newest: { version: number; handle: FileHandle } | undefined;

  constructor(directory: string, first: number) {
    this.directory = directory;
    this.first = first;
  }

  async take(plain: AsyncIterable<Uint8Array>, key: string): Promise<void> {
    for (const { version, offset, content } of await readLogRanges(plain, key)) {
      if (version < this.first || version > this.first + MOST_FILES) {
        throw objectError(
          'repository.object-damaged',
          key,
          'it holds a part of a log file that cannot be in this log',
          {
            observed: version,
          },
        );
      }
      await atFile('write the file', join(this.directory, logFileName(version)), async () =>
        writeFullyAt(await this.open(version), content, offset),
      );
    }
  }

  async close(): Promise<void> {
    await this.newest?.handle.close();
    this.newest = undefined;
  }

  /** Only the newest file grows: the others are complete once a later one begins. */
  private async open(version: number): Promise<FileHandle> {
    if (this.newest?.version === version) return this.newest.handle;
    await this.close();
    const handle = await open(join(this.directory, logFileName(version)), WRITE_OR_CREATE);
    this.newest = { version, handle };
    return handle;
  }
}

async function cut(
  directory: string,
  manifest: Manifest,
  { segments, end }: Pick<RestorePlan, 'segments' | 'end'>,
  place: string,
  signal: AbortSignal,
): Promise<AssembledRawLog> {
  const { consistentAt } = manifest;
  const source = new LogFileSet(directory);
  try {
    const reader = new TransactionReader(source, { signal });
    let last: LoggedTransaction | undefined;
    for await (const transaction of reader) {
      if (transaction.id > consistentAt.transaction && isBehind(transaction, end)) break;
      last = transaction;
    }
    requireWanted(last, manifest, segments, end, place);
    const cutAt = last?.end ?? reader.tail.end;
    const checkPoint = readLastCheckPoint(directory);
    if (checkPoint !== undefined && isBefore(lastNameOf(source, cutAt), lastNameOf(source, checkPoint.position)))
      throw objectError('repository.object-damaged', place, 'the log ends before the check point of the base');
    // A file without a transaction still holds the place of the check point.
    const newest = Math.max(cutAt.version, checkPoint?.position.version ?? 0);
    for (const { version } of listLogFiles(directory).files) {
      const path = join(directory, logFileName(version));
      if (version > newest) await removeTree(path);
      else if (version >= cutAt.version) {
        const end = version === cutAt.version ? cutAt.offset : dataStart(source, version);
        await atFile('write the file', path, () => truncate(path, end));
      }
      if (version <= newest) await syncFile(path);
    }
    return last === undefined
      ? { transaction: consistentAt.transaction, commitTime: consistentAt.commitTime, kernelVersion: undefined }
      : { transaction: last.id, commitTime: new Date(last.commitTime), kernelVersion: last.kernelVersion };
  } finally {
    source.close();
  }
}

function dataStart(source: LogFileSet, version: number): number {
  return readModernLogHeader(source, version)?.dataStart ?? 0;
}

function isBehind({ id, commitTime }: LoggedTransaction, end: RestorePlan['end']): boolean {
  if (end === undefined) return false;
  return 'transaction' in end ? id > end.transaction : commitTime > end.before.getTime();
}

/** The log has reached what the plan is about, and its last transaction is the one that the names know. */
function requireWanted(
  last: LoggedTransaction | undefined,
  { consistentAt, log }: Manifest,
  segments: RestorePlan['segments'],
  end: RestorePlan['end'],
  place: string,
): void {
  const segment = segments.at(-1);
  const wanted = segment === undefined ? consistentAt : { transaction: segment.last, checksum: segment.checksum };
  const expected = end !== undefined && 'transaction' in end ? end.transaction : wanted.transaction;
  const isTime = end !== undefined && !('transaction' in end);
  const reached = last?.id ?? (log.length === 0 ? consistentAt.transaction : 0);
  const isThere = isTime ? reached >= consistentAt.transaction && reached <= expected : reached === expected;
  const isSame = last === undefined || last.id !== wanted.transaction || BigInt(last.checksum) === wanted.checksum;
  if (isThere && isSame) return;
  throw objectError('repository.object-damaged', place, `the log should reach transaction ${expected}`, {
    observed: `transaction ${reached}${isSame ? '' : ' with another checksum'}`,
  });
}
