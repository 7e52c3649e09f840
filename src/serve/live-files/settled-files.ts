import { constants, type Stats } from 'node:fs';
import { copyFile, mkdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { throwIfCancelled } from '../../base/cancellation.ts';
import { GraphkeepError } from '../../base/errors.ts';
import { atFile, isMissing } from '../../base/file-errors.ts';
import { readRegularFile } from '../../base/regular-files.ts';
import { sleep } from '../../base/timers.ts';
import { listCommit } from '../../store/index/lucene-part.ts';

/** A file that was written within this time may be written again without another time of its last change. */
const QUIET_MS = 100;
const ATTEMPTS = 50;

/** Copies a small file that a server rewrites now and then. `absent`: there is none. */
export async function copySettledFile(from: string, to: string, signal: AbortSignal): Promise<'copied' | 'absent'> {
  const content = await readSettled(from, signal);
  if (content === undefined) return 'absent';
  await atFile('write the file', to, () => writeFile(to, content));
  return 'copied';
}

async function readSettled(path: string, signal: AbortSignal): Promise<Buffer | undefined> {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const content = await tryReadSettled(path);
    if (content !== 'changed') return content;
    await sleep(QUIET_MS, signal);
  }
  throw new GraphkeepError('serve.unsettled', 'a file changes faster than it can be copied', { place: { file: path } });
}

async function tryReadSettled(path: string): Promise<Buffer | 'changed' | undefined> {
  try {
    const before = await stat(path);
    if (Date.now() - before.mtimeMs < QUIET_MS) return 'changed';
    const content = readRegularFile(path);
    return isSame(before, await stat(path)) && content.length === before.size ? content : 'changed';
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

function isSame(a: Stats, b: Stats): boolean {
  return a.ino === b.ino && a.size === b.size && a.mtimeMs === b.mtimeMs && a.ctimeMs === b.ctimeMs;
}

/**
 * Copies a Lucene index. Lucene never changes a file; each commit is a file `segments_N`, and the files that it names stay as long as it is
 * the newest. So the copy is whole if the newest commit and its files are still the same after the last file. Files of no commit are left
 * out.
 */
export async function copySettledLucene(from: string, to: string, signal: AbortSignal): Promise<void> {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    throwIfCancelled(signal);
    const wanted = await listCommit(from);
    if (wanted.length === 0) return;
    await rm(to, { recursive: true, force: true });
    await atFile('create the directory', to, () => mkdir(to));
    for (const name of wanted) await copyIfThere(join(from, name), join(to, name), signal);
    const now = await listCommit(from);
    if (now.join() === wanted.join()) return;
    await sleep(QUIET_MS, signal);
  }
  throw new GraphkeepError('serve.unsettled', 'an index changes faster than it can be copied', {
    place: { file: from },
  });
}

async function copyIfThere(from: string, to: string, signal: AbortSignal): Promise<void> {
  throwIfCancelled(signal);
  try {
    await atFile('copy the file', from, () => copyFile(from, to, constants.COPYFILE_FICLONE));
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
}
