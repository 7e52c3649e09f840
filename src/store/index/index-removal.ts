import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { removeTree, renameDurably, temporarySibling } from '../../base/durable-files.ts';
import { fileError, isMissing } from '../../base/file-errors.ts';
import type { IndexRule } from '../graph/schema-rule.ts';
import { findProvider } from './index-provider.ts';

/** Settings of a fulltext index; stored nowhere else (spec record-stores 11.4). */
const FULLTEXT_SETTINGS = 'fulltext-index.properties';

/**
 * Removes the files of an index, so that the server rebuilds it at its next start. Each folder goes by one rename, because a server may
 * take half an index for a complete one (spec trees-and-indexes 11). The settings of a fulltext index stay. For an unknown provider no
 * files are known, so nothing is removed. `workFolder`: where folders go before they are removed; on the file system of the store.
 */
export async function removeIndex(
  storeDirectory: string,
  rule: IndexRule,
  workFolder: string = storeDirectory,
): Promise<void> {
  const folders = findProvider(rule.provider)?.folders(rule.id);
  for (const folder of folders?.all ?? []) {
    if (rule.provider.key === 'fulltext')
      await discardAllBut(join(storeDirectory, folders!.lucene!), FULLTEXT_SETTINGS, workFolder);
    else await discard(join(storeDirectory, folder), workFolder);
  }
}

/** Moves a file or folder of an index away by one rename, if it exists, then removes it. */
export async function discard(path: string, workFolder: string): Promise<void> {
  const trash = temporarySibling(join(workFolder, basename(path)));
  try {
    await renameDurably(path, trash);
  } catch (error) {
    if (isMissing(error)) return;
    throw error;
  }
  await removeTree(trash);
}

async function discardAllBut(directory: string, kept: string, workFolder: string): Promise<void> {
  let names: string[];
  try {
    names = await readdir(directory);
  } catch (error) {
    if (isMissing(error)) return;
    throw fileError(error, 'read the directory', directory);
  }
  for (const name of names) if (name !== kept) await discard(join(directory, name), workFolder);
}

/** True for a fulltext index whose settings file is missing: the server would silently use its defaults. */
export function lacksFulltextSettings(storeDirectory: string, rule: IndexRule): boolean {
  if (rule.provider.key !== 'fulltext') return false;
  const folder = findProvider(rule.provider)?.folders(rule.id).lucene;
  return folder !== undefined && !existsSync(join(storeDirectory, folder, FULLTEXT_SETTINGS));
}
