import type { ObjectStore } from '../../objects/object-store.ts';
import { formatSegmentName, type SegmentName } from '../catalogue/segment-name.ts';
import type { SealPool } from '../seal/pool/seal-pool.ts';
import { packTar, type TarEntry } from '../tar/tar-content.ts';
import { digestOf } from './base-files.ts';

/** Where the segments of a log go. */
export interface SegmentPlace {
  readonly pool: SealPool;
  readonly store: ObjectStore;
  readonly folder: string;
  readonly isEncrypted: boolean;
  readonly signal: AbortSignal;
}

/** An object of the log as it was stored. */
export interface StoredSegment {
  /** Key below the folder. */
  readonly name: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** Seals and stores one object of a log. It is there when this resolves. */
export async function storeSegment(
  { pool, store, folder, isEncrypted, signal }: SegmentPlace,
  about: Omit<SegmentName, 'digest' | 'isEncrypted'>,
  entries: readonly TarEntry[],
): Promise<StoredSegment> {
  const object = await pool.open({ hasTable: false });
  for (const part of await packTar(entries)) await object.write(part);
  const sealed = await object.seal();
  try {
    const sha256 = digestOf(sealed);
    const name = formatSegmentName({ ...about, digest: sha256.slice(0, 32), isEncrypted });
    await store.create(`${folder}/${name}`, sealed.bytes, sealed.sha256, {}, signal);
    return { name, bytes: sealed.bytes.length, sha256 };
  } finally {
    sealed.release();
  }
}
