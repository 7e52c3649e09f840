import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { GraphkeepError } from '../../base/errors.ts';
import { FolderStore } from '../folder/folder-store.ts';
import type { ObjectStore } from '../object-store.ts';
import type { Retries } from '../retry.ts';
import { RetryingStore } from '../retrying-store.ts';

export interface OpenOptions {
  /** Makes a missing folder. Default false. */
  readonly create?: boolean;
  readonly retries?: Retries;
}

/**
 * Opens a store, whose calls are made again where that may help: a path, or `file:` with a path.
 * @throws GraphkeepError `object.address`, `object.no-store`, and those of {@link ObjectStore}
 */
export async function openObjectStore(location: string, options: OpenOptions = {}): Promise<ObjectStore> {
  const { retries, ...rest } = options;
  return new RetryingStore(await FolderStore.open(pathOf(location), rest), retries);
}

function pathOf(location: string): string {
  const [, scheme] = /^([a-z][a-z0-9+.-]+):/i.exec(location) ?? [];
  if (scheme === undefined) return resolve(location);
  if (scheme.toLowerCase() !== 'file') throw badAddress(`there is no store of the kind '${scheme}'`, location);
  const path = location.slice('file:'.length);
  if (!path.startsWith('//')) return resolve(path);
  try {
    return fileURLToPath(location);
  } catch (error) {
    throw badAddress('the address names no folder of this machine', location, error);
  }
}

function badAddress(message: string, location: string, cause?: unknown): GraphkeepError {
  return new GraphkeepError('object.address', message, { observed: location, cause });
}
