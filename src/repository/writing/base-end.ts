import { GraphkeepError } from '../../base/errors.ts';
import { onePiece } from '../../base/one-piece.ts';
import { encodeZstd } from '../../base/zstd/encoding.ts';
import type { ObjectStore } from '../../objects/object-store.ts';
import type { Manifest } from '../catalogue/manifest.ts';
import { formatIndexLine, type IndexLine } from '../catalogue/object-index.ts';

/* What comes before the manifest of a base, whether it is a backup or a copy (spec repository-layout 2, 4). */

/** The bytes of an index as it is stored. @throws GraphkeepError `peer.hostile` for a name that the index cannot hold */
export async function encodeIndex(lines: readonly IndexLine[]): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of encodeZstd(onePiece(formatIndex(lines)))) pieces.push(piece);
  return Buffer.concat(pieces);
}

function formatIndex(lines: readonly IndexLine[]): Buffer {
  try {
    return Buffer.from(lines.map(formatIndexLine).join(''));
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new GraphkeepError('peer.hostile', 'the name of a file cannot be stored', { observed: error.message });
  }
}

/** Names and sizes of the objects that the index and the manifest of a base name. */
export function storedObjectsOf(lines: readonly IndexLine[], log: Manifest['log']): Map<string, number> {
  return new Map([
    ...lines.map(({ object, storedBytes }) => [object, storedBytes] as const),
    ...log.map(({ object, bytes }) => [object, bytes] as const),
  ]);
}

/**
 * Verifies that every object of a base is there with its size. Others, of a
 * file that began again or of an earlier run, are removed.
 * @param wanted names below the folder, and sizes
 * @throws GraphkeepError `object.missing` if an object that was acknowledged is not there
 */
export async function settleBase(
  store: ObjectStore,
  folder: string,
  wanted: ReadonlyMap<string, number>,
  signal: AbortSignal,
): Promise<void> {
  const missing = new Set(wanted.keys());
  const unwanted: string[] = [];
  for await (const { key, size } of store.list(`${folder}/`, undefined, signal)) {
    const name = key.slice(folder.length + 1);
    if (wanted.get(name) === size) missing.delete(name);
    else if (/^(data|log)\//.test(name)) unwanted.push(key);
  }
  const [first] = missing;
  if (first !== undefined) {
    throw new GraphkeepError('object.missing', 'an object that was stored is not there', {
      place: { object: `${store.address}/${folder}/${first}` },
      observed: `${missing.size} of ${wanted.size} objects are missing`,
    });
  }
  // A key without the right to remove leaves them to those who clean up.
  if (unwanted.length > 0) await store.remove(unwanted, signal);
}
