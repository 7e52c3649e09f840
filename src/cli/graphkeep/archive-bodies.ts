import { stat } from 'node:fs/promises';
import { printableLine } from '../../base/printable-text.ts';
import { formatBytes } from '../../config/sizes.ts';
import { dumpDatabase } from '../../restore/dump-database.ts';
import { loadDatabase } from '../../restore/load-database.ts';
import { requestDump, requestLoad } from '../commands/archive-request.ts';
import { countProgress } from './count-progress.ts';
import type { Invocation } from './program.ts';
import type { Reporter } from './reporter.ts';

export async function dumpBody({ values, context }: Invocation, reporter: Reporter): Promise<void> {
  const options = await requestDump(values, context);
  const archive = await dumpDatabase({ ...options, ...countProgress(reporter, 'dumping') });
  const { size } = await stat(archive);
  const { databaseName: database } = options;
  reporter.report(printableLine(`${database}: dumped to ${archive}, ${formatBytes(size)}`), {
    command: 'dump',
    database,
    archive,
    bytes: size,
  });
}

export async function loadBody({ values, context }: Invocation, reporter: Reporter): Promise<void> {
  const options = await requestLoad(values, context);
  await loadDatabase({ ...options, ...countProgress(reporter, 'loading') });
  const { databaseName: database, databaseDirectory: directory } = options;
  reporter.report(printableLine(`${database}: loaded to ${directory}`), { command: 'load', database, directory });
}
