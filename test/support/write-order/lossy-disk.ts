import type { Dice } from '../random/dice.ts';
import { type DataOperation, type Entry, entriesOf, type FileOperation, isNameOperation } from './file-operations.ts';
import type { Recording } from './file-recorder.ts';
import type { FileTree } from './file-tree.ts';
import { mixVersions } from './lost-writes.ts';

/*
 * What a disk holds when the power fails after some operation of a recording. The model is the minimum that Linux file systems with a
 * journal (ext4, xfs) promise:
 *
 * - The content of a file is durable up to its last flush. Later writes may be there or not, see `lost-writes.ts`.
 * - A name (created, linked, renamed, removed) is durable after a flush of its directory. A flush of the file does not save its name. Of
 *   later names, anything may be there, but operations on one name keep their order.
 * - A rename or an exchange is atomic, even between two directories: a flush of either saves both sides.
 * - Who may read a file is not part of it: modes and owners are in the journal before the rename that publishes.
 */

/** What happens to operations that were not flushed. `names` keeps all names and loses all data, `data` the other way round. */
export type Loss = 'everything' | 'names' | 'data' | Dice;

export class LossyDisk {
  private readonly recording: Recording;
  /** For each operation: the flush that made it durable. */
  private readonly savedBy: number[];
  /** For each name operation: the earlier ones that it depends on. */
  private readonly needs: number[][];

  /** `ignoresFlushes`: nothing is ever durable. */
  constructor(recording: Recording, ignoresFlushes = false) {
    this.recording = recording;
    const { operations } = recording;
    this.savedBy = operations.map(() => Number.POSITIVE_INFINITY);
    this.needs = findNeeds(operations);
    operations.forEach((operation, index) => {
      if (operation.kind !== 'sync' || ignoresFlushes) return;
      for (let i = 0; i < operation.covers; i++) if (isFlushed(operations[i]!, operation.inode)) this.save(i, index);
    });
  }

  private save(operation: number, flush: number): void {
    if (this.savedBy[operation]! <= flush) return;
    this.savedBy[operation] = flush;
    for (const needed of this.needs[operation]!) this.save(needed, flush);
  }

  /** What the disk holds if the power fails after the first `done` operations. */
  stateAfter(done: number, loss: Loss): FileTree {
    const tree = this.recording.before.clone();
    const isLost: boolean[] = [];
    const unsafe = new Map<number, DataOperation[]>();
    // Some disks lose nearly everything, some nearly nothing.
    const chance = typeof loss === 'string' ? 0 : loss.pick([0.2, 0.5, 0.8]);
    for (let i = 0; i < done; i++) {
      const operation = this.recording.operations[i]!;
      const isSafe = this.savedBy[i]! < done;
      if (isNameOperation(operation)) {
        const survives = isSafe || loss === 'names' || (typeof loss !== 'string' && loss.chance(chance));
        isLost[i] = !survives || this.needs[i]!.some((needed) => isLost[needed]);
        if (!isLost[i]) tree.apply(operation);
      } else if (operation.kind !== 'sync') {
        if (isSafe || loss === 'data') tree.apply(operation);
        else unsafe.set(operation.inode, [...(unsafe.get(operation.inode) ?? []), operation]);
      }
    }
    if (typeof loss === 'string') return tree;
    for (const [inode, operations] of unsafe)
      if (loss.chance(chance)) tree.replaceContent(inode, mixVersions(tree.contentOf(inode), operations, loss));
    return tree;
  }
}

function isFlushed(operation: FileOperation, inode: number): boolean {
  if (isNameOperation(operation)) return entriesOf(operation).some(({ directory }) => directory === inode);
  return operation.kind !== 'sync' && operation.inode === inode;
}

/** A name operation builds on the last one that involved the same name; a directory is removed when it is empty. */
function findNeeds(operations: readonly FileOperation[]): number[][] {
  const last = new Map<string, number>();
  const within = new Map<number, number[]>();
  const keyOf = ({ directory, name }: Entry) => `${directory}/${name}`;
  return operations.map((operation, index) => {
    if (!isNameOperation(operation)) return [];
    const entries = entriesOf(operation);
    const needs = entries.map((entry) => last.get(keyOf(entry))).filter((needed) => needed !== undefined);
    if (operation.kind === 'remove' && operation.isDirectory) needs.push(...(within.get(operation.inode) ?? []));
    for (const entry of entries) {
      last.set(keyOf(entry), index);
      within.set(entry.directory, [...(within.get(entry.directory) ?? []), index]);
    }
    return needs;
  });
}
