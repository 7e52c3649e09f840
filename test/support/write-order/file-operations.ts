/*
 * What a command does to the file system, as a list of single operations. Inodes are numbers assigned by the recorder: a name may change,
 * an inode never does, and a flush applies to the inode.
 */

/** A name in a directory. */
export interface Entry {
  directory: number;
  name: string;
}

/** `path`: below the recorded directory, as of that time. */
export type NameOperation =
  | { kind: 'create' | 'makeDirectory' | 'link'; at: Entry; inode: number; path: string }
  | { kind: 'remove'; at: Entry; inode: number; isDirectory: boolean; path: string }
  | { kind: 'rename' | 'exchange'; from: Entry; to: Entry; path: string; toPath: string };

export type DataOperation =
  | { kind: 'write'; inode: number; offset: number; bytes: Buffer; path: string }
  | { kind: 'truncate'; inode: number; length: number; path: string };

export interface SyncOperation {
  kind: 'sync';
  inode: number;
  isDirectory: boolean;
  /** Number of operations done when the flush was requested: it covers those. */
  covers: number;
  path: string;
}

export type FileOperation = NameOperation | DataOperation | SyncOperation;

export function isNameOperation(operation: FileOperation): operation is NameOperation {
  return operation.kind !== 'write' && operation.kind !== 'truncate' && operation.kind !== 'sync';
}

/** The names that an operation adds or removes. */
export function entriesOf(operation: NameOperation): Entry[] {
  return 'at' in operation ? [operation.at] : [operation.from, operation.to];
}
