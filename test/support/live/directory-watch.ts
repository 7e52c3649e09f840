import { once } from 'node:events';
import { type FSWatcher, mkdtempSync, readdirSync, rmSync, watch, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * Notes every change below a directory that the system reports: a name that appears, vanishes or moves, and content, size, rights, owner or
 * times that change. Reading is none.
 */
export class DirectoryWatch {
  private readonly changes: string[] = [];
  private readonly watchers: FSWatcher[];

  constructor(directory: string) {
    const below = readdirSync(directory, { recursive: true, withFileTypes: true });
    const folders = below.filter((entry) => entry.isDirectory()).map(({ parentPath, name }) => join(parentPath, name));
    this.watchers = [directory, ...folders].map((folder) =>
      watch(folder, (kind, name) => this.changes.push(`${kind} ${join(folder, name ?? '')}`)),
    );
  }

  /** Ends the watch, and returns the changes until now. */
  async end(): Promise<readonly string[]> {
    // All watches of a process have one queue: once a change elsewhere is reported, so is everything before it.
    const elsewhere = mkdtempSync(join(tmpdir(), 'graphkeep-watch-'));
    const last = watch(elsewhere);
    const isReported = once(last, 'change');
    writeFileSync(join(elsewhere, 'last'), '');
    await isReported;
    for (const watcher of [...this.watchers, last]) watcher.close();
    rmSync(elsewhere, { recursive: true });
    return this.changes;
  }
}
