import type { CopyReceiver, FileReceiver } from '../backup-source.ts';
import type { LiveCopying } from './live-file-copy.ts';
import type { LiveIndex } from './live-file-list.ts';
import { copyIndexFolder } from './live-index-folder.ts';
import { copyLiveTree } from './live-tree-copy.ts';

/**
 * Copies a schema index: each of its parts as of some moment between the last check point and the end of the log, which is all that replay
 * needs. Leaves the index out if a part changes too fast or vanishes: half an index would pass for a complete one. So would one that has
 * got a part since it was listed, with values that are in no log any more: a server that populates an index makes parts as it needs them.
 *
 * `listNow`: the index as it is when it is called; undefined if it is gone.
 */
export async function copySchemaIndex(
  index: LiveIndex,
  listNow: () => LiveIndex | undefined,
  receiver: CopyReceiver,
  copying: LiveCopying,
): Promise<void> {
  const copied: FileReceiver[] = [];
  const discard = async (): Promise<void> => {
    for (const file of copied) await file.discard();
  };
  for await (const files of copyParts(index, receiver, copying)) {
    if (files === undefined) return await discard();
    copied.push(...files);
  }
  const now = listNow();
  if (now === undefined || nameParts(now) !== nameParts(index)) await discard();
}

function nameParts({ trees, folders }: LiveIndex): string {
  return [...trees, ...folders].map(({ name }) => name).join(' ');
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
