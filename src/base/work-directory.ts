import { mkdir, readdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { lstatIfExists, makeDirectory, removeTree, statIfExists, syncDirectory } from './durable-files.ts';
import { GraphkeepError } from './errors.ts';
import { atFile } from './file-errors.ts';

/**
 * The scratch directory of one command, beside what it works on or in it, with a few parts of known names. What a killed run has left there
 * is used or removed by the next one. But a name is no proof: anybody may have put a directory, a file or a link in its place. So what is
 * found is ours only if it is a directory, belongs to this user or to the one of the directory around it, and holds nothing but parts.
 */
export class WorkDirectory {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  /**
   * Makes it, for its owner only, unless a killed run has left it. The caller holds the lock that makes it his.
   * @throws GraphkeepError `directory.foreign` for what is not ours, `file.io` if it cannot be made
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

  /** Path of a part, there or not. */
  at(part: string): string {
    return join(this.path, part);
  }

  async has(part: string): Promise<boolean> {
    return (await lstatIfExists(this.at(part))) !== undefined;
  }

  /** Makes a part, or leaves it if it is there. */
  async part(name: string): Promise<string> {
    await this.make();
    await makeDirectory(this.at(name));
    return this.at(name);
  }

  async remove(part: string): Promise<void> {
    await removeTree(this.at(part));
  }

  /** Removes all of it. */
  async discard(): Promise<void> {
    await removeTree(this.path);
  }

  private async make(): Promise<void> {
    if ((await statIfExists(this.path)) !== undefined) return;
    await atFile('create the directory', this.path, () => mkdir(this.path, { mode: 0o700 }));
    await syncDirectory(dirname(this.path));
  }
}

/** Why what is there is not ours; undefined if it is, or if nothing is there. */
async function findForeign(path: string, parts: readonly string[]): Promise<string | undefined> {
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
