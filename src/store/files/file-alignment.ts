import { METADATA_RECORD_BYTES } from './neostore-metadata.ts';
import { readHeader } from './record-file.ts';
import { classifyDatabaseFile, storeFileByName } from './store-files.ts';
import type { StoreFormat } from './store-format.ts';

/** Record size of a database file in bytes, 1 for everything without records. Reads the block size of dynamic stores from the file. */
export function alignmentOf(name: string, path: string, format: StoreFormat): number {
  if (classifyDatabaseFile(name) === 'metadata') return METADATA_RECORD_BYTES;
  const store = storeFileByName(name);
  if (store === undefined) return 1;
  if (store.kind !== 'dynamic') return format[store.kind].size;
  const blockSize = readHeader(path);
  return blockSize > 0 ? blockSize : store.defaultSize!(format);
}
