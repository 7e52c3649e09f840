import { requireSupportedStore, type StorePurpose } from '../store/files/supported-store.ts';
import type { ReplayedGeneration } from './generation.ts';
import { NEO4J_3 } from './neo4j-3.ts';

/**
 * The row for the database in a directory, which must be complete and of a supported release. Stores of 2.3 to 3.3, which are only read,
 * have the files and the log of 3.x.
 *
 * @throws GraphkeepError the errors of {@link requireSupportedStore}
 */
export async function requireGeneration(
  directory: string,
  purpose: StorePurpose,
  logDirectory?: string,
): Promise<ReplayedGeneration> {
  await requireSupportedStore(directory, purpose, logDirectory);
  return NEO4J_3;
}
