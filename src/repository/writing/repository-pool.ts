import type { Manifest } from '../catalogue/manifest.ts';
import type { Repository } from '../opening/repository.ts';
import { SealPool, type SealPoolOptions } from '../seal/pool/seal-pool.ts';

/** How all objects are compressed. */
export const COMPRESSION: Manifest['compression'] = { method: 'zstd', level: 1 };

/** Starts the threads that seal objects of a repository. `size`: threads and objects in memory, if not as many as usual. */
export function startPool(
  { settings }: Repository,
  signal: AbortSignal,
  size: Pick<SealPoolOptions, 'workers' | 'objects'> = {},
): Promise<SealPool> {
  const { encryption } = settings;
  const recipients = encryption.method === 'none' ? ('none' as const) : encryption.recipients;
  return SealPool.start({ recipients, level: COMPRESSION.level, signal, ...size });
}
