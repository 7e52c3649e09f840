import { isAbsolute, join, relative, resolve, sep } from 'node:path';
import { GraphkeepError } from '../base/errors.ts';
import { refuseReservedName } from '../base/reserved-names.ts';

/**
 * The name of a backup, relative to the directory of all backups. It may hold directories, but must not lead out of that one. A
 * slash at its end, which completion of a shell adds, is dropped.
 * @throws GraphkeepError `usage`
 */
export function readBackupName(name: string, backupDir: string): string {
  const path = relative(backupDir, resolve(backupDir, name));
  if (
    name.includes('\0') ||
    isAbsolute(name) ||
    path === '' ||
    path === '..' ||
    path.startsWith(`..${sep}`) ||
    isAbsolute(path)
  ) {
    throw new GraphkeepError(
      'usage',
      `'name' must stay within the backup directory but leads to ${join(resolve(backupDir, name))}`,
    );
  }
  refuseReservedName('name', path);
  return path;
}
