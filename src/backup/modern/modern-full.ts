import { GraphkeepError } from '../../base/errors.ts';
import { version as ownVersion } from '../../base/own-version.ts';
import { logFileName } from '../../log/log-files.ts';
import type { LogPosition } from '../../log/log-position.ts';
import type { ModernLogHeader } from '../../log/modern/fields/log-header.ts';
import type { LogBase } from '../../log/modern/log-outlook.ts';
import type { TimelineHistory } from '../../repository/reading/database-history.ts';
import { RawSegmentLog, type RawTransaction } from '../../repository/writing/raw-segment-log.ts';
import type { LiveCopying } from '../../source/live-files/live-file-copy.ts';
import type { RunningDatabase } from '../../source/modern-files/running-database.ts';
import type { BackupEvent } from '../backup-events.ts';
import type { FullOutcome } from '../full-backup.ts';
import { BaseInTimeline } from '../target/repository/base-in-timeline.ts';
import type { RepositoryRun } from '../target/repository/repository-run.ts';
import { ToldCopy } from '../told-copy.ts';
import { TransactionProgress } from '../transaction-progress.ts';

export interface ModernFullOptions {
  readonly database: RunningDatabase;
  readonly run: RepositoryRun;
  /** The newest timeline with a base, if there is one. */
  readonly newest: TimelineHistory | undefined;
  /** The base belongs to that timeline; otherwise it begins another one. */
  readonly goesOn: boolean;
  readonly copying: LiveCopying;
  readonly onEvent: (event: BackupEvent) => void;
}

/** Where the log of a base begins, and what is known of the transactions before. */
interface LogBeginning {
  readonly base: LogBase;
  readonly header: ModernLogHeader;
  readonly from: LogPosition;
}

/**
 * Makes a base of a running database of 4.2 or later (spec modern-copies 1): the files as they are read one after the other, check
 * points up to the last one before that, and the log from there on, byte for byte, up to a transaction that is behind everything in the
 * files. A server recovers it when it starts.
 */
export async function makeModernFull(options: ModernFullOptions): Promise<FullOutcome> {
  const { database, run, newest, goesOn, onEvent } = options;
  const beginning = await findBeginning(database, run.signal);
  const { header, from } = beginning;
  const { log: source } = database;
  const flush = () => database.flush();
  const crossesFiles = header.envelopes !== undefined;
  const base = await BaseInTimeline.begin(
    run,
    newest,
    goesOn,
    (place) => new RawSegmentLog({ ...place, source, from, crossesFiles, flush }),
  );
  try {
    const outcome = await receive(options, base, beginning);
    const { id } = database.identityOf(header);
    base.requireSameStore(id, { place: database.errorPlace });
    onEvent({ kind: 'flush-began' });
    return { outcome, replaced: await base.publish(id) };
  } catch (error) {
    await base.writer.abandon();
    throw error;
  }
}

async function receive(
  { database, run, copying, onEvent }: ModernFullOptions,
  { writer }: BaseInTimeline<RawSegmentLog>,
  { base, header, from }: LogBeginning,
): Promise<FullOutcome['outcome']> {
  const copy = new ToldCopy(writer, onEvent);
  for (let version = header.version; version <= lastHeaderOf(base); version++)
    writer.files.replaceSmall(logFileName(version), readHeader(database, version));
  for (const { name, content } of await database.readCheckPoints(base)) writer.files.replaceSmall(name, content);
  const leftOut = await database.copyFiles(copy, copying);
  for (const { name, cause } of leftOut) onEvent({ kind: 'file-left-to-server', name, cause });
  const { files, bytes } = copy;
  const checkPoint = database.newestCheckPoint();
  const progress = new TransactionProgress(onEvent);
  const reader = database.read(from, undefined, run.signal);
  progress.begin(undefined);
  let transactions = 0;
  let kernelVersion = base.checkPoint?.kernelVersion ?? 0;
  for await (const transaction of reader) {
    await writer.log.add(transaction);
    kernelVersion = transaction.kernelVersion;
    progress.advance({ transactions: ++transactions, bytes: writer.log.bytes, last: transaction.id });
  }
  database.requireWholeLog(reader.tail.end, checkPoint);
  database.requireSame(base);
  const { log } = writer;
  const last = log.last ?? lastBefore(base, header);
  progress.end({ count: transactions, first: undefined, last: last.id, bytes: log.bytes }, last.id);
  onEvent({ kind: 'copy-ended', files, bytes });
  const { id, format } = database.identityOf(header);
  await writer.finish({
    tool: ownVersion,
    store: { ...id, format, kernelVersion },
    source: database.place.directory,
    checkPoint: { transaction: header.last, position: base.from },
    consistentAt: {
      transaction: last.id,
      checksum: BigInt(last.checksum),
      commitTime: new Date(last.commitTime),
      ...(log.last === undefined ? {} : { position: log.last.start }),
    },
    newestCommit: new Date(Math.max(log.newestCommit, last.commitTime)),
    compression: run.compression,
    ...(leftOut.length === 0 ? {} : { omitted: leftOut.map(({ name }) => name) }),
  });
  return { kind: 'full', firstTransaction: last.id, lastTransaction: last.id, files, bytes: bytes + log.bytes };
}

/**
 * The log of a base begins with a file that has a transaction if there is any: what comes later is held against the last one. So it may
 * begin one file before that of the check point.
 */
async function findBeginning(database: RunningDatabase, signal: AbortSignal): Promise<LogBeginning> {
  const base = database.findBase();
  const { lowest = base.from.version } = database.log;
  let found: LogBeginning | undefined;
  for (let version = base.from.version; version >= lowest; version--) {
    const header = database.header(version);
    if (header === undefined) break;
    found = { base, header, from: { version, offset: header.dataStart } };
    for await (const _ of database.read(found.from, undefined, signal)) return found;
  }
  if (found !== undefined) return found;
  throw new GraphkeepError('log.gap', 'the log file of the last check point is missing', {
    place: { file: database.log.nameOf(base.from.version) },
  });
}

/** Of a database without transactions in its log. */
function lastBefore({ checkPoint }: LogBase, { last: id }: ModernLogHeader): RawTransaction {
  const { checksum = 0, commitTime = checkPoint?.time ?? 0 } = checkPoint?.transaction ?? {};
  const nowhere = { version: 0, offset: 0 };
  return { id, checksum, commitTime, start: nowhere, end: nowhere };
}

/** A check point may be in a file that has no transaction yet, which no range of the log would bring back. */
function lastHeaderOf({ from, checkPoint }: LogBase): number {
  return Math.max(from.version, checkPoint?.position.version ?? 0);
}

function readHeader(database: RunningDatabase, version: number): Buffer {
  const bytes = Buffer.alloc(database.header(version)?.dataStart ?? 0);
  database.log.read(version, bytes, 0, bytes.length, 0);
  return bytes;
}
