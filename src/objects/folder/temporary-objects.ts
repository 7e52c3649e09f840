import { createHash, randomBytes } from 'node:crypto';
import { lstat, open, readdir, rm, unlink } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { writeFully } from '../../base/durable-files.ts';
import { type FileRights, grantRights } from '../../base/file-rights.ts';
import { TEMPORARY } from '../keys.ts';
import { inFolder } from './folder-errors.ts';

/** No write takes that long: what is older was left by a killed run. */
const STALE_MS = 24 * 3_600_000;

/**
 * Objects that are not complete yet, in the folder itself: `.tmp-<machine>-<random>`. Each machine removes only its own: of those of others
 * it cannot know whether they are still being written.
 */
export class TemporaryObjects {
  private readonly root: string;
  private readonly rights: FileRights;
  private readonly own = `${TEMPORARY}${createHash('sha256').update(hostname()).digest('hex').slice(0, 8)}-`;
  private looked = false;

  constructor(root: string, rights: FileRights) {
    this.root = root;
    this.rights = rights;
  }

  /** Writes and flushes a new file; of a failed write nothing is left. */
  async write(bytes: Uint8Array): Promise<string> {
    const path = join(this.root, `${this.own}${randomBytes(8).toString('hex')}`);
    await inFolder('write a new object', path, async () => {
      const file = await open(path, 'wx', this.rights.modes?.file);
      try {
        await writeFully(file, bytes);
        await grantRights(path, this.rights);
        await file.sync();
      } catch (error) {
        await rm(path, { force: true });
        throw error;
      } finally {
        await file.close();
      }
    });
    if (!this.looked) await this.removeStale(path);
    this.looked = true;
    return path;
  }

  async discard(path: string): Promise<void> {
    await rm(path, { force: true }).catch(() => {
      // The next writer removes it.
    });
  }

  /** @param fresh a file just written: it tells the time by the clock that the others have their times from */
  private async removeStale(fresh: string): Promise<void> {
    try {
      const { mtimeMs } = await lstat(fresh);
      for (const name of (await readdir(this.root)).filter((found) => found.startsWith(this.own))) {
        const path = join(this.root, name);
        const info = await lstat(path);
        if (info.isFile() && mtimeMs - info.mtimeMs > STALE_MS) await unlink(path);
      }
    } catch {
      // Another one removes them at the same time, or they belong to another user: they harm nobody.
    }
  }
}
