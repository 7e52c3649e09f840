import { join } from 'node:path';
import { entriesIfThere } from '../../base/directory-names.ts';
import { GraphkeepError } from '../../base/errors.ts';
import { refuseOuterLink } from '../../base/inner-links.ts';
import type { ModernDatabaseFiles } from '../../generation/generation.ts';
import type { ModernFileRole } from '../../store/files/modern/modern-files.ts';

/** A file of a running database that goes into a copy. */
export interface ModernFile {
  /** Relative to the database directory, with `/`. */
  readonly name: string;
  readonly path: string;
  readonly role: ModernFileRole;
}

/** The folder of one Lucene index: it is copied as one commit. */
export interface ModernFolder {
  /** Relative to the database directory, with `/`. */
  readonly name: string;
  readonly path: string;
}

/**
 * Why a file is not in a copy, and a server has to make it anew: it changed faster than it could be read, the server had not finished
 * making it, or no release is known to write it.
 */
export interface LeftOutFile {
  readonly name: string;
  readonly cause: 'changing' | 'incomplete' | 'unknown';
}

/** What became of a file that may be left out. `dropped`: it belonged to an index that is no more. */
export type CopyOutcome = 'copied' | 'dropped' | 'changing' | 'incomplete';

/** What a copy of a running database consists of, beside its log, by how it has to be read. */
export interface ModernFileList {
  readonly plain: readonly ModernFile[];
  readonly trees: readonly ModernFile[];
  readonly folders: readonly ModernFolder[];
  /** Files that no release is known to write: they are left out. */
  readonly unknown: readonly string[];
}

/**
 * Lists the files of a database as they are now. What appears later, or vanishes, belongs to an index that was created or dropped.
 * @throws GraphkeepError `store.missing-file` (naming all), `file.io` also for a link that leads out of the database
 */
export function listModernFiles(directory: string, files: ModernDatabaseFiles): ModernFileList {
  const found = [...walk(directory, directory, '', files)].sort((a, b) => (a.name < b.name ? -1 : 1));
  requireMandatory(directory, files, found);
  const readAs = (reading: string) => found.filter(({ role }) => files.readingOf(role) === reading);
  return {
    plain: readAs('plain'),
    trees: readAs('tree'),
    folders: foldersOf(directory, readAs('folder')),
    unknown: found.filter(({ role }) => role === 'unknown').map(({ name }) => name),
  };
}

function requireMandatory(directory: string, files: ModernDatabaseFiles, found: readonly ModernFile[]): void {
  const names = new Set(found.map(({ name }) => name));
  const missing = files.mandatory.filter((name) => !names.has(name));
  if (missing.length === 0) return;
  const message = missing.length === 1 ? 'a store file is missing' : `${missing.length} store files are missing`;
  throw new GraphkeepError('store.missing-file', message, {
    place: { file: join(directory, missing[0]!) },
    observed: missing.join(', '),
  });
}

/** `schema/index/<provider>/<id>`, whatever there is below it. */
const INDEX_FOLDER = /^schema\/index\/[^/]+\/[^/]+/;

function foldersOf(directory: string, files: readonly ModernFile[]): ModernFolder[] {
  const names = new Set(files.map(({ name }) => INDEX_FOLDER.exec(name)![0]));
  return [...names].map((name) => ({ name, path: join(directory, ...name.split('/')) }));
}

function* walk(
  root: string,
  directory: string,
  prefix: string,
  files: ModernDatabaseFiles,
): Generator<ModernFile, void> {
  for (const entry of entriesIfThere(directory)) {
    const name = `${prefix}${entry.name}`;
    const path = join(directory, entry.name);
    if (entry.isDirectory()) {
      if (files.handlingOf(files.roleOf(`${name}/`)) !== 'never') yield* walk(root, path, `${name}/`, files);
      continue;
    }
    const role = files.roleOf(name);
    if (entry.isSymbolicLink() && files.readingOf(role) !== undefined) refuseOuterLink(root, path);
    yield { name, path, role };
  }
}
