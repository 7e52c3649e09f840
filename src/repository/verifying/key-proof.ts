import type { Manifest } from '../catalogue/manifest.ts';
import type { IndexLine } from '../catalogue/object-index.ts';
import { baseFolder } from '../catalogue/object-keys.ts';
import { readLines } from '../reading/base-index.ts';
import type { StoredObjects } from '../reading/stored-objects.ts';

/**
 * Reads the smallest object of a base as a whole: who can do that has a key for all of it, as one run seals everything for the same
 * recipients.
 * @throws GraphkeepError `repository.key-wrong`, and those of {@link StoredObjects.read}
 */
export async function openOneObject(objects: StoredObjects, manifest: Manifest, signal: AbortSignal): Promise<void> {
  let smallest: IndexLine | undefined;
  for await (const line of readLines(objects.store, manifest, signal)) {
    if (smallest === undefined || line.storedBytes < smallest.storedBytes) smallest = line;
  }
  if (smallest === undefined) return;
  const { object, storedBytes: bytes, sha256 } = smallest;
  const key = `${baseFolder(manifest.database, manifest.timeline, manifest.id)}/${object}`;
  for await (const _ of objects.read({ key, bytes, sha256: Buffer.from(sha256, 'hex') }));
}
