import { basename, dirname } from 'node:path';
import type { RepositoryPlace } from '../../backup/backup-options.ts';
import { GraphkeepError } from '../../base/errors.ts';
import { isDatabaseKey } from '../../repository/catalogue/object-keys.ts';
import type { CommandContext } from '../command-context.ts';
import type { BackupPlace } from '../commands/backup-request.ts';
import { readDatabaseName } from '../commands/database-name.ts';
import { repositoryLocation } from '../commands/repository-location.ts';
import { stateDirectoryOf } from '../commands/state-directory.ts';
import type { OptionValues } from '../option-values.ts';

/** What a drill after the backup needs. */
const OF_DRILLS = [
  'scratch',
  'server-home',
  'start-timeout',
  'identity',
  'identity-command',
  'passphrase-file',
  'passphrase-command',
];

/**
 * Where a backup goes: a directory, or a repository.
 * @throws GraphkeepError `usage`
 */
export function readBackupPlace(values: OptionValues, context: CommandContext): BackupPlace {
  if (values.isGiven('repo')) return readRepositoryPlace(values, context);
  const ofRepositories = ['database', 'credentials-command', 'full', 'drill', ...OF_DRILLS];
  const foreign = ofRepositories.find((name) => values.isGiven(name));
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
  const foreign = ['to', 'backup-dir', 'name'].find((name) => values.isGiven(name));
  if (foreign !== undefined) throw new GraphkeepError('usage', `give either --repo or --${foreign}, not both`);
  const idle = values.flag('drill') ? undefined : OF_DRILLS.find((name) => values.isGiven(name));
  if (idle !== undefined)
    throw new GraphkeepError('usage', `--${idle} is for a drill after the backup: give --drill too`);
  const database = readDatabaseName(values);
  return { backupDir: '.', readName: () => database, repositories: readRepositoryPlaces(values, context, database) };
}

/** The database in each of the repositories that are meant. @throws GraphkeepError `usage` */
export function readRepositoryPlaces(
  values: OptionValues,
  context: CommandContext,
  database: string,
): readonly RepositoryPlace[] {
  if (!isDatabaseKey(database)) {
    throw new GraphkeepError(
      'usage',
      `'${database}' cannot be the name of a database in a repository: it must have 1 to 100 letters, digits, dots, dashes or underscores`,
    );
  }
  const renew = values.flag('full');
  const repositories = values.perRepository().map((own): RepositoryPlace => {
    // A backup into a directory does without stores and keys.
    const open = async () => {
      const { openRepositoryStore } = await import('../commands/repository-request.ts');
      return await openRepositoryStore(own, context);
    };
    const stateDirectory = stateDirectoryOf(context.env);
    return { location: repositoryLocation(own, context), database, renew, open, stateDirectory };
  });
  const locations = new Set(repositories.map(({ location }) => location));
  if (locations.size < repositories.length) throw new GraphkeepError('usage', 'give each --repo only once');
  return repositories;
}
