import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { removeTree } from '../../base/durable-files.ts';
import { fileError, isMissing } from '../../base/file-errors.ts';
import type { IndexRule } from '../schema-rule.ts';
import { findProvider } from './index-provider.ts';

/** Settings of a fulltext index: they are nowhere else (record-stores spec 11.4). */
const FULLTEXT_SETTINGS = 'fulltext-index.properties';

/**
 * Removes the files of an index, so that the server builds it anew at its next start (trees spec 11: the whole folder, never a part). The
 * settings of a fulltext index stay. An index of an unknown provider has no files that we know.
 */
export async function removeIndex(storeDirectory: string, rule: IndexRule): Promise<void> {
  const folders = findProvider(rule.provider)?.folders(rule.id);
  for (const folder of folders?.all ?? []) {
    const path = join(storeDirectory, folder);
    if (rule.provider.key === 'fulltext') await removeAllBut(join(storeDirectory, folders!.lucene!), FULLTEXT_SETTINGS);
    else await removeTree(path);
  }
}

async function removeAllBut(directory: string, kept: string): Promise<void> {
  let names: string[];
  try {
    names = await readdir(directory);
  } catch (error) {
    if (isMissing(error)) return;
    throw fileError(error, 'read the directory', directory);
  }
  for (const name of names) if (name !== kept) await removeTree(join(directory, name));
}
