import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { throwIfCancelled } from '../../base/cancellation.ts';
import { GraphkeepError } from '../../base/errors.ts';
import { atFile, isMissing } from '../../base/file-errors.ts';
import { listCommit } from '../../store/index/lucene-part.ts';
import type { CopyReceiver, FileReceiver } from '../backup-source.ts';
import { copyLiveFile, type LiveCopying } from './live-file-copy.ts';
import type { LiveFolder } from './live-file-list.ts';

/** A folder changes only at a check point of the server: more often than that in a row is not to be expected. */
const MAX_ATTEMPTS = 20;

/**
 * Copies a folder of Lucene. Lucene never changes a file; each commit is a file `segments_N`, and the files it names stay as long as it is
 * the newest. So a copy is whole if the newest commit and its files are still the same after the last file; else it is dropped and made
 * again. (Not the commit alone: a listing may miss a file that appears while it is made.) What came after the commit is in the log.
 * Undefined, and then nothing was delivered, if the index changes too fast.
 */
export async function copyIndexFolder(
  folder: LiveFolder,
  receiver: CopyReceiver,
  copying: LiveCopying,
): Promise<FileReceiver[] | undefined> {
  for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt++) {
    throwIfCancelled(copying.signal);
    const before = await listFolder(folder.path);
    const copied: FileReceiver[] = [];
    for (const name of before) {
      const file = { name: `${folder.name}/${name}`, path: join(folder.path, name), alignment: 1 };
      const received = await copyLiveFile(file, receiver, copying);
      if (received !== undefined) copied.push(received);
    }
    if ((await listFolder(folder.path)).join() === before.join()) return copied;
    for (const file of copied) await file.discard();
  }
  return undefined;
}

/**
 * Copies the folder of an explicit index, which is nowhere else: it cannot be made anew from the records.
 * @throws GraphkeepError `file.io` if it changes too fast
 */
export async function copyExplicitIndex(
  folder: LiveFolder,
  receiver: CopyReceiver,
  copying: LiveCopying,
): Promise<void> {
  if ((await copyIndexFolder(folder, receiver, copying)) !== undefined) return;
  throw new GraphkeepError('file.io', 'an explicit index changes faster than it can be copied', {
    place: { file: folder.path },
    hint: 'Run the command again when fewer explicit indexes are written, or raise --rate-limit.',
  });
}

/** The newest commit and its files, and what is not of Lucene, except the lock of the server. Empty if the index was dropped. */
async function listFolder(path: string): Promise<string[]> {
  const commit = await listCommit(path);
  const others = (await listFiles(path)).filter((name) => !/^(write\.lock$|\.|_|pending_|segments)/.test(name));
  return [...commit, ...others].sort();
}

async function listFiles(path: string): Promise<string[]> {
  try {
    const entries = await atFile('read the directory', path, () => readdir(path, { withFileTypes: true }));
    return entries.filter((entry) => entry.isFile()).map(({ name }) => name);
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}
