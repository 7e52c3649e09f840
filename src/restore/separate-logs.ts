import { basename, dirname, join } from 'node:path';
import { listIfExists } from '../base/directory-names.ts';
import { GraphkeepError, hasCode } from '../base/errors.ts';
import { isOwnEntry } from '../base/reserved-names.ts';
import { LOG_FILE_PREFIX, listLogFiles } from '../log/log-files.ts';
import { LogFileSet } from '../log/log-source.ts';
import { beginningOf, readLogHeader } from '../log/v3/log-header.ts';
import { LogReader } from '../log/v3/log-reader.ts';
import { isStoreDirectory, type NeostoreMetadata, readMetadataIn } from '../store/files/neostore-metadata.ts';

/*
 * Tells whose logs are in a shared directory. `dbms.directories.tx_log` is one directory for all databases of an installation, and a 3.x
 * log does not say to which it belongs. But the store knows its last transaction with its checksum: if the log has that transaction, it
 * belongs to the store.
 */

type Owner = 'this one' | 'another one' | 'unknown';

/**
 * Ensures that logs are only dumped with, or removed for, the database to which they belong.
 * @throws GraphkeepError `database.exists` if they belong, or may belong, to another database
 */
export async function requireOwnLogs(databaseDirectory: string, logDirectory: string): Promise<void> {
  if (logDirectory === databaseDirectory || (await listTransactionLogs(logDirectory)).length === 0) return;
  const others = await listOthers(databaseDirectory);
  const owner = await findOwner(databaseDirectory, logDirectory);
  if (owner === 'another one') throw foreignLogs(logDirectory, others[0]);
  for (const other of others) {
    if ((await findOwner(other, logDirectory)) === 'this one') throw foreignLogs(logDirectory, other);
  }
  if (owner === 'unknown' && others.length > 0) throw foreignLogs(logDirectory, others[0]);
}

function foreignLogs(logDirectory: string, other: string | undefined): GraphkeepError {
  const whose = other === undefined ? 'another database' : `the database ${basename(other)}`;
  return new GraphkeepError('database.exists', `the transaction logs may belong to ${whose}`, {
    place: { file: logDirectory },
    hint: 'Give each database a log directory of its own: another dbms.directories.tx_log, or none, in a configuration for this command.',
  });
}

/** Databases beside this one without logs of their own: their logs would be in the shared directory. */
async function listOthers(databaseDirectory: string): Promise<string[]> {
  const parent = dirname(databaseDirectory);
  const others: string[] = [];
  for (const name of await listIfExists(parent)) {
    const path = join(parent, name);
    if (path === databaseDirectory || isOwnEntry(name) || name.includes('.graphkeep-')) continue;
    if (!(await isStoreDirectory(path))) continue;
    if ((await listTransactionLogs(path)).length === 0) others.push(path);
  }
  return others.sort();
}

async function findOwner(databaseDirectory: string, logDirectory: string): Promise<Owner> {
  if (!(await isStoreDirectory(databaseDirectory))) return 'unknown';
  try {
    return compareLast(readMetadataIn(databaseDirectory), logDirectory);
  } catch (error) {
    // What cannot be read proves nothing.
    if (hasCode(error, 'cancelled', 'internal')) throw error;
    return 'unknown';
  }
}

function compareLast({ lastTransactionId, lastTransactionChecksum }: NeostoreMetadata, logDirectory: string): Owner {
  const log = new LogFileSet(logDirectory);
  try {
    const { files } = listLogFiles(logDirectory);
    const file = files.findLast(({ version }) => {
      const header = readLogHeader(log, version);
      return header !== undefined && header.previousTransaction < lastTransactionId;
    });
    if (file === undefined) return 'unknown';
    for (const item of new LogReader(log, { from: beginningOf(file.version) })) {
      if (item.kind !== 'transaction' || item.transactionId < lastTransactionId) continue;
      if (item.transactionId > lastTransactionId) return 'unknown';
      return item.checksum === lastTransactionChecksum ? 'this one' : 'another one';
    }
    return 'unknown';
  } finally {
    log.close();
  }
}

/** The transaction logs in a directory; none if it does not exist. */
export async function listTransactionLogs(directory: string): Promise<string[]> {
  return (await listIfExists(directory)).filter((name) => name.startsWith(LOG_FILE_PREFIX)).sort();
}
