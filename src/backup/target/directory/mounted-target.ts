import { readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { renameDurably, syncDirectory } from '../../../base/durable-files.ts';
import { atFile } from '../../../base/file-errors.ts';
import { isOwnEntry } from '../../../base/reserved-names.ts';
import type { WorkDirectory } from '../../../base/work-directory.ts';
import { NEO4J_3 } from '../../../generation/neo4j-3.ts';

/** A directory holds backups of this generation only; other generations go to repositories. */
const KEY_FILE = NEO4J_3.files.keyFile;

/*
 * A target that cannot be renamed, such as the mount point of a volume. The work directory is inside it, on the same disk, and a full
 * backup moves in entry by entry. Every phase has a name on disk, so that the next run continues where a kill ended it:
 *
 *   work/ready    a complete backup waits. The old content of the target moves to work/old, `neostore` first: from then on
 *                 the target does not look like a backup
 *   work/placing  nothing old is left: the entries of the new backup move in, `neostore` last, which makes it a backup
 *   work/old      the old backup, complete again; the caller gives it its final name: `.graphkeep-err.<N>`
 */
export class MountedTarget {
  private readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  /** The content of the target, except our own entries and those of the file system. */
  async listEntries(): Promise<string[]> {
    const names = await atFile('read the directory', this.path, () => readdir(this.path));
    return names.filter((name) => !isOwnEntry(name) && name !== 'lost+found');
  }

  /** True if a publication was begun and can no longer be undone. */
  async isOpen(work: WorkDirectory): Promise<boolean> {
    return (await work.has('placing')) || (await work.has('old'));
  }

  /**
   * Begins a publication, or continues one.
   * @returns where the old backup is now, if there was one
   */
  async publish(work: WorkDirectory): Promise<string | undefined> {
    if (await work.has('ready')) {
      await this.clear(work);
      await renameDurably(work.at('ready'), work.at('placing'));
    }
    if (await work.has('placing')) {
      await moveAll(await listNames(work.at('placing'), 'last'), work.at('placing'), this.path);
      await work.remove('placing');
    }
    return (await work.has('old')) ? work.at('old') : undefined;
  }

  private async clear(work: WorkDirectory): Promise<void> {
    const names = await this.listEntries();
    if (names.length === 0) return;
    const old = await work.part('old');
    await moveAll(orderKeyFile(names, 'first'), this.path, old);
  }
}

async function listNames(directory: string, keyFile: 'first' | 'last'): Promise<string[]> {
  return orderKeyFile(await atFile('read the directory', directory, () => readdir(directory)), keyFile);
}

function orderKeyFile(names: readonly string[], keyFile: 'first' | 'last'): string[] {
  const others = names.filter((name) => name !== KEY_FILE).sort();
  if (others.length === names.length) return others;
  return keyFile === 'first' ? [KEY_FILE, ...others] : [...others, KEY_FILE];
}

/** Each step is durable before the next one wherever their order matters. */
async function moveAll(names: readonly string[], from: string, to: string): Promise<void> {
  for (const name of names) {
    if (name === KEY_FILE) await flushBoth(from, to);
    await atFile('move', join(from, name), () => rename(join(from, name), join(to, name)));
    if (name === KEY_FILE) await flushBoth(from, to);
  }
  await flushBoth(from, to);
}

async function flushBoth(from: string, to: string): Promise<void> {
  await syncDirectory(to);
  await syncDirectory(from);
}
