import { sep } from 'node:path';

/** Names that graphkeep creates beside or inside a backup or database: `<name>.graphkeep-work`, `.graphkeep-err.0`. */
const RESERVED = /\.graphkeep-[^.]*(\.\d+)?$/;

/** The first part of a path that is a reserved name, or undefined. Backups and databases must not use one. */
export function findReservedName(path: string): string | undefined {
  return path.split(sep).find((part) => RESERVED.test(part));
}

/** True for entries that graphkeep keeps inside a directory it must not rename. They are not part of the backup there. */
export function isOwnEntry(name: string): boolean {
  return name.startsWith('.graphkeep-');
}
