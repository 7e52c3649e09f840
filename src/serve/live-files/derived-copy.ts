import type { Dirent } from 'node:fs';
import { mkdir, readdir, rm } from 'node:fs/promises';
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

/** The folder of one index, which may have several parts. */
const INDEX = /^schema\/index\/[^/]+\/\d+$/;
/** Names that Lucene gives to files, besides a lock. */
const OF_LUCENE = /^(_|segments|pending_|write\.lock$)/;
/** How often an index may get or lose a part while it is copied. */
const ATTEMPTS = 10;

/** Copies the folder `name` and everything below it that belongs to indexes. */
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
      const copy = INDEX.test(path) ? copyWholeIndex : copyIndexes;
      await copy(directory, path, to, signal);
    } else if (entry.isFile() && !/^write\.lock$|^\./.test(entry.name)) {
      const copy = SMALL_FILE.test(entry.name) ? copySettledFile : copySettledTree;
      await copy(join(directory, path), join(to, path), signal);
    }
  }
}

/**
 * Copies an index with all parts. A server that populates it may add a part with values that are in no log any more, and then declare the
 * others complete: so the parts must be the same after the copy.
 */
async function copyWholeIndex(directory: string, name: string, to: string, signal: AbortSignal): Promise<void> {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const before = await listParts(join(directory, name));
    await copyIndexes(directory, name, to, signal);
    if ((await listParts(join(directory, name))) === before) return;
    await rm(join(to, name), { recursive: true, force: true });
  }
  throw new GraphkeepError('serve.unsettled', 'the parts of an index change during every attempt to copy it', {
    place: { file: join(directory, name) },
  });
}

/** Names the files and folders of an index, except those whose content a commit of Lucene decides. */
async function listParts(path: string, prefix = ''): Promise<string> {
  const parts: string[] = [];
  for (const entry of await listEntries(path)) {
    if (entry.isDirectory()) parts.push(await listParts(join(path, entry.name), `${prefix}${entry.name}/`));
    else if (!OF_LUCENE.test(entry.name)) parts.push(prefix + entry.name);
  }
  return [prefix, ...parts.sort()].join(' ');
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
