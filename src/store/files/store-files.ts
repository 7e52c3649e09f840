import type { StoreFormat } from './store-format.ts';

/**
 * Holds everything that graphkeep puts temporarily into a database directory. Once the store is complete and no command works in it, it is
 * garbage.
 */
export const SCRATCH_FOLDER = '.graphkeep-scratch';

/** The name of each record store in our code. */
export type StoreKey =
  | 'node'
  | 'nodeLabels'
  | 'relationship'
  | 'relationshipGroup'
  | 'relationshipType'
  | 'relationshipTypeNames'
  | 'label'
  | 'labelNames'
  | 'property'
  | 'propertyStrings'
  | 'propertyArrays'
  | 'propertyKey'
  | 'propertyKeyNames'
  | 'schema';

/** Selects the codec of a {@link StoreFormat} that reads the records. */
export type RecordKind =
  | 'node'
  | 'relationship'
  | 'relationshipGroup'
  | 'property'
  | 'token'
  | 'propertyKey'
  | 'dynamic';

export interface StoreFile {
  readonly key: StoreKey;
  readonly fileName: string;
  readonly kind: RecordKind;
  /** Meaning of the first four bytes of record 0 (spec record-stores 3). Stores with a header have ids from 1. */
  readonly header: 'none' | 'record-size' | 'dense-threshold';
  /** Token stores: the dynamic store with the names. */
  readonly names?: StoreKey;
  /** Dynamic stores: record size in bytes of a store created with default settings. */
  readonly defaultSize?: (format: StoreFormat) => number;
}

const total = (bytes: number) => () => bytes;
const dataBytes = (bytes: number) => (format: StoreFormat) => bytes + format.dynamicHeaderBytes;

/**
 * The record stores of a database (spec record-stores 1), in copying order. This is the only table of them: names, kinds and headers are
 * looked up here.
 */
export const storeFiles: readonly StoreFile[] = [
  { key: 'node', fileName: 'neostore.nodestore.db', kind: 'node', header: 'none' },
  {
    key: 'nodeLabels',
    fileName: 'neostore.nodestore.db.labels',
    kind: 'dynamic',
    header: 'record-size',
    defaultSize: total(64),
  },
  { key: 'relationship', fileName: 'neostore.relationshipstore.db', kind: 'relationship', header: 'none' },
  {
    key: 'relationshipGroup',
    fileName: 'neostore.relationshipgroupstore.db',
    kind: 'relationshipGroup',
    header: 'dense-threshold',
  },
  {
    key: 'relationshipType',
    fileName: 'neostore.relationshiptypestore.db',
    kind: 'token',
    header: 'none',
    names: 'relationshipTypeNames',
  },
  {
    key: 'relationshipTypeNames',
    fileName: 'neostore.relationshiptypestore.db.names',
    kind: 'dynamic',
    header: 'record-size',
    defaultSize: dataBytes(30),
  },
  { key: 'label', fileName: 'neostore.labeltokenstore.db', kind: 'token', header: 'none', names: 'labelNames' },
  {
    key: 'labelNames',
    fileName: 'neostore.labeltokenstore.db.names',
    kind: 'dynamic',
    header: 'record-size',
    defaultSize: dataBytes(30),
  },
  { key: 'property', fileName: 'neostore.propertystore.db', kind: 'property', header: 'none' },
  {
    key: 'propertyStrings',
    fileName: 'neostore.propertystore.db.strings',
    kind: 'dynamic',
    header: 'record-size',
    defaultSize: total(128),
  },
  {
    key: 'propertyArrays',
    fileName: 'neostore.propertystore.db.arrays',
    kind: 'dynamic',
    header: 'record-size',
    defaultSize: total(128),
  },
  {
    key: 'propertyKey',
    fileName: 'neostore.propertystore.db.index',
    kind: 'propertyKey',
    header: 'none',
    names: 'propertyKeyNames',
  },
  {
    key: 'propertyKeyNames',
    fileName: 'neostore.propertystore.db.index.keys',
    kind: 'dynamic',
    header: 'record-size',
    defaultSize: dataBytes(30),
  },
  {
    key: 'schema',
    fileName: 'neostore.schemastore.db',
    kind: 'dynamic',
    header: 'record-size',
    defaultSize: dataBytes(56),
  },
];

const byKey = new Map(storeFiles.map((file) => [file.key, file]));
const byFileName = new Map(storeFiles.map((file) => [file.fileName, file]));

export function storeFile(key: StoreKey): StoreFile {
  return byKey.get(key)!;
}

/** The record store with this file name, or undefined. */
export function storeFileByName(fileName: string): StoreFile | undefined {
  return byFileName.get(fileName);
}

/** Threshold in the header of a new relationship group store. */
export const DEFAULT_DENSE_THRESHOLD = 50;

export const METADATA_FILE = 'neostore';
export const COUNTS_FILES = ['neostore.counts.db.a', 'neostore.counts.db.b'] as const;
export const LABEL_SCAN_FILE = 'neostore.labelscanstore.db';
const EXPLICIT_INDEX_CONFIG_FILE = 'index.db';
export const STORE_LOCK_FILE = 'store_lock';
export const ID_FILE_SUFFIX = '.id';
/**
 * The Java backup client writes a log file into its backup, a new one with each incremental, and a restore copies them (spec backup-command
 * 4.5).
 */
const SERVER_DIARY = /^debug\.log(\.\d+)?$/;
const TRANSACTION_LOG = /^neostore\.transaction\.db\.(0|[1-9]\d*)$/;

/** Largest unit that the server writes at once; store files grow by {@link filePageBytes}. */
const PAGE_BYTES = 8192;

/** Servers map stores in pages of whole records: a file grows by this many bytes (spec record-stores 2). */
export function filePageBytes(recordSize: number): number {
  return Math.max(1, Math.floor(PAGE_BYTES / recordSize)) * recordSize;
}

/** The number of a transaction log file; undefined for any other name. */
export function transactionLogVersion(fileName: string): number | undefined {
  const match = TRANSACTION_LOG.exec(fileName);
  return match === null ? undefined : Number(match[1]);
}

/** The role of a file in a database directory. */
export type DatabaseFileRole =
  | 'metadata'
  | 'record-store'
  | 'id-file'
  | 'counts'
  | 'label-scan'
  | 'schema-index'
  | 'explicit-index'
  | 'explicit-index-config'
  | 'transaction-log'
  | 'profile'
  | 'server-diary'
  | 'lock'
  | 'working'
  | 'unknown';

/**
 * How a backup treats the files of a role (spec record-stores 1):
 * - `copied`: holds information that exists nowhere else;
 * - `log`: updated by transactions, never copied as it is;
 * - `derived`: can be rebuilt from the copied files; copied only where the copy is valid;
 * - `never`: belongs to the running server or its housekeeping.
 */
export type DatabaseFileHandling = 'copied' | 'log' | 'derived' | 'never';

const handlings: Record<DatabaseFileRole, DatabaseFileHandling> = {
  metadata: 'copied',
  'record-store': 'copied',
  'id-file': 'never',
  counts: 'derived',
  'label-scan': 'derived',
  'schema-index': 'derived',
  'explicit-index': 'copied',
  'explicit-index-config': 'copied',
  'transaction-log': 'log',
  profile: 'derived',
  'server-diary': 'never',
  lock: 'never',
  working: 'never',
  unknown: 'never',
};

export function handlingOf(role: DatabaseFileRole): DatabaseFileHandling {
  return handlings[role];
}

/** The role of a file, by its path relative to the database directory with `/` between the parts. */
export function classifyDatabaseFile(relativePath: string): DatabaseFileRole {
  const slash = relativePath.indexOf('/');
  if (slash >= 0) return classifyDirectory(relativePath.slice(0, slash));
  if (relativePath === METADATA_FILE) return 'metadata';
  if (byFileName.has(relativePath)) return 'record-store';
  if ((COUNTS_FILES as readonly string[]).includes(relativePath)) return 'counts';
  if (relativePath === LABEL_SCAN_FILE) return 'label-scan';
  if (relativePath === EXPLICIT_INDEX_CONFIG_FILE) return 'explicit-index-config';
  if (relativePath === STORE_LOCK_FILE) return 'lock';
  if (SERVER_DIARY.test(relativePath)) return 'server-diary';
  if (relativePath === 'index.db.old' || relativePath === 'index.db.tmp') return 'working';
  if (transactionLogVersion(relativePath) !== undefined) return 'transaction-log';
  if (relativePath.startsWith(METADATA_FILE) && relativePath.endsWith(ID_FILE_SUFFIX)) return 'id-file';
  return 'unknown';
}

function classifyDirectory(name: string): DatabaseFileRole {
  if (name === 'schema') return 'schema-index';
  if (name === 'index') return 'explicit-index';
  if (name === 'profiles') return 'profile';
  if (name === 'metrics') return 'server-diary';
  if (/^(temp-copy|branched$|upgrade$|upgrade_backup)/.test(name)) return 'working';
  return 'unknown';
}
