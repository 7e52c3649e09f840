import type { BigIntStats, Dirent } from 'node:fs';
import { lstat, opendir } from 'node:fs/promises';
import { join } from 'node:path';
import { throwIfCancelled } from '../../base/cancellation.ts';
import { GraphkeepError } from '../../base/errors.ts';
import { isKey, isKeyPart } from '../keys.ts';
import type { ObjectInfo } from '../object-store.ts';
import { folderError, inFolder, isAbsent } from './folder-errors.ts';

const LOOKS_AT_ONCE = 32;
/** Names of a directory that come with one call of the system. */
const NAMES_AT_ONCE = 512;

export interface FolderListOptions {
  readonly root: string;
  readonly prefix: string;
  readonly startAfter: string | undefined;
  readonly signal: AbortSignal;
}

/**
 * Objects in the order of their keys. Holds the names of one directory and of those above it, never of the whole tree. Whatever cannot be
 * an object is passed over: links, devices, names that no key has.
 */
export async function* listFolder(options: FolderListOptions): AsyncGenerator<ObjectInfo, void> {
  yield* listDirectory('', options);
}

async function* listDirectory(folder: string, options: FolderListOptions): AsyncGenerator<ObjectInfo, void> {
  const { root, signal } = options;
  const names = await readNames(folder, options);
  for (let at = 0; at < names.length; ) {
    throwIfCancelled(signal);
    if (names[at]!.endsWith('/')) {
      yield* listDirectory(names[at++]!, options);
      continue;
    }
    const files = leadingFiles(names, at);
    at += files.length;
    yield* (await Promise.all(files.map((name) => describeIfFile(root, name)))).filter((info) => info !== undefined);
  }
}

/** The next names of files, up to those that are looked at together: one after the other would take most of the time waiting. */
function leadingFiles(names: readonly string[], from: number): string[] {
  const some = names.slice(from, from + LOOKS_AT_ONCE);
  const end = some.findIndex((name) => name.endsWith('/'));
  return end < 0 ? some : some.slice(0, end);
}

async function describeIfFile(root: string, name: string): Promise<ObjectInfo | undefined> {
  const path = join(root, name);
  const info = await inFolder('read', path, () => lookAt(path));
  return info?.isFile() ? describeFile(name, info) : undefined;
}

/** The keys in a directory that are wanted, in order; those of directories end in `/`, which decides where they come. */
async function readNames(folder: string, { root, prefix, startAfter = '' }: FolderListOptions): Promise<string[]> {
  const path = join(root, folder);
  const names: string[] = [];
  try {
    for await (const entry of await opendir(path, { bufferSize: NAMES_AT_ONCE })) {
      if (!isKeyPart(entry.name)) continue;
      const name = keyOf(folder, entry);
      if (name?.endsWith('/')) {
        const isBelowPrefix = name.startsWith(prefix) || prefix.startsWith(name);
        if (isBelowPrefix && (name > startAfter || startAfter.startsWith(name))) names.push(name);
      } else if (name?.startsWith(prefix) && name > startAfter && isKey(name)) {
        names.push(name);
      }
    }
  } catch (error) {
    // Removed since its name was read.
    if (isAbsent(error) && folder !== '') return [];
    if (isAbsent(error)) throw new GraphkeepError('object.no-store', 'the folder is gone', { place: { file: path } });
    throw folderError(error, 'read the directory', path);
  }
  return names.sort();
}

function keyOf(folder: string, entry: Dirent): string | undefined {
  if (entry.isDirectory()) return `${folder}${entry.name}/`;
  return entry.isFile() ? `${folder}${entry.name}` : undefined;
}

/** Undefined if nothing is there. A link is not followed. */
export async function lookAt(path: string): Promise<BigIntStats | undefined> {
  try {
    return await lstat(path, { bigint: true });
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}

export function describeFile(key: string, info: BigIntStats): ObjectInfo {
  return { key, size: Number(info.size), etag: etagOf(info), modified: new Date(Number(info.mtimeMs)) };
}

/** Differs between two files that had the same name one after the other. */
export function etagOf({ ino, mtimeNs, size }: BigIntStats): string {
  return [ino, mtimeNs, size].map((part) => part.toString(16)).join('-');
}
