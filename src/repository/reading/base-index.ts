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
const MOST_INDEX_BYTES = 256 * 1024 * 1024;

/** The lines of the index of a base, which is not encrypted. @throws GraphkeepError `repository.object-*`, `object.missing` */
export async function* readLines(
  store: ObjectStore,
  { index, database, timeline, id }: Manifest,
  signal: AbortSignal,
): AsyncGenerator<IndexLine> {
  const key = `${baseFolder(database, timeline, id)}/${index.object}`;
  const stored = await readWhole(store, key, { mostBytes: MOST_INDEX_BYTES }, signal);
  verifyStored(stored, { key, bytes: index.bytes, sha256: Buffer.from(index.sha256, 'hex') });
  try {
    yield* readIndex(decodeZstd(onePiece(stored)), key);
  } catch (error) {
    if (!(error instanceof ZstdError)) throw error;
    throw objectError('repository.object-damaged', key, 'the index is damaged', { observed: error.message });
  }
}
