import { tmpdir } from 'node:os';
import { resolve } from 'node:path';
import { GraphkeepError } from '../../base/errors.ts';
import { printableLine } from '../../base/printable-text.ts';
import { formatBytes } from '../../config/sizes.ts';
import { databaseAddress } from '../../repository/catalogue/object-keys.ts';
import { readHistory } from '../../repository/reading/database-history.ts';
import { chooseRestore } from '../../repository/reading/restore-choice.ts';
import { exportModern } from '../../restore/modern/modern-export.ts';
import { readDatabaseName } from '../commands/database-name.ts';
import { openNamedRepository, readMoment, requireIdentities } from '../commands/repository-request.ts';
import { readCompression } from './archive-bodies.ts';
import { createCopyView } from './copy-view.ts';
import type { Invocation } from './program.ts';
import type { Reporter } from './reporter.ts';

/** `graphkeep export`. */
export async function exportBody({ values, context }: Invocation, reporter: Reporter): Promise<void> {
  const { signal, cwd } = context;
  const moment = readMoment(values);
  const database = readDatabaseName(values);
  const compression = readCompression(values);
  const to = resolve(cwd, values.mandatory('to'));
  const repository = await openNamedRepository(values, context);
  const where = databaseAddress(repository.store.address, database);
  const choice = chooseRestore(await readHistory(repository.store, database, signal), moment, where);
  if (choice.manifest.store.kernelVersion === undefined) {
    throw new GraphkeepError('store.format', 'this is a database of 3.4 or 3.5', {
      place: { object: where },
      hint: 'Restore it into a directory with restore --to, then use dump.',
    });
  }
  const scratch = values.optional('scratch');
  const { archive, bytes, transaction, commitTime } = await exportModern({
    repository,
    choice,
    identities: await requireIdentities(repository, values, context),
    databaseName: database,
    to,
    scratch: scratch === undefined ? tmpdir() : resolve(cwd, scratch),
    compression,
    signal,
    onEvent: createCopyView(reporter, 'copying files'),
  });
  const state = `as of transaction ${transaction}, ${commitTime.toISOString()}`;
  reporter.report(printableLine(`${database}: ${state}, packed into ${archive}, ${formatBytes(bytes)}`), {
    database,
    archive,
    bytes,
    compression,
    transaction,
    commitTime: commitTime.toISOString(),
  });
}
