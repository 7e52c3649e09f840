import { mkdir, readdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BackupFailed, type BackupOptions, type RunBackup } from '../../../src/backup/backup-options.ts';
import { GraphkeepError } from '../../../src/base/errors.ts';
import type { CommandContext } from '../../../src/cli/command-context.ts';
import type { ServerAddress } from '../../../src/net/server-address.ts';
import { dumpDatabase } from '../../../src/restore/database-dump.ts';
import { makeTemporaryDirectory, removeDirectory, unpackCorpus } from '../corpus/unpack-corpus.ts';
import { lockFile } from '../stores/locked-file.ts';

/** Ports of the 3.4 and the 3.5 server. */
const SERVER_PORTS = [21362, 21363];

/** The directories of a capture, with what its scenario needs, and a process around a command. */
export class World {
  readonly root: string;
  /** The options given to the backup job. */
  requested: BackupOptions | undefined;
  stdout = '';
  stderr = '';
  private readonly closers: (() => Promise<void>)[] = [];
  private env: Record<string, string>;
  private cwd: string;

  private constructor(root: string) {
    this.root = root;
    this.cwd = join(root, 'work', 'cwd');
    this.env = { NEO4J_HOME: join(root, 'home'), NEO4J_CONF: join(root, 'home', 'conf') };
  }

  static async create(): Promise<World> {
    const world = new World(await makeTemporaryDirectory());
    for (const path of ['home/conf', 'work/cwd', 'report', 'backup/arg34', 'backup/arg35', 'backup/cf', 'backup/n34']) {
      await mkdir(join(world.root, path), { recursive: true });
    }
    await writeFile(join(world.root, 'work', 'lib.sh'), '# not a directory, not an archive\n');
    await world.configure('dbms.backup.address=127.0.0.1:21362\n');
    return world;
  }

  async close(): Promise<void> {
    for (const close of this.closers) await close();
    await removeDirectory(this.root);
  }

  path(...names: string[]): string {
    return join(this.root, ...names);
  }

  /** Replaces the placeholders of the captures with directories. */
  fill(text: string): string {
    return text
      .replace(/\$HOME2_DIR(35)?/g, this.path('home'))
      .replaceAll('$BACKUP_DIR', this.path('backup'))
      .replaceAll('$REPORT_DIR', this.path('report'))
      .replaceAll('$WORK_DIR', this.path('work'));
  }

  async configure(neo4jConf: string): Promise<void> {
    await writeFile(this.path('home', 'conf', 'neo4j.conf'), neo4jConf);
  }

  setEnvironment(env: Record<string, string>, cwd = this.cwd): void {
    this.env = env;
    this.cwd = cwd;
  }

  database(name: string): string {
    return this.path('home', 'data', 'databases', name);
  }

  /** Makes a finished backup `n1`. */
  async makeBackup(): Promise<void> {
    await this.unpackStore(this.path('backup', 'n34', 'n1'));
  }

  async makeDatabase(name: string): Promise<void> {
    await this.unpackStore(this.database(name));
  }

  private async unpackStore(directory: string): Promise<void> {
    await unpackCorpus('stores/3.4.9-empty.tar.gz', this.path('unpacked'));
    await mkdir(join(directory, '..'), { recursive: true });
    await rename(this.path('unpacked', 'graph.db'), directory);
    await writeFile(join(directory, 'store_lock'), '');
  }

  /** Makes the archive `x.dump` of a database. */
  async makeDump(): Promise<void> {
    await this.makeDatabase('dumped');
    const database = this.database('dumped');
    const names = { databaseName: 'dumped', databaseDirectory: database, transactionLogDirectory: database };
    await dumpDatabase({ ...names, to: this.path('backup', 'n34', 'x.dump'), signal: new AbortController().signal });
  }

  /** Locks a database as another process would. */
  async lockDatabase(name: string): Promise<void> {
    await mkdir(this.database(name), { recursive: true });
    const lock = await lockFile(join(this.database(name), 'store_lock'));
    this.closers.push(() => lock.release());
  }

  async namesIn(...names: string[]): Promise<string[]> {
    return (await readdir(this.path(...names))).sort();
  }

  context(): CommandContext {
    return {
      env: this.env,
      cwd: this.cwd,
      stdout: (text) => {
        this.stdout += text;
      },
      stderr: (text) => {
        this.stderr += text;
      },
      signal: new AbortController().signal,
      now: () => new Date(),
      runBackup: this.runBackup,
    };
  }

  /** Replaces the engine and the servers of the captures, which listen on 127.0.0.1. */
  private readonly runBackup: RunBackup = async (options, onEvent) => {
    this.requested = options;
    const { host, port } = options.from as ServerAddress;
    if (!SERVER_PORTS.includes(port) || (host !== '127.0.0.1' && host !== 'localhost')) {
      const refused = (code: string) =>
        new GraphkeepError('peer.unreachable', 'cannot connect', {
          place: { peer: `${host}:${port}` },
          observed: code,
        });
      throw new BackupFailed('no-strategy', [
        { strategy: 'catchup', error: refused('ECONNREFUSED') },
        { strategy: 'common', error: refused('ECONNREFUSED') },
      ]);
    }
    const made = { lastTransaction: 5, bytes: 8192, files: 1, durationMs: 1 };
    onEvent({ kind: 'backup-ended', backup: 'full', ...made });
    return { kind: 'full', firstTransaction: 2, ...made, ...placeOf(options), notes: [] };
  };
}

/** What a report says of where a backup comes from and goes to. */
export function placeOf({ backupDir, name, from }: BackupOptions) {
  const { host, port } = from as ServerAddress;
  return { directory: join(backupDir, name), server: `${host}:${port}`, protocol: 'common' as const };
}
