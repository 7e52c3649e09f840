import { requireSupportedStore, type StorePurpose } from '../store/files/supported-store.ts';
import type { Generation } from './generation.ts';
import { NEO4J_3 } from './neo4j-3.ts';

/**
 * The row of the database in a directory, which has to be complete and of a release that fits the purpose. Stores of 2.3 to 3.3, which are
 * only read, have the files and the log of 3.x.
 *
 * @throws GraphkeepError what {@link requireSupportedStore} throws
 */
export async function requireGeneration(
  directory: string,
  purpose: StorePurpose,
  logDirectory?: string,
): Promise<Generation> {
  await requireSupportedStore(directory, purpose, logDirectory);
  return NEO4J_3;
}
