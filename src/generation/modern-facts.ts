import { join } from 'node:path';
import { GraphkeepError } from '../base/errors.ts';
import { type ModernMetadata, readModernMetadata } from '../store/files/modern/modern-metadata.ts';
import { METADATA_FILE } from '../store/files/store-files.ts';

/** The facts of a database of one layout. @throws GraphkeepError `store.format` for another one, and what reading throws */
export function readFactsOf(directory: string, layout: ModernMetadata['layout']): ModernMetadata {
  const facts = readModernMetadata(directory);
  if (facts?.layout === layout) return facts;
  throw new GraphkeepError('store.format', 'the metadata store is of another release than before', {
    place: { file: join(directory, METADATA_FILE) },
    ...(facts === undefined ? {} : { observed: facts.format }),
    hint: 'Was the database replaced or migrated meanwhile? Run the command again.',
  });
}
