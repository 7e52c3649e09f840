import { existsSync } from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { syncDirectory, syncFile } from '../../base/durable-files.ts';
import { hasCode } from '../../base/errors.ts';
import { atFile } from '../../base/file-errors.ts';
import { encodeIdFile, type IdFile, readIdFile } from '../../store/files/id-file.ts';
import { ID_FILE_SUFFIX, METADATA_FILE, type StoreKey, storeFile, storeFiles } from '../../store/files/store-files.ts';
import type { FreeIds } from './free-ids.ts';

/** `neostore` always has 15 records. */
const METADATA_IDS: IdFile = { clean: true, highId: 15, free: [] };

function idFilePath(directory: string, key: StoreKey): string {
  return join(directory, storeFile(key).fileName + ID_FILE_SUFFIX);
}

/** The id files of a database that was shut down cleanly, except those that are missing, damaged or not clean. */
export function readIdFiles(directory: string): Map<StoreKey, IdFile> {
  const found = new Map<StoreKey, IdFile>();
  for (const { key } of storeFiles) {
    const path = idFilePath(directory, key);
    if (!existsSync(path)) continue;
    try {
      const file = readIdFile(path);
      if (file.clean) found.set(key, file);
    } catch (error) {
      if (!hasCode(error, 'file.corrupt', 'file.truncated')) throw error;
    }
  }
  return found;
}

/**
 * Writes the id files at a clean shutdown, so that a server need not scan and ids are reused. They are made in `scratch` and renamed: a
 * kill leaves only whole ones.
 */
export async function writeIdFiles(directory: string, scratch: string, ids: FreeIds): Promise<void> {
  const files: [string, IdFile][] = storeFiles.map(({ key, fileName }) => [fileName, ids.describe(key)]);
  for (const [fileName, content] of [...files, [METADATA_FILE, METADATA_IDS] as const]) {
    const name = fileName + ID_FILE_SUFFIX;
    const made = join(scratch, name);
    await atFile('write the id file', made, () => writeFile(made, encodeIdFile(content)));
    await syncFile(made);
    await atFile('rename the id file', made, () => rename(made, join(directory, name)));
  }
  await syncDirectory(directory);
}
