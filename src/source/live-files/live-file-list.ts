import { type Dirent, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileError, isMissing } from '../../base/file-errors.ts';
import { refuseOuterLink } from '../../base/inner-links.ts';
import { alignmentOf } from '../../store/files/file-alignment.ts';
import { classifyDatabaseFile, METADATA_FILE } from '../../store/files/store-files.ts';
import type { StoreFormat } from '../../store/files/store-format.ts';

/** A file of a live database that goes into a copy. */
export interface LiveFile {
  /** Relative to the database directory, with `/`. */
  name: string;
  path: string;
  /** Record size; only whole records are copied. */
  alignment: number;
}

/** Settings of a fulltext index. They are nowhere else (spec record-stores 11.4). */
const FULLTEXT_SETTINGS = /^schema\/index\/fulltext-[^/]+\/.*\/fulltext-index\.properties$/;

/** What a copy of a live database consists of. */
export interface LiveFiles {
  /** In any order, but {@link metadata} is the last one. */
  records: LiveFile[];
  metadata: LiveFile;
  /** Folders of explicit indexes, each with the path of the folder; a Lucene index is copied as a whole. */
  indexFolders: { name: string; path: string }[];
}

/**
 * What has to be copied of a live database: the record stores, what explicit indexes consist of, and the settings of fulltext indexes. All
 * else can be made from these, and could not be copied while a server writes it (spec transaction-logs 10.2).
 */
export function listLiveFiles(directory: string, format: StoreFormat): LiveFiles {
  const files = listCopiedFiles(directory).map(({ name, path }) => ({
    name,
    path,
    alignment: alignmentOf(name, path, format),
  }));
  const folders = new Map<string, string>();
  for (const { name, path } of files) {
    if (classifyDatabaseFile(name) === 'explicit-index') folders.set(dirname(name), dirname(path));
  }
  return {
    records: files.filter(({ name }) => name !== METADATA_FILE && !folders.has(dirname(name))),
    metadata: { name: METADATA_FILE, path: join(directory, METADATA_FILE), alignment: 1 },
    indexFolders: [...folders].map(([name, path]) => ({ name, path })),
  };
}

/**
 * The files that a copy reads beside the log, in order of their names (relative, with `/`).
 * @throws GraphkeepError `file.io` for a directory that cannot be read, or a link that leads out of the database
 */
export function listCopiedFiles(directory: string): { name: string; path: string }[] {
  return [...walk(directory, directory, '')].sort((a, b) => (a.name < b.name ? -1 : 1));
}

function* walk(root: string, directory: string, prefix: string): Generator<{ name: string; path: string }, void> {
  for (const entry of readEntries(directory)) {
    const name = `${prefix}${entry.name}`;
    const path = join(directory, entry.name);
    if (entry.isDirectory()) {
      if (mayHoldCopied(name)) yield* walk(root, path, `${name}/`);
    } else if (isCopied(name)) {
      if (entry.isSymbolicLink()) refuseOuterLink(root, path);
      yield { name, path };
    }
  }
}

function isCopied(name: string): boolean {
  if (/(^|\/)(write\.lock$|\.)/.test(name)) return false;
  if (FULLTEXT_SETTINGS.test(name)) return true;
  return ['metadata', 'record-store', 'explicit-index', 'explicit-index-config'].includes(classifyDatabaseFile(name));
}

function mayHoldCopied(directory: string): boolean {
  return /^(index|schema)(\/|$)/.test(directory);
}

function readEntries(directory: string): Dirent[] {
  try {
    return readdirSync(directory, { withFileTypes: true });
  } catch (error) {
    // A folder of an index that was dropped in the meantime.
    if (isMissing(error)) return [];
    throw fileError(error, 'read the directory', directory);
  }
}
