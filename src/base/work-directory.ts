import { mkdir, readdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { lstatIfExists, makeDirectory, removeTree, statIfExists, syncDirectory } from './durable-files.ts';
import { GraphkeepError } from './errors.ts';
import { atFile } from './file-errors.ts';

/**
 * Scratch directory of one command, beside or inside what it works on, with a few parts of known names. The next run uses or removes what a
 * killed run left there. A name alone proves nothing: anybody may have put a directory, file or link there. So an existing path counts as
 * ours only if it is a directory, belongs to this user or to the owner of its parent, and holds nothing but known parts.
 */
export class WorkDirectory {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  /**
   * Creates the directory, accessible to its owner only, or takes over the one that a killed run left. The caller must hold the lock that
   * covers it.
   * @throws GraphkeepError `directory.foreign` if an existing path is not ours, `file.io` if it cannot be created
   */
  static async open(path: string, parts: readonly string[]): Promise<WorkDirectory> {
    const reason = await findForeign(path, parts);
    if (reason !== undefined) {
      throw new GraphkeepError('directory.foreign', `${basename(path)} is in the way: ${reason}`, {
        place: { file: path },
      });
    }
    const work = new WorkDirectory(path);
    await work.make();
    return work;
  }

  /** Path of a part, whether it exists or not. */
  at(part: string): string {
    return join(this.path, part);
  }

  async has(part: string): Promise<boolean> {
    return (await lstatIfExists(this.at(part))) !== undefined;
  }

  /** Creates a part unless it exists. */
  async part(name: string): Promise<string> {
    await this.make();
    await makeDirectory(this.at(name));
    return this.at(name);
  }

  async remove(part: string): Promise<void> {
    await removeTree(this.at(part));
  }

  /** Removes the whole directory. */
  async discard(): Promise<void> {
    await removeTree(this.path);
  }

  private async make(): Promise<void> {
    if ((await statIfExists(this.path)) !== undefined) return;
    await atFile('create the directory', this.path, () => mkdir(this.path, { mode: 0o700 }));
    await syncDirectory(dirname(this.path));
  }
}

/** Why an existing path is not ours, to complete "it is in the way: ..."; undefined if it is ours, or if nothing is there. */
export async function findForeign(path: string, parts: readonly string[]): Promise<string | undefined> {
  const info = await lstatIfExists(path);
  if (info === undefined) return undefined;
  if (!info.isDirectory()) return info.isSymbolicLink() ? 'it is a link' : 'it is no directory';
  const user = process.geteuid?.();
  const around = await lstatIfExists(dirname(path));
  if (user !== undefined && info.uid !== user && info.uid !== around?.uid) return `it belongs to user id ${info.uid}`;
  for (const entry of await atFile('read the directory', path, () => readdir(path, { withFileTypes: true }))) {
    if (!parts.includes(entry.name) || !entry.isDirectory()) return `graphkeep has not made ${entry.name} in it`;
  }
  return undefined;
}
