import { sep } from 'node:path';

/** What graphkeep makes beside or inside a backup or a database has such a name: `<name>.graphkeep-work`, `.graphkeep-err.0`. */
const RESERVED = /\.graphkeep-[^.]*(\.\d+)?$/;

/** The first part of a path that bears a name of ours; undefined if there is none. Such a name is for no backup and no database. */
export function findReservedName(path: string): string | undefined {
  return path.split(sep).find((part) => RESERVED.test(part));
}

/** True for what graphkeep keeps inside a directory that is not its own to rename: no part of the backup there. */
export function isOwnEntry(name: string): boolean {
  return name.startsWith('.graphkeep-');
}
