import type { FileHandle } from 'node:fs/promises';
import { throwIfCancelled } from '../../base/cancellation.ts';
import { atFile } from '../../base/file-errors.ts';
import { decodeMetaPage, isPlausiblePageSize, META_BYTES } from '../../store/tree/page/meta-page.ts';
import type { CopyReceiver, FileReceiver } from '../backup-source.ts';
import { deliverFile, type LiveCopying, withLiveFile } from './live-file-copy.ts';
import type { LiveFile } from './live-file-list.ts';

/** A tree that changes more often than it can be read is built from the records instead. */
const MAX_ATTEMPTS = 3;

/**
 * Copies a B+tree while a server writes it: as of its last check point, which is not older than the last one in the log. The server changes
 * no page of that state before the next check point of the tree, and that one changes a state page. So a copy is whole if the state pages
 * are the same before and after (spec trees-and-indexes 4.1). Undefined, and then nothing was delivered, if the tree does not rest for that
 * long, has vanished, or is not complete yet.
 */
export async function copyLiveTree(
  file: LiveFile,
  receiver: CopyReceiver,
  copying: LiveCopying,
): Promise<FileReceiver | undefined> {
  return await withLiveFile(file, async (source) => {
    const { name, path } = file;
    let received: FileReceiver | undefined;
    for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt++) {
      const before = await readTreeHead(source, path);
      if (before === undefined) break;
      const { size } = await atFile('read the file', path, () => source.stat());
      throwIfCancelled(copying.signal);
      if (received === undefined) received = await receiver.openFile({ name, alignment: 1, empty: false });
      else await received.restart();
      await deliverFile({ source, path, bytes: size - (size % before.pageBytes) }, received, copying);
      const after = await readTreeHead(source, path);
      if (after?.bytes.equals(before.bytes)) {
        throwIfCancelled(copying.signal);
        await received.end();
        return received;
      }
    }
    throwIfCancelled(copying.signal);
    await received?.discard();
    return undefined;
  });
}

/** The beginning of a tree: the meta page, which never changes, and the state pages. */
export interface TreeHead {
  bytes: Buffer;
  pageBytes: number;
}

/** Undefined if the file has not all of these pages. */
export async function readTreeHead(source: FileHandle, path: string): Promise<TreeHead | undefined> {
  const meta = await readStart(source, path, META_BYTES);
  if (meta === undefined) return undefined;
  const { pageBytes } = decodeMetaPage(meta);
  if (!isPlausiblePageSize(pageBytes)) return undefined;
  const bytes = await readStart(source, path, 3 * pageBytes);
  return bytes === undefined ? undefined : { bytes, pageBytes };
}

async function readStart(source: FileHandle, path: string, bytes: number): Promise<Buffer | undefined> {
  const buffer = Buffer.alloc(bytes);
  const { bytesRead } = await atFile('read the file', path, () => source.read(buffer, 0, bytes, 0));
  return bytesRead === bytes ? buffer : undefined;
}
