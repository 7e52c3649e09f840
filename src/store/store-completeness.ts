import { join } from 'node:path';
import { statIfExists } from '../base/durable-files.ts';
import { GraphkeepError } from '../base/errors.ts';
import { storeFiles } from './store-files.ts';

/**
 * Every record store must be there before anything is applied: a server would create the missing one anew, empty, and nobody would
 * notice what was lost (backup-command spec 3.2, dangers).
 */
export async function requireCompleteStore(folder: string): Promise<void> {
  for (const { fileName } of storeFiles) {
    const path = join(folder, fileName);
    if ((await statIfExists(path))?.isFile() === true) continue;
    throw new GraphkeepError('store.missing-file', 'a store file is missing', { place: { file: path } });
  }
}
