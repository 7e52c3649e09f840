import { sep } from 'node:path';
import { GraphkeepError } from './errors.ts';

/** Names that graphkeep creates beside or inside a backup or database: `<name>.graphkeep-work`, `.graphkeep-err.0`. */
const RESERVED = /\.graphkeep-[^.]*(\.\d+)?$/;

/** The first part of a path that is a reserved name, or undefined. Backups and databases must not use one. */
function findReservedName(path: string): string | undefined {
  return path.split(sep).find((part) => RESERVED.test(part));
}

/** True for entries that graphkeep keeps inside a directory it must not rename. They are not part of the backup there. */
export function isOwnEntry(name: string): boolean {
  return name.startsWith('.graphkeep-');
}

/**
 * Refuses a path with a reserved name in it; `option` names the option that it came from.
 * @throws GraphkeepError `usage`
 */
export function refuseReservedName(option: string, path: string): void {
  const reserved = findReservedName(path);
  if (reserved === undefined) return;
  throw new GraphkeepError(
    'usage',
    `'${option}' must not be a name that graphkeep gives to its own files: ${reserved}`,
  );
}
