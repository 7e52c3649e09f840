import { constants, type Stats } from 'node:fs';
import { copyFile, type FileHandle, open, stat } from 'node:fs/promises';
import { throwIfCancelled } from '../../base/cancellation.ts';
import { writeFully } from '../../base/durable-files.ts';
import { GraphkeepError, hasCode } from '../../base/errors.ts';
import { atFile, isMissing } from '../../base/file-errors.ts';
import { openRegularFileAsync } from '../../base/regular-files.ts';
import { sleep } from '../../base/timers.ts';
import type { OpenPart } from '../../source/live-files/live-file-copy.ts';
import { readTreeHead, type TreeHead } from '../../source/live-files/live-tree-copy.ts';
import { findLayoutOf } from '../../store/index/tree-layouts.ts';
import { openPageFile } from '../../store/tree/page/page-file.ts';
import { Pulse } from '../../store/tree/page/pulse.ts';
import { chooseState, decodeStatePage } from '../../store/tree/page/state-page.ts';
import { openTree } from '../../store/tree/read/tree-file.ts';
import { scrubTree } from '../../store/tree/update/scrub.ts';

/** Check points of the tree that may spoil a copy, one after the other. */
const ATTEMPTS = 30;
/** A tree without a valid state is looked at again this often: the server may be creating it. */
const STATELESS_ATTEMPTS = 4;
const PAUSE_MS = 50;
const COPY_BYTES = 1 << 20;

/**
 * Copies a tree that a server writes, as of a check point of the tree. Pages of the last check point are never changed in place, except for
 * pointers of the next one, which {@link scrubTree} takes away again (spec trees-and-indexes 4.1). So a copy is right if no check point of
 * the tree was completed while it was read, that is if both state pages are the same before and after.
 *
 * `absent`: there is no file, or nothing in it that was ever part of a check point. What it will hold is in the log.
 * @throws GraphkeepError `serve.unsettled` if the tree has a check point during every attempt
 */
export async function copySettledTree(from: string, to: string, signal: AbortSignal): Promise<'copied' | 'absent'> {
  let stateless = 0;
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    throwIfCancelled(signal);
    const outcome = await tryCopy(from, to, signal);
    if (outcome === 'copied' || outcome === 'absent') return outcome;
    if (outcome === 'stateless' && ++stateless === STATELESS_ATTEMPTS) return 'absent';
    await sleep(PAUSE_MS, signal);
  }
  throw new GraphkeepError('serve.unsettled', 'a check point of an index ended during every attempt to copy it', {
    place: { file: from },
    observed: `${ATTEMPTS} attempts`,
  });
}

type Outcome = 'copied' | 'absent' | 'stateless' | 'changed';

async function tryCopy(from: string, to: string, signal: AbortSignal): Promise<Outcome> {
  let source: FileHandle;
  try {
    source = await openRegularFileAsync(from);
  } catch (error) {
    if (isMissing(error)) return 'absent';
    throw error;
  }
  try {
    const before = await readTreeHead(source, from);
    const pages = before === undefined ? undefined : countPages(before);
    if (before === undefined || pages === undefined) return 'stateless';
    await copyPages({ source, path: from, bytes: pages * before.pageBytes }, to, before.bytes, signal);
    const after = await readTreeHead(source, from);
    if (after === undefined || !after.bytes.equals(before.bytes) || !(await isStillThere(source, from))) {
      return 'changed';
    }
  } finally {
    await source.close();
  }
  return (await isSound(to, signal)) ? 'copied' : 'changed';
}

/** How many pages belong to the tree as of its last check point; undefined if no state page is valid. */
function countPages({ bytes, pageBytes }: TreeHead): number | undefined {
  const a = decodeStatePage(bytes.subarray(pageBytes, 2 * pageBytes))?.state;
  const b = decodeStatePage(bytes.subarray(2 * pageBytes))?.state;
  const choice = chooseState(a, b);
  const state = choice === 'a' ? a : choice === 'b' ? b : undefined;
  return state === undefined ? undefined : state.lastId + 1;
}

async function readBytes(source: FileHandle, path: string, length: number, position: number): Promise<Buffer> {
  const buffer = Buffer.alloc(length);
  let done = 0;
  while (done < length) {
    const { bytesRead } = await atFile('read the file', path, () =>
      source.read(buffer, done, length - done, position + done),
    );
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return buffer.subarray(0, done);
}

/** Copies what belongs to the check point; the head is the one that was looked at. */
async function copyPages(
  { source, path: from, bytes: size }: OpenPart,
  to: string,
  head: Buffer,
  signal: AbortSignal,
): Promise<void> {
  const isCloned = await tryClone(from, to);
  const target = await atFile('create the file', to, () => open(to, isCloned ? 'r+' : 'w'));
  try {
    await atFile('write the file', to, () => writeFully(target, head));
    if (isCloned) await atFile('write the file', to, () => target.truncate(size));
    for (let at = head.length; !isCloned && at < size; ) {
      throwIfCancelled(signal);
      const piece = await readBytes(source, from, Math.min(COPY_BYTES, size - at), at);
      if (piece.length === 0) return;
      await atFile('write the file', to, () => writeFully(target, piece));
      at += piece.length;
    }
  } finally {
    await target.close();
  }
}

/** On file systems that can, the copy takes no time and no room. */
async function tryClone(from: string, to: string): Promise<boolean> {
  try {
    await copyFile(from, to, constants.COPYFILE_FICLONE_FORCE);
    return true;
  } catch {
    // Another file system, or one that cannot: the bytes are copied.
    return false;
  }
}

async function isStillThere(source: FileHandle, path: string): Promise<boolean> {
  const mine = await atFile('read the file', path, () => source.stat());
  let named: Stats;
  try {
    named = await stat(path);
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
  return named.ino === mine.ino && named.dev === mine.dev;
}

/** Takes the copy back to its check point, and finds out whether all of it is there. */
async function isSound(path: string, signal: AbortSignal): Promise<boolean> {
  const layout = findLayoutOf(path);
  if (layout === undefined) return true;
  try {
    const tree = openTree(openPageFile(path, 'write'), layout);
    try {
      await scrubTree(tree, new Pulse(signal));
      return true;
    } finally {
      tree.file.close();
    }
  } catch (error) {
    if (hasCode(error, 'file.corrupt', 'file.truncated')) return false;
    throw error;
  }
}
