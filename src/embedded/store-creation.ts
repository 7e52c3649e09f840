import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { makeDirectory, removeTree, renameDurably, syncTree } from '../base/durable-files.ts';
import { GraphkeepError } from '../base/errors.ts';
import { BASE_TRANSACTION } from '../log/v3/log-header.ts';
import { LogWriter } from '../log/v3/log-writer.ts';
import { StoreWriter } from '../store/build/store-writer.ts';
import { METADATA_FILE, SCRATCH_FOLDER, STORE_LOCK_FILE } from '../store/files/store-files.ts';
import type { EmbeddedSettings } from './embedded-options.ts';

const NEW_STORE = 'new';

/**
 * Creates an empty database in the existing `directory`, if it holds none. The store is made in a temporary folder and moved file by file,
 * `neostore` last: with it the database exists. The next call completes what an earlier kill interrupted.
 * @throws GraphkeepError `embedded.not-empty` if the directory holds something else
 */
export async function createStoreIfMissing(directory: string, settings: EmbeddedSettings): Promise<void> {
  if (existsSync(join(directory, METADATA_FILE))) return;
  const made = join(directory, SCRATCH_FOLDER, NEW_STORE);
  const present = readdirSync(directory).filter((name) => name !== SCRATCH_FOLDER && name !== STORE_LOCK_FILE);
  if (present.length === 0) {
    await removeTree(made);
    await makeStore(made, settings);
  } else if (!existsSync(join(made, METADATA_FILE))) {
    throw new GraphkeepError('embedded.not-empty', 'the directory holds no database, but something else', {
      place: { file: directory },
      observed: present.slice(0, 3).join(', '),
    });
  }
  const names = readdirSync(made).filter((name) => name !== METADATA_FILE);
  for (const name of [...names, METADATA_FILE]) await renameDurably(join(made, name), join(directory, name));
}

async function makeStore(folder: string, { creationTimeMs, randomId }: EmbeddedSettings): Promise<void> {
  await makeDirectory(folder);
  const options = {
    ...(creationTimeMs === undefined ? {} : { creationTimeMs }),
    ...(randomId === undefined ? {} : { randomId }),
  };
  await new StoreWriter(folder, options).finish();
  const log = LogWriter.create(folder, 0, BASE_TRANSACTION);
  try {
    log.appendCheckPoint();
  } finally {
    log.close();
  }
  await syncTree(folder);
}
