import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { makeDirectory } from '../../base/durable-files.ts';
import { atFile } from '../../base/file-errors.ts';
import { ScratchDirectory } from '../../base/scratch-directory.ts';

const PREFIX = 'graphkeep-serve';
const NAME_BYTES = 8;

/**
 * A private directory for copies of files that a server keeps changing. What a killed process left is removed by the next one that uses the
 * same place.
 */
export class Spool {
  private readonly scratch: ScratchDirectory;
  private folders = 0;
  private readonly removals = new Set<Promise<void>>();

  private constructor(scratch: ScratchDirectory) {
    this.scratch = scratch;
  }

  /** @throws GraphkeepError `file.io` if nothing can be created in `place` */
  static async open(place: string): Promise<Spool> {
    await makeDirectory(place);
    return new Spool(await ScratchDirectory.create(place, PREFIX, NAME_BYTES));
  }

  /** A new empty folder. */
  async makeFolder(): Promise<string> {
    const folder = join(this.scratch.path, String(this.folders++));
    await atFile('create the directory', folder, () => mkdir(folder));
    return folder;
  }

  /** Begins to remove a folder that nobody needs any more. What cannot be removed goes with the spool. */
  drop(folder: string): void {
    const removal = rm(folder, { recursive: true, force: true })
      .catch(() => {})
      .finally(() => this.removals.delete(removal));
    this.removals.add(removal);
  }

  async close(): Promise<void> {
    await Promise.all(this.removals);
    await this.scratch.remove();
  }
}
