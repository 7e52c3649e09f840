import { type DatabaseFileHandling, METADATA_FILE, storeFiles, transactionLogVersion } from '../store-files.ts';

/** The role of a file in the database directory of 4.2 or later. */
export type ModernFileRole =
  | 'metadata'
  | 'record-store'
  | 'id-file'
  | 'counts'
  | 'degrees'
  | 'index-statistics'
  | 'token-scan'
  | 'tree-index'
  | 'search-index'
  | 'index-failure'
  | 'transaction-log'
  | 'check-point-log'
  | 'corrupted-log'
  | 'lock'
  | 'scratch'
  | 'quarantine-marker'
  | 'migration'
  | 'unknown';

/**
 * How a file must be read while the server writes it:
 * - `plain`: in any order, in any state; recovery repairs it;
 * - `tree`: all pages between two states of the tree, or not at all;
 * - `folder`: with all other files of the same index, as one commit of it.
 */
export type LiveReading = 'plain' | 'tree' | 'folder';

interface Rule {
  readonly handling: DatabaseFileHandling;
  /** Of what is copied: absent for the rest. */
  readonly reading?: LiveReading;
}

const copied: Rule = { handling: 'copied', reading: 'plain' };
const tree: Rule = { handling: 'derived', reading: 'tree' };
const never: Rule = { handling: 'never' };
const log: Rule = { handling: 'log' };

const rules: Readonly<Record<ModernFileRole, Rule>> = {
  metadata: copied,
  'record-store': copied,
  'id-file': tree,
  counts: tree,
  degrees: tree,
  'index-statistics': tree,
  'token-scan': tree,
  'tree-index': tree,
  'search-index': { handling: 'derived', reading: 'folder' },
  'index-failure': { handling: 'derived', reading: 'plain' },
  'transaction-log': log,
  'check-point-log': log,
  'corrupted-log': never,
  lock: never,
  scratch: never,
  'quarantine-marker': never,
  migration: never,
  unknown: never,
};

export function modernHandlingOf(role: ModernFileRole): DatabaseFileHandling {
  return rules[role].handling;
}

/** Undefined for what is no file of a copy. */
export function liveReadingOf(role: ModernFileRole): LiveReading | undefined {
  return rules[role].reading;
}

export const DATABASE_LOCK_FILE = 'database_lock';
export const QUARANTINE_MARKER = 'quarantine_marker';
/** While a store is migrated to another format, its new files are here. */
export const MIGRATION_FOLDER = 'migrate';

/** A server does not start without these; all others it rebuilds. */
export const MANDATORY_FILES: readonly string[] = [METADATA_FILE, ...storeFiles.map(({ fileName }) => fileName)];

const byName: ReadonlyMap<string, ModernFileRole> = new Map<string, ModernFileRole>([
  [METADATA_FILE, 'metadata'],
  ...storeFiles.map(({ fileName }): [string, ModernFileRole] => [fileName, 'record-store']),
  ['neostore.counts.db', 'counts'],
  ['neostore.relationshipgroupstore.degrees.db', 'degrees'],
  ['neostore.indexstats.db', 'index-statistics'],
  // Up to 4.4.
  ['neostore.labelscanstore.db', 'token-scan'],
  ['neostore.relationshiptypescanstore.db', 'token-scan'],
  [DATABASE_LOCK_FILE, 'lock'],
  [QUARANTINE_MARKER, 'quarantine-marker'],
]);

/** The role of a file, by its path relative to the database directory with `/` between the parts. That of a directory ends with `/`. */
export function modernRoleOf(path: string): ModernFileRole {
  const parts = path.split('/');
  if (parts.length > 1) return roleInFolder(parts);
  const role = byName.get(path);
  if (role !== undefined) return role;
  if (/^neostore(\.[a-z.]+)?\.id$/.test(path)) return 'id-file';
  if (transactionLogVersion(path) !== undefined) return 'transaction-log';
  if (/^checkpoint\.\d+$/.test(path)) return 'check-point-log';
  return /^id-buffer\.tmp\./.test(path) ? 'scratch' : 'unknown';
}

function roleInFolder(parts: readonly string[]): ModernFileRole {
  const [folder] = parts;
  if (folder === 'schema') return roleOfIndexFile(parts.slice(1));
  if (folder === MIGRATION_FOLDER) return 'migration';
  return folder === 'corrupted-neostore.transaction.db' ? 'corrupted-log' : 'unknown';
}

/** Every other provider keeps a Lucene index; releases give it new versions all the time. */
const TREE_PROVIDER = /^(native-btree|range|point|token-lookup)-\d+\.\d+$/;

/**
 * `index/<provider>/<id>/...`. Beside a tree there are files that exist only while it is built. Lucene keeps a lock, and files that it has
 * not finished.
 */
function roleOfIndexFile(parts: readonly string[]): ModernFileRole {
  const name = parts.at(-1)!;
  const isTree = parts.some((part) => TREE_PROVIDER.test(part));
  // A folder.
  if (name === '') return isTree ? 'tree-index' : 'search-index';
  if (parts[0] !== 'index' || parts.length < 4) return 'unknown';
  if (name === 'failure-message') return 'index-failure';
  if (isTree) return /^index-\d+$/.test(name) ? 'tree-index' : 'scratch';
  if (name === 'write.lock') return 'lock';
  return name.endsWith('.tmp') ? 'scratch' : 'search-index';
}
