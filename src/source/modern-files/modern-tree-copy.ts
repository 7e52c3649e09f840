import type { FileHandle } from 'node:fs/promises';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { throwIfCancelled } from '../../base/cancellation.ts';
import { writeFullyAt } from '../../base/durable-files.ts';
import { atFile } from '../../base/file-errors.ts';
import { sleep } from '../../base/timers.ts';
import type { CopyReceiver, FileReceiver } from '../backup-source.ts';
import { deliverFile, type LiveCopying, type OpenPart, withLiveFile } from '../live-files/live-file-copy.ts';
import { RateLimit } from '../live-files/rate-limit.ts';
import type { CopyOutcome, ModernFile } from './modern-file-list.ts';

/** Copies straight to the receiver before a tree that does not rest is staged. */
const DIRECT_ATTEMPTS = 2;
/** Passes over the staged copy, each of which reads the whole tree at full speed. */
const STAGED_PASSES = 20;
/** A tree without a valid state is looked at again this often: the server may be making it. */
const LOOKS = 5;
const LOOK_MS = 50;
const READ_BYTES = 1024 * 1024;
const unlimited = new RateLimit(undefined);

/**
 * Copies a B+tree of a running server as of one of its own check points: that is so if its state pages are the same before and after (spec
 * modern-copies 2). A tree whose check points come faster than the receiver takes its bytes is copied to a temporary file first,
 * where each further pass corrects what has changed.
 *
 * @returns another outcome than `copied` if nothing was delivered
 */
export async function copyModernTree(
  file: ModernFile,
  receiver: CopyReceiver,
  copying: LiveCopying,
): Promise<CopyOutcome> {
  const outcome = await withLiveFile({ ...file, alignment: 1 }, async (source) => {
    const { name, path } = file;
    let received: FileReceiver | undefined;
    for (let attempt = 0; attempt < DIRECT_ATTEMPTS; attempt++) {
      const before = await awaitHead(source, path, copying.signal);
      if (before === undefined) {
        await received?.discard();
        return 'incomplete';
      }
      const bytes = await sizeOf(source, path);
      if (received === undefined) received = await receiver.openFile({ name, alignment: 1, empty: false });
      else await received.restart();
      await deliverFile({ source, path, bytes }, received, copying);
      if (await isAtRest(source, path, before)) {
        await received.end();
        return 'copied';
      }
    }
    await received!.restart();
    const staged = await deliverStaged({ source, path, bytes: 0 }, received!, copying);
    throwIfCancelled(copying.signal);
    await (staged === 'copied' ? received!.end() : received!.discard());
    return staged;
  });
  return outcome ?? 'dropped';
}

async function deliverStaged(
  { source, path }: OpenPart,
  received: FileReceiver,
  copying: LiveCopying,
): Promise<CopyOutcome> {
  const { file: staged, path: staging } = await openNameless();
  try {
    for (let pass = 0; pass < STAGED_PASSES; pass++) {
      throwIfCancelled(copying.signal);
      const before = await awaitHead(source, path, copying.signal);
      if (before === undefined) return 'incomplete';
      const bytes = await sizeOf(source, path);
      await correct({ source, path, bytes }, staged, staging);
      if (!(await isAtRest(source, path, before))) continue;
      await deliverFile({ source: staged, path: staging, bytes }, received, { ...copying, rate: unlimited });
      return 'copied';
    }
    return 'changing';
  } finally {
    await staged.close();
  }
}

/** A temporary file. Nobody needs its name, and a kill leaves nothing. */
async function openNameless(): Promise<{ file: FileHandle; path: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'graphkeep-tree-'));
  const path = join(folder, 'tree');
  try {
    return { file: await atFile('create the file', path, () => open(path, 'wx+')), path };
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Makes the staged copy equal to the tree as it is read now; writes only what differs. */
async function correct({ source, path, bytes }: OpenPart, staged: FileHandle, staging: string): Promise<void> {
  const wanted = Buffer.allocUnsafe(READ_BYTES);
  const there = Buffer.allocUnsafe(READ_BYTES);
  for (let at = 0; at < bytes; ) {
    const length = Math.min(READ_BYTES, bytes - at);
    const { bytesRead } = await atFile('read the file', path, () => source.read(wanted, 0, length, at));
    if (bytesRead === 0) break;
    const old = await atFile('read the file', staging, () => staged.read(there, 0, bytesRead, at));
    const piece = wanted.subarray(0, bytesRead);
    if (old.bytesRead < bytesRead || !piece.equals(there.subarray(0, bytesRead))) {
      await atFile('write the file', staging, () => writeFullyAt(staged, piece, at));
    }
    at += bytesRead;
  }
  await atFile('write the file', staging, () => staged.truncate(bytes));
}

async function isAtRest(source: FileHandle, path: string, before: Buffer): Promise<boolean> {
  return (await readHead(source, path))?.equals(before) === true;
}

async function sizeOf(source: FileHandle, path: string): Promise<number> {
  return (await atFile('read the file', path, () => source.stat())).size;
}

async function awaitHead(source: FileHandle, path: string, signal: AbortSignal): Promise<Buffer | undefined> {
  for (let look = 1; ; look++) {
    const head = await readHead(source, path);
    if (head !== undefined || look === LOOKS) return head;
    await sleep(LOOK_MS, signal);
  }
}

const STATE_BYTES = 57;
/** Of the first page: a version, then the size of a page. */
const PAGE_SIZE_AT = 4;

/** The meta page, which never changes, and the two state pages. Undefined if they are not all there, or no state is whole. */
async function readHead(source: FileHandle, path: string): Promise<Buffer | undefined> {
  const start = await readStart(source, path, PAGE_SIZE_AT + 4);
  const pageBytes = [start?.readUInt32BE(PAGE_SIZE_AT), start?.readUInt32LE(PAGE_SIZE_AT)].find(isPageSize);
  if (pageBytes === undefined) return undefined;
  const head = await readStart(source, path, 3 * pageBytes);
  if (head === undefined) return undefined;
  const states = [1, 2].map((page) => head.subarray(page * pageBytes, (page + 1) * pageBytes));
  return states.some(isState) ? head : undefined;
}

/** A state is stored twice in a row. With two states that are torn or empty a server would not open the tree. */
function isState(page: Buffer): boolean {
  const state = page.subarray(0, STATE_BYTES);
  return state.some((byte) => byte !== 0) && state.equals(page.subarray(STATE_BYTES, 2 * STATE_BYTES));
}

function isPageSize(bytes: number | undefined): bytes is number {
  return bytes !== undefined && bytes >= 256 && bytes <= 1024 * 1024 && (bytes & (bytes - 1)) === 0;
}

async function readStart(source: FileHandle, path: string, bytes: number): Promise<Buffer | undefined> {
  const buffer = Buffer.alloc(bytes);
  const { bytesRead } = await atFile('read the file', path, () => source.read(buffer, 0, bytes, 0));
  return bytesRead === bytes ? buffer : undefined;
}
