import { basename, dirname } from 'node:path';
import { GraphkeepError } from '../../base/errors.ts';
import { isDatabaseKey } from '../../repository/catalogue/object-keys.ts';
import type { CommandContext } from '../command-context.ts';
import type { BackupPlace } from '../commands/backup-request.ts';
import { readDatabaseName } from '../commands/database-name.ts';
import { repositoryLocation } from '../commands/repository-location.ts';
import type { OptionValues } from '../option-values.ts';

/**
 * Where a backup goes: a directory, or a repository.
 * @throws GraphkeepError `usage`
 */
export function readBackupPlace(values: OptionValues, context: CommandContext): BackupPlace {
  if (values.isGiven('repo')) return readRepositoryPlace(values, context);
  const foreign = ['database', 'credentials-command', 'full'].find((name) => values.isGiven(name));
  if (foreign !== undefined)
    throw new GraphkeepError('usage', `--${foreign} is for a backup into a repository: give --repo too`);
  return readDirectoryPlace(values, ', or --repo');
}

/**
 * The directory of a backup: one `--to`, or `--backup-dir` and `--name` as with the Java tool. `others`: what else the command accepts.
 * @throws GraphkeepError `usage`
 */
export function readDirectoryPlace(values: OptionValues, others = ''): BackupPlace {
  const isInParts = values.isGiven('backup-dir') || values.isGiven('name');
  if (!values.isGiven('to')) {
    if (values.isGiven('backup-dir') && values.isGiven('name')) {
      return { backupDir: values.mandatory('backup-dir'), readName: () => values.mandatory('name') };
    }
    throw new GraphkeepError('usage', `where does the backup go? Give --to, or both --backup-dir and --name${others}`);
  }
  if (isInParts) throw new GraphkeepError('usage', 'give either --to or --backup-dir and --name, not both');
  const path = values.mandatory('to');
  const name = basename(path);
  if (name === '' || name === '.' || name === '..') {
    throw new GraphkeepError(
      'usage',
      `--to must end with the name of a directory, as in /backups/graph.db-backup, not '${path}'`,
    );
  }
  return { backupDir: dirname(path), readName: () => name };
}

function readRepositoryPlace(values: OptionValues, context: CommandContext): BackupPlace {
  const foreign = ['to', 'backup-dir', 'name', 'follow'].find((name) => values.isGiven(name));
  if (foreign === 'follow') throw new GraphkeepError('usage', '--follow is not possible with --repo yet; use --to');
  if (foreign !== undefined) throw new GraphkeepError('usage', `give either --repo or --${foreign}, not both`);
  const database = readDatabaseName(values);
  if (!isDatabaseKey(database)) {
    throw new GraphkeepError(
      'usage',
      `'${database}' cannot be the name of a database in a repository: it must have 1 to 100 letters, digits, dots, dashes or underscores`,
    );
  }
  const location = repositoryLocation(values, context);
  // A backup into a directory does without stores and keys.
  const open = async () => {
    const { openRepositoryStore } = await import('../commands/repository-request.ts');
    return await openRepositoryStore(values, context);
  };
  const renew = values.flag('full');
  const repository = { location, database, renew, open };
  return { backupDir: '.', readName: () => database, repository };
}
