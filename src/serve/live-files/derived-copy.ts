import type { Dirent } from 'node:fs';
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { throwIfCancelled } from '../../base/cancellation.ts';
import { GraphkeepError } from '../../base/errors.ts';
import { atFile, isMissing } from '../../base/file-errors.ts';
import { classifyDatabaseFile, LABEL_SCAN_FILE } from '../../store/files/store-files.ts';
import { HEADER_USABLE, labelScanLayout } from '../../store/label-scan/label-scan-layout.ts';
import { openTreeForReading } from '../../store/tree/read/tree-file.ts';
import { copySettledFile, copySettledLucene } from './settled-files.ts';
import { copySettledTree } from './settled-tree.ts';

/** Files beside the trees of an index: the message of a failure, the settings of a fulltext index. */
const SMALL_FILE = /^failure-message$|\.properties$/;

/**
 * Copies what replay of a log cannot make from a mixture of old and new: label scan store and indexes, each as of some check point
 * that is not older than the last one in the log. A server that recovers the copy applies the log to them once more: what they hold already
 * is set again, and what was removed since is removed.
 *
 * None may be missing: a server that recovers a copy without its label scan store takes a wrong one for complete (spec transaction-logs
 * 10.3).
 * @throws GraphkeepError `serve.unsettled` if a file has a check point during every attempt to copy it
 */
export async function copyDerivedFiles(directory: string, to: string, signal: AbortSignal): Promise<void> {
  await copyLabelScan(directory, to, signal);
  await copySettledFile(join(directory, 'index.db'), join(to, 'index.db'), signal);
  for (const name of ['schema', 'index']) await copyIndexes(directory, name, to, signal);
}

async function copyLabelScan(directory: string, to: string, signal: AbortSignal): Promise<void> {
  const path = join(directory, LABEL_SCAN_FILE);
  const copy = join(to, LABEL_SCAN_FILE);
  const outcome = await copySettledTree(path, copy, signal);
  if (outcome === 'copied' && isUsable(copy)) return;
  throw new GraphkeepError('serve.unsettled', 'the server has not finished its label scan store', {
    place: { file: path },
    hint: 'Start the server on this database and wait until it is up, then make the backup again.',
  });
}

function isUsable(path: string): boolean {
  const { file, header } = openTreeForReading(path, labelScanLayout);
  file.close();
  return header[0] === HEADER_USABLE;
}

/** Copies the folder `name` and everything below it that belongs to an index. */
async function copyIndexes(directory: string, name: string, to: string, signal: AbortSignal): Promise<void> {
  throwIfCancelled(signal);
  const entries = await listEntries(join(directory, name));
  if (entries.length === 0) return;
  if (entries.some((entry) => entry.name.startsWith('segments_'))) {
    await copySettledLucene(join(directory, name), join(to, name), signal);
    return;
  }
  await atFile('create the directory', join(to, name), () => mkdir(join(to, name)));
  for (const entry of entries) {
    const path = `${name}/${entry.name}`;
    if (entry.isDirectory() && classifyDatabaseFile(`${entry.name}/`) !== 'profile') {
      await copyIndexes(directory, path, to, signal);
    } else if (entry.isFile() && !/^write\.lock$|^\./.test(entry.name)) {
      const copy = SMALL_FILE.test(entry.name) ? copySettledFile : copySettledTree;
      await copy(join(directory, path), join(to, path), signal);
    }
  }
}

async function listEntries(path: string): Promise<Dirent[]> {
  try {
    return await atFile('read the directory', path, () => readdir(path, { withFileTypes: true }));
  } catch (error) {
    // No such indexes, or one that was dropped meanwhile.
    if (isMissing(error)) return [];
    throw error;
  }
}
