import { LOG_FORMAT } from '../log/v3/log-header.ts';
import { findRecoveryStart } from '../log/v3/recovery-start.ts';
import { readMetadataIn, storeIdOf } from '../store/files/neostore-metadata.ts';
import { classifyDatabaseFile, handlingOf, METADATA_FILE, STORE_LOCK_FILE } from '../store/files/store-files.ts';
import { formatStoreVersion } from '../store/files/store-id.ts';
import type { ReplayedGeneration } from './generation.ts';

/** Neo4j 3.4 and 3.5. Their formats are fully known, so replay completes a copy without a server (spec record-stores, transaction-logs). */
export const NEO4J_3: ReplayedGeneration = {
  releases: '3.4 or 3.5',
  files: { keyFile: METADATA_FILE, lockFile: STORE_LOCK_FILE, roleOf: classifyDatabaseFile, handlingOf },
  logFormats: [LOG_FORMAT],
  completedBy: 'replay',
  readFacts(directory) {
    const metadata = readMetadataIn(directory);
    return {
      storeId: storeIdOf(metadata),
      format: formatStoreVersion(metadata.storeVersion),
      lastTransaction: metadata.lastTransactionId,
    };
  },
  findRecoveryStart,
};
