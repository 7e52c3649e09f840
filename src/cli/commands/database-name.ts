import { GraphkeepError } from '../../base/errors.ts';
import { refuseReservedName } from '../../base/reserved-names.ts';
import type { OptionValues } from '../option-values.ts';

/**
 * The name of a database: a single file name. Also refuses an empty name, `.` and `..`, with which the Java tool would work on the
 * directory of all databases or its parent.
 * @throws GraphkeepError `usage`
 */
export function readDatabaseName(values: OptionValues): string {
  // The original uses the default instead, and so `--database=$UNSET --force` replaces graph.db.
  if (values.isEmpty('database')) throw new GraphkeepError('usage', "'database' must not be empty");
  const name = values.optional('database')!;
  if (/[/\0]/.test(name) || name === '.' || name === '..' || (process.platform === 'win32' && name.includes('\\'))) {
    throw new GraphkeepError('usage', `'database' should be a name but you seem to have specified a path: ${name}`);
  }
  refuseReservedName('database', name);
  return name;
}
