import { statIfExists } from '../base/durable-files.ts';
import { GraphkeepError } from '../base/errors.ts';
import { listTransactionLogs } from './separate-logs.ts';

/** Where a database goes. */
export interface DatabasePlace {
  readonly databaseName: string;
  readonly databaseDirectory: string;
  /** Equal to the database directory if the logs have no separate one. */
  readonly transactionLogDirectory: string;
  /** Replace an existing database. */
  readonly force: boolean;
}

/**
 * Without `force` nothing may be there: no directory, and no logs of another database in a separate log directory.
 * @throws GraphkeepError `database.exists`
 */
export async function requireVacancy(place: DatabasePlace): Promise<void> {
  const { databaseName, databaseDirectory, transactionLogDirectory, force } = place;
  if (force) return;
  const logs = transactionLogDirectory === databaseDirectory ? undefined : transactionLogDirectory;
  let taken: string | undefined;
  if ((await statIfExists(databaseDirectory)) !== undefined) taken = databaseDirectory;
  else if (logs !== undefined && (await listTransactionLogs(logs)).length > 0) taken = logs;
  if (taken === undefined) return;
  throw new GraphkeepError('database.exists', `Database with name [${databaseName}] already exists at ${taken}`);
}
