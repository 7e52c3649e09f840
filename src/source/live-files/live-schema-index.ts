import type { CopyReceiver, FileReceiver } from '../backup-source.ts';
import type { LiveCopying } from './live-file-copy.ts';
import type { LiveIndex } from './live-file-list.ts';
import { copyIndexFolder } from './live-index-folder.ts';
import { copyLiveTree } from './live-tree-copy.ts';

/**
 * Copies a schema index: each of its parts as of some moment between the last check point and the end of the log, which is all that replay
 * needs. Leaves the index out if a part changes too fast or vanishes: half an index would pass for a complete one.
 */
export async function copySchemaIndex(index: LiveIndex, receiver: CopyReceiver, copying: LiveCopying): Promise<void> {
  const copied: FileReceiver[] = [];
  for await (const files of copyParts(index, receiver, copying)) {
    if (files === undefined) {
      for (const file of copied) await file.discard();
      return;
    }
    copied.push(...files);
  }
}

async function* copyParts(
  { trees, folders }: LiveIndex,
  receiver: CopyReceiver,
  copying: LiveCopying,
): AsyncGenerator<FileReceiver[] | undefined, void> {
  for (const tree of trees) {
    const file = await copyLiveTree(tree, receiver, copying);
    yield file === undefined ? undefined : [file];
  }
  for (const folder of folders) yield await copyIndexFolder(folder, receiver, copying);
}
