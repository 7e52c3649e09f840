import { join } from 'node:path';
import { GraphkeepError } from '../base/errors.ts';
import type { LogPosition } from '../log/log-position.ts';
import { BASE_TRANSACTION } from '../log/v3/log-header.ts';
import { cutLog, LogWriter } from '../log/v3/log-writer.ts';
import { findRecoveryStart } from '../log/v3/recovery-start.ts';
import type { IndexesReport } from '../replay/derived/schema-index-files.ts';
import { checkPointStore, recoverStore } from '../replay/recovery.ts';
import type { IdFile } from '../store/files/id-file.ts';
import { type NeostoreMetadata, patchMetadataDurablyIn, readMetadataIn } from '../store/files/neostore-metadata.ts';
import { METADATA_FILE, type StoreKey } from '../store/files/store-files.ts';
import { formatByVersion, STANDARD_FORMAT } from '../store/files/store-format.ts';
import { requireSupportedStore } from '../store/files/supported-store.ts';
import { readIdFiles } from './commits/id-files.ts';
import type { EmbeddedSettings } from './embedded-options.ts';

/** A store that is exact as of the end of its log, which ends with a check point. */
export interface OpenedStore {
  metadata: NeostoreMetadata;
  /** Position of the last check point; only check points follow it. */
  checkPoint: LogPosition;
  writer: LogWriter;
  /** The clean id files found. */
  idFiles: Map<StoreKey, IdFile>;
  report: IndexesReport;
}

/**
 * Makes a store ready for changes: recovers it if it was not shut down cleanly, and builds missing parts of the label scan store, the
 * indexes and the counts. Replay removes the id files before it changes anything.
 * @throws GraphkeepError `store.format` for any format but that of 3.4 and 3.5, `embedded.explicit-indexes`
 */
export async function openStore(directory: string, scratch: string, settings: EmbeddedSettings): Promise<OpenedStore> {
  await requireSupportedStore(directory, 'change');
  requireStandardFormat(directory);
  const found = findRecoveryStart(directory);
  const idFiles = found.needed ? new Map<StoreKey, IdFile>() : readIdFiles(directory);
  const common = { budgetBytes: settings.budgetBytes, scratch, indexes: { presentGenericVersion: true } };
  if (found.needed) {
    const recovery = await recoverStore(directory, { ...common, start: found.position!, storeIsExact: false });
    if (recovery.pendingFrom !== undefined) throw explicitIndexes(directory, recovery.pendingFrom);
    const { transactions, lastTransaction, end } = recovery;
    settings.onEvent({ kind: 'recovered', transactions, lastTransaction });
    return { ...openLog(directory, end), idFiles, report: recovery.derived };
  }
  const end = found.lastGoodEnd ?? (await startLog(directory));
  await cutLog(directory, end);
  const opened = openLog(directory, end);
  try {
    const { derived } = await checkPointStore(directory, { ...common, start: end, end, storeIsExact: true });
    return { ...opened, idFiles, report: derived };
  } catch (error) {
    opened.writer.close();
    throw error;
  }
}

function requireStandardFormat(directory: string): void {
  const format = formatByVersion(readMetadataIn(directory).storeVersion);
  if (format.version === STANDARD_FORMAT.version) return;
  throw new GraphkeepError('store.format', 'only stores of the standard format of 3.4 and 3.5 can be opened', {
    place: { file: join(directory, METADATA_FILE) },
    observed: `${format.family} ${format.name}`,
    hint: `Let a server of 3.4 or 3.5 bring the store to the standard format ${STANDARD_FORMAT.name}, then open it again.`,
  });
}

function explicitIndexes(directory: string, transaction: number): GraphkeepError {
  return new GraphkeepError(
    'embedded.explicit-indexes',
    'the log has changes of explicit indexes that are not in the indexes yet',
    { place: { file: directory }, observed: `transaction ${transaction}` },
  );
}

/**
 * Gives a store written from scratch a log, which says that there is nothing to replay. A store that has had transactions must have a log:
 * without it nobody can tell what is missing.
 */
async function startLog(directory: string): Promise<LogPosition> {
  const { logVersion, lastTransactionId } = readMetadataIn(directory);
  if (lastTransactionId !== BASE_TRANSACTION) {
    throw new GraphkeepError('log.no-check-point', 'the store has transactions, but no transaction log', {
      place: { file: directory },
      observed: `transaction ${lastTransactionId}`,
      hint: 'Put the logs of the database (dbms.directories.tx_log) into its directory, or let a server open it without them.',
    });
  }
  const writer = LogWriter.create(directory, Math.max(0, logVersion), lastTransactionId);
  try {
    writer.appendCheckPoint();
    await writer.force();
    return writer.position;
  } finally {
    writer.close();
  }
}

function openLog(directory: string, end: LogPosition): Omit<OpenedStore, 'idFiles' | 'report'> {
  nameLogVersion(directory, end.version);
  const metadata = readMetadataIn(directory);
  return { metadata, checkPoint: end, writer: LogWriter.open(directory, end, metadata.lastTransactionId) };
}

/** Makes `neostore` name the log file to append to before that file exists: a server continues in the named file. */
export function nameLogVersion(directory: string, version: number): void {
  patchMetadataDurablyIn(directory, { logVersion: version });
}
