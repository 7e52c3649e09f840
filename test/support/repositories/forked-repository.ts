import { cpSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { FolderStore } from '../../../src/objects/folder/folder-store.ts';
import { initRepository } from '../../../src/repository/opening/repository.ts';
import { forkHistory, generateHistory } from '../history/generated-history.ts';
import { BackupServer } from '../servers/backup-server.ts';
import { backUpInto } from './repository-runs.ts';

/** A repository in a folder with two histories of one database, the second after a restore of the server. */
export class ForkedRepository {
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  /** The first history begins at transaction 5 and ends with 11, in three segments; the second one goes from 12 to 14. `scratch`: empty. */
  static async make(folder: string, scratch: string): Promise<ForkedRepository> {
    const store = await FolderStore.open(folder, { create: true });
    await initRepository(store, { method: 'none' }, new AbortController().signal);
    const history = await generateHistory(scratch, { nodes: 40, transactions: 13 });
    const runs = [
      { source: history, places: [5, 7, 9, 11] },
      { source: forkHistory(history, 11, 1), places: [12, 14] },
    ];
    for (const { source, places } of runs) {
      const server = await BackupServer.start(source, places[0]);
      for (const newest of places) {
        server.newest = newest;
        await backUpInto(store, server, newest === places[0] ? 'full' : 'incremental');
      }
      await server.stop();
    }
    return new ForkedRepository(folder);
  }

  /** The histories by name, oldest first. */
  get timelines(): string[] {
    return readdirSync(join(this.folder, 'db/graph.db')).sort();
  }

  /** Transactions 8 and 9 are lost, 7 is there twice, 20 in part; a base was never finished, and the manifest of another one is damaged. */
  mar(): void {
    const [timeline, other] = this.timelines.map((name) => join(this.folder, 'db/graph.db', name)) as [string, string];
    const log = join(timeline, 'log');
    const [first, second] = readdirSync(log).sort() as [string, string];
    rmSync(join(log, second));
    const checksum = first.split('.')[4]!;
    cpSync(join(log, first), join(log, first.replace(checksum, checksum.replaceAll(/./g, '7'))));
    const id = '20'.padStart(19, '0');
    cpSync(join(log, first), join(log, first.replace(/^\d+-\d+\.00000e/, `${id}-${id}.00000c`)));
    mkdirSync(join(timeline, 'base/20260101T000000Z-00000001/data/0'), { recursive: true });
    writeFileSync(join(timeline, 'base/20260101T000000Z-00000001/data/0/part'), 'x');
    const [base] = readdirSync(join(other, 'base'));
    writeFileSync(join(other, 'base', base!, 'manifest.json'), '{}');
  }
}
