import { GraphkeepError } from '../base/errors.ts';

/*
 * The one place that decides what a key is: parts of `A-Za-z0-9._-`, with `/` between them, which every file system and every S3 server
 * stores unchanged and lists in the same order. Names of parts that begin with `.tmp-` are for files that are not complete yet.
 */

/** File systems allow 255. */
const MOST_PART_BYTES = 250;

/** S3 allows 1024 with the prefix of the store, which has {@link MOST_PREFIX_BYTES} at most. */
const MOST_KEY_BYTES = 800;
const MOST_PREFIX_BYTES = 200;

export const TEMPORARY = '.tmp-';

/** @throws GraphkeepError `object.key` */
export function requireKey(key: string): void {
  if (!isKey(key)) throw badKey(key);
}

export function isKey(key: string): boolean {
  return key.length <= MOST_KEY_BYTES && key.split('/').every(isKeyPart);
}

/** True for one part of a key: the name of a file or directory in a folder. */
export function isKeyPart(name: string): boolean {
  if (!/^[A-Za-z0-9._-]+$/.test(name)) return false;
  return name !== '.' && name !== '..' && name.length <= MOST_PART_BYTES && !name.startsWith(TEMPORARY);
}

/** The prefix of a list: any beginning of a key, also in the middle of a part. `''`: all keys. */
export function requireListPrefix(prefix: string): void {
  // Whatever a key begins with becomes a key when a letter follows.
  if (!isKey(prefix) && !isKey(`${prefix}x`)) throw badKey(prefix);
}

/** True for the path of a store within a bucket: parts like those of keys, or empty. */
export function isStorePrefix(prefix: string): boolean {
  return prefix === '' || (isKey(prefix) && prefix.length <= MOST_PREFIX_BYTES);
}

function badKey(key: string): GraphkeepError {
  return new GraphkeepError('object.key', 'no object can have this key', { observed: key });
}
