import { join } from 'node:path';
import { statIfExists } from '../base/durable-files.ts';
import { GraphkeepError } from '../base/errors.ts';
import { MIGRATION_FOLDER, QUARANTINE_MARKER } from '../store/files/modern/modern-files.ts';
import { type ModernMetadata, readModernMetadata } from '../store/files/modern/modern-metadata.ts';
import { METADATA_FILE } from '../store/files/store-files.ts';
import { recogniseStore } from '../store/files/store-recognition.ts';
import { describeUnsupported } from '../store/files/supported-store.ts';
import type { RecoveredGeneration } from './generation.ts';
import { NEO4J_4 } from './neo4j-4.ts';
import { NEO4J_5 } from './neo4j-5.ts';

/** Newest first. */
export const RECOVERED_GENERATIONS: readonly RecoveredGeneration[] = [NEO4J_5, NEO4J_4];

/** The only engine whose files a server can recover from a copy of them. */
const RECORD_FORMATS = /^(record-(aligned|standard|high_limit)-\d+\.\d+|(AF|SF|HL)4\.\d+\.\w+)$/;

/**
 * The row for a database of 4.2 or later, running or not; undefined for one of an earlier release.
 *
 * @throws GraphkeepError `backup.missing`, `backup.invalid` (no database), `store.format` (block format, or one that is unknown),
 * `store.missing-file`,   `store.corrupt`, `directory.in-use` (it is being migrated), `database.quarantined`, `file.io`
 */
export async function findRecoveredGeneration(directory: string): Promise<RecoveredGeneration | undefined> {
  const store = await recogniseStore(directory);
  if (store.kind === 'supported' || store.kind === 'older') return undefined;
  if (store.kind !== 'other' && store.kind !== 'unknown') throw describeUnsupported(store, directory);
  if (store.kind === 'other' && store.file !== METADATA_FILE) throw describeUnsupported(store, directory);
  const metadata = readModernMetadata(directory);
  if (metadata === undefined) throw describeUnsupported(store, directory);
  await refuseUnsettled(directory);
  refuseOtherFormats(metadata, directory);
  return metadata.layout === 4 ? NEO4J_4 : NEO4J_5;
}

async function refuseUnsettled(directory: string): Promise<void> {
  const migration = join(directory, MIGRATION_FOLDER);
  if ((await statIfExists(migration)) !== undefined) {
    throw new GraphkeepError('directory.in-use', 'the database is being migrated to another format', {
      place: { file: migration },
      hint: 'Wait until the migration has ended, then run the command again. If it was killed, run it again.',
    });
  }
  const marker = join(directory, QUARANTINE_MARKER);
  if ((await statIfExists(marker)) === undefined) return;
  throw new GraphkeepError('database.quarantined', 'the server has put the database in quarantine', {
    place: { file: marker },
  });
}

function refuseOtherFormats({ format }: ModernMetadata, directory: string): void {
  if (RECORD_FORMATS.test(format)) return;
  throw new GraphkeepError('store.format', 'the database has a format that cannot be copied while its server runs', {
    place: { file: join(directory, METADATA_FILE) },
    observed: format,
    hint: 'Only the record formats can: aligned, standard, high_limit. Use the backup of Neo4j Enterprise.',
  });
}
