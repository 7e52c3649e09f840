import { onePiece } from '../../base/one-piece.ts';
import { decodeZstd } from '../../base/zstd/decoding.ts';
import { ZstdError } from '../../base/zstd/frame-scanner.ts';
import type { ObjectStore } from '../../objects/object-store.ts';
import { readWhole } from '../../objects/whole-object.ts';
import type { Manifest } from '../catalogue/manifest.ts';
import { type IndexLine, readIndex } from '../catalogue/object-index.ts';
import { baseFolder } from '../catalogue/object-keys.ts';
import { objectError } from '../object-errors.ts';
import { verifyStored } from '../seal/unseal/whole-object.ts';

/** An index is as large as its base is; this one belongs to some terabytes. */
export const MOST_INDEX_BYTES = 256 * 1024 * 1024;

/** The index of a base as it is stored. @throws GraphkeepError `repository.object-*`, `object.missing` */
export async function readIndexBytes(store: ObjectStore, manifest: Manifest, signal: AbortSignal): Promise<Buffer> {
  const { index } = manifest;
  const key = keyOfIndex(manifest);
  const stored = await readWhole(store, key, { mostBytes: MOST_INDEX_BYTES }, signal);
  verifyStored(stored, { key, bytes: index.bytes, sha256: Buffer.from(index.sha256, 'hex') });
  return stored;
}

/** The lines of the index of a base, which is not encrypted. @throws GraphkeepError `repository.object-*`, `object.missing` */
export async function* readLines(
  store: ObjectStore,
  manifest: Manifest,
  signal: AbortSignal,
): AsyncGenerator<IndexLine> {
  yield* decodeLines(await readIndexBytes(store, manifest, signal), manifest);
}

/** The lines in the bytes of an index. @throws GraphkeepError `repository.object-damaged` */
export async function* decodeLines(stored: Buffer, manifest: Manifest): AsyncGenerator<IndexLine> {
  const key = keyOfIndex(manifest);
  try {
    yield* readIndex(decodeZstd(onePiece(stored)), key);
  } catch (error) {
    if (!(error instanceof ZstdError)) throw error;
    throw objectError('repository.object-damaged', key, 'the index is damaged', { observed: error.message });
  }
}

function keyOfIndex({ index, database, timeline, id }: Manifest): string {
  return `${baseFolder(database, timeline, id)}/${index.object}`;
}
