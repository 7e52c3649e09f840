import { accessSync, constants, readFileSync, type Stats, statSync } from 'node:fs';
import { dirname, parse } from 'node:path';
import { printableText } from './printable-text.ts';

/**
 * Explains to the user why the system forbids access to a path: the file or directory that blocks it, its owner and modes, and the current
 * user. Undefined where the system has no owners (Windows) or nothing can be found out.
 */
export function describePermissions(path: string): string | undefined {
  if (process.getuid === undefined) return undefined;
  const obstacle = findObstacle(path);
  const info = statOrUndefined(obstacle);
  if (info === undefined) return undefined;
  const owner = `owner ${nameUser(info.uid)}, group ${nameOf(info.gid, '/etc/group')}`;
  const mode = (info.mode & 0o7777).toString(8).padStart(4, '0');
  const what = info.isDirectory() ? 'directory' : 'file';
  return `The ${what} ${printableText(obstacle)} has ${owner}, mode ${mode}; this command runs as ${nameUser(process.geteuid!())}.`;
}

/**
 * The first directory on the way that this user cannot pass; otherwise the path itself if it exists but is closed; otherwise its parent.
 */
function findObstacle(path: string): string {
  const above: string[] = [];
  for (let at = path; at !== parse(at).root; at = dirname(at)) above.unshift(dirname(at));
  for (const directory of above) if (!mayAccess(directory, constants.X_OK)) return directory;
  const isClosed = statOrUndefined(path) !== undefined && !mayAccess(path, constants.R_OK | constants.W_OK);
  return isClosed ? path : dirname(path);
}

/** Whether this user may access the path, as far as the system tells. `how` combines `constants.R_OK`, `W_OK` and `X_OK`. */
export function mayAccess(path: string, how: number): boolean {
  try {
    accessSync(path, how);
    return true;
  } catch {
    // Forbidden, read-only or missing: the answer is no.
    return false;
  }
}

function statOrUndefined(path: string): Stats | undefined {
  try {
    return statSync(path);
  } catch {
    // Missing, or inside a closed directory. This function only explains another error, so it must not fail itself.
    return undefined;
  }
}

function nameUser(id: number): string {
  return nameOf(id, '/etc/passwd');
}

/** `neo4j (7474)`, or the number alone if the system has no list file or the user is not in it. */
function nameOf(id: number, list: string): string {
  try {
    for (const line of readFileSync(list, 'utf8').split('\n')) {
      const [name, , number] = line.split(':');
      if (name && number === String(id)) return `${printableText(name, 40)} (${id})`;
    }
  } catch {
    // Fall back to the number.
  }
  return String(id);
}
