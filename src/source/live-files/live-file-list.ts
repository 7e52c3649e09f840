import { dirname, join } from 'node:path';
import { entriesIfThere } from '../../base/directory-names.ts';
import { refuseOuterLink } from '../../base/inner-links.ts';
import { alignmentOf } from '../../store/files/file-alignment.ts';
import { classifyDatabaseFile, type DatabaseFileRole, METADATA_FILE } from '../../store/files/store-files.ts';
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

const INDEX_FOLDER = 'schema/index';

/** A folder of Lucene: it is copied as a whole. */
export interface LiveFolder {
  /** Relative to the database directory, with `/`. */
  name: string;
  path: string;
}

/** The parts of a schema index. Half an index is worse than none. */
export interface LiveIndex {
  /** Id of its rule, as in the names of its folders. */
  rule: string;
  trees: LiveFile[];
  folders: LiveFolder[];
}

/** What a copy of a live database consists of. */
export interface LiveFiles {
  /** In any order, but {@link metadata} is the last one. */
  records: LiveFile[];
  metadata: LiveFile;
  /** Explicit indexes. */
  indexFolders: LiveFolder[];
  /** Can be made from the records, but a copy costs less where it succeeds. Its parts are trees and folders too. */
  derived: {
    labelScan: LiveFile | undefined;
    indexes: LiveIndex[];
  };
}

/**
 * What is copied of a live database: the record stores, what explicit indexes consist of, the settings of fulltext indexes, label scan
 * store and schema indexes. A fulltext index is not: it may be updated later than its check point.
 */
export function listLiveFiles(directory: string, format: StoreFormat): LiveFiles {
  const files = listCopiedFiles(directory).map(({ name, path }) => ({
    name,
    path,
    alignment: alignmentOf(name, path, format),
  }));
  const withRole = (...roles: DatabaseFileRole[]) => files.filter(({ name }) => roles.includes(roleOf(name)));
  return {
    records: withRole('record-store', 'explicit-index-config'),
    metadata: { name: METADATA_FILE, path: join(directory, METADATA_FILE), alignment: 1 },
    indexFolders: foldersOf(withRole('explicit-index')),
    derived: { labelScan: withRole('label-scan')[0], indexes: groupIndexes(withRole('schema-index')) },
  };
}

/** The schema index with this rule as it is now; undefined if there is none. Looks at no other index: there may be hundreds. */
export function listLiveIndex(directory: string, rule: string): LiveIndex | undefined {
  const files = entriesIfThere(join(directory, INDEX_FOLDER))
    .filter((provider) => provider.isDirectory())
    .map((provider) => `${INDEX_FOLDER}/${provider.name}/${rule}`)
    .flatMap((folder) => [...walk(directory, join(directory, folder), `${folder}/`)])
    .filter(({ name }) => roleOf(name) === 'schema-index');
  return groupIndexes(inOrder(files).map((file) => ({ ...file, alignment: 1 })))[0];
}

/**
 * The files that a copy reads beside the log, in order of their names (relative, with `/`).
 * @throws GraphkeepError `file.io` for a directory that cannot be read, or a link that leads out of the database
 */
export function listCopiedFiles(directory: string): { name: string; path: string }[] {
  return inOrder([...walk(directory, directory, '')]);
}

function inOrder(files: { name: string; path: string }[]): { name: string; path: string }[] {
  return files.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Settings of fulltext indexes are copied like records: any time, and only once. */
function roleOf(name: string): DatabaseFileRole {
  return FULLTEXT_SETTINGS.test(name) ? 'record-store' : classifyDatabaseFile(name);
}

function foldersOf(files: readonly LiveFile[]): LiveFolder[] {
  const folders = new Map(files.map(({ name, path }) => [dirname(name), dirname(path)]));
  return [...folders].map(([name, path]) => ({ name, path }));
}

/** By the id of the rule: an index may have parts in the folders of two providers (spec trees-and-indexes 10). */
function groupIndexes(files: readonly LiveFile[]): LiveIndex[] {
  const byRule = new Map<string, LiveFile[]>();
  for (const file of files) {
    const [, provider, rule] = /^schema\/index\/([^/]+)\/(\d+)\//.exec(file.name) ?? [];
    if (provider === undefined || provider.startsWith('fulltext-')) continue;
    byRule.set(rule!, [...(byRule.get(rule!) ?? []), file]);
  }
  return [...byRule].map(([rule, parts]) => ({
    rule,
    trees: parts.filter(({ name }) => !isLucene(name)),
    folders: foldersOf(parts.filter(({ name }) => isLucene(name))),
  }));
}

function isLucene(name: string): boolean {
  return /^schema\/index\/(lucene\/\d+|[^/]+\/\d+\/lucene-[^/]+)\//.test(name);
}

function* walk(root: string, directory: string, prefix: string): Generator<{ name: string; path: string }, void> {
  for (const entry of entriesIfThere(directory)) {
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

const COPIED: readonly DatabaseFileRole[] = [
  'metadata',
  'record-store',
  'explicit-index',
  'explicit-index-config',
  'counts',
  'label-scan',
  'schema-index',
];

function isCopied(name: string): boolean {
  if (/(^|\/)(write\.lock$|\.)/.test(name)) return false;
  return COPIED.includes(roleOf(name));
}

function mayHoldCopied(directory: string): boolean {
  return /^(index|schema)(\/|$)/.test(directory);
}
