import { basename, dirname } from 'node:path';
import { GraphkeepError } from '../../base/errors.ts';
import type { BackupPlace } from '../commands/backup-request.ts';
import type { OptionValues } from '../option-values.ts';

/**
 * Where a backup goes: one `--to`, or `--backup-dir` and `--name` as with the Java tool.
 * @throws GraphkeepError `usage`
 */
export function readBackupPlace(values: OptionValues): BackupPlace {
  const isInParts = values.isGiven('backup-dir') || values.isGiven('name');
  if (!values.isGiven('to')) {
    if (values.isGiven('backup-dir') && values.isGiven('name')) {
      return { backupDir: values.mandatory('backup-dir'), readName: () => values.mandatory('name') };
    }
    throw new GraphkeepError('usage', 'where does the backup go? Give --to, or both --backup-dir and --name');
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
