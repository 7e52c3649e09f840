import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { throwIfCancelled } from '../../base/cancellation.ts';
import { entriesIfThere } from '../../base/directory-names.ts';
import { atFile, isMissing } from '../../base/file-errors.ts';
import { openRegularFileAsync } from '../../base/regular-files.ts';
import type { CopyReceiver } from '../backup-source.ts';
import { deliverFile, type LiveCopying } from '../live-files/live-file-copy.ts';
import type { CopyOutcome, ModernFolder } from './modern-file-list.ts';

const ATTEMPTS = 50;

/**
 * Copies the folder of a Lucene index of a running server. Lucene writes each file once, and a commit is a new file `segments_N`. So all
 * files are opened first: if the folder has the same commits after that, the open files are whole, whatever is removed later (spec
 * modern-copies 3).
 *
 * @returns another outcome than `copied` if nothing was delivered
 */
export async function copyModernFolder(
  folder: ModernFolder,
  receiver: CopyReceiver,
  copying: LiveCopying,
): Promise<CopyOutcome> {
  const open = await openFolder(folder.path, copying.signal);
  if (typeof open === 'string') return open;
  try {
    for (const [name, source] of open) {
      const path = join(folder.path, name);
      const { size } = await atFile('read the file', path, () => source.stat());
      const file = { name: `${folder.name}/${name}`, alignment: 1, empty: size === 0 };
      const received = await receiver.openFile(file);
      await deliverFile({ source, path, bytes: size }, received, copying);
      await received.end();
    }
    return 'copied';
  } finally {
    await closeAll(open);
  }
}

/** The files of one commit, open. */
async function openFolder(
  path: string,
  signal: AbortSignal,
): Promise<Map<string, FileHandle> | 'dropped' | 'changing'> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    throwIfCancelled(signal);
    const names = listFolder(path);
    if (names.length === 0) return 'dropped';
    const open = await openAll(path, names);
    if (open === undefined) continue;
    if (commitsOf(listFolder(path)) === commitsOf(names)) return open;
    await closeAll(open);
  }
  return 'changing';
}

/** Undefined if one of them has vanished. */
async function openAll(path: string, names: readonly string[]): Promise<Map<string, FileHandle> | undefined> {
  const open = new Map<string, FileHandle>();
  try {
    for (const name of names) open.set(name, await openRegularFileAsync(join(path, name)));
    return open;
  } catch (error) {
    await closeAll(open);
    if (isMissing(error)) return undefined;
    throw error;
  }
}

function commitsOf(names: readonly string[]): string {
  return names
    .filter((name) => /(^|\/)segments_/.test(name))
    .sort()
    .join();
}

async function closeAll(open: ReadonlyMap<string, FileHandle>): Promise<void> {
  for (const file of open.values()) await file.close();
}

/**
 * The files of Lucene below a folder, at any depth, relative to it. Empty if the index was dropped. Those that come and go are left out,
 * and the message of an index that has failed, which is copied as any file.
 */
function listFolder(folder: string, prefix = ''): string[] {
  return entriesIfThere(join(folder, prefix)).flatMap((entry) => {
    const name = `${prefix}${entry.name}`;
    if (entry.isDirectory()) return listFolder(folder, `${name}/`);
    return entry.isFile() && !/(^|\/)(write\.lock$|failure-message$|\.)|\.tmp$/.test(name) ? [name] : [];
  });
}
