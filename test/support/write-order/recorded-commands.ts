import { cpSync, existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { findRecoveryStart } from '../../../src/log/v3/recovery-start.ts';
import { dumpDatabase } from '../../../src/restore/database-dump.ts';
import { loadDatabase } from '../../../src/restore/database-load.ts';
import { recoverDatabase } from '../../../src/restore/database-recovery.ts';
import { restoreDatabase } from '../../../src/restore/database-restore.ts';
import { UNFINISHED_MARKER } from '../../../src/restore/staged-database.ts';
import { makeBackup } from '../commands/backup-attempt.ts';
import { pretendMounts } from '../faults/pretended-mounts.ts';
import { BackupServer } from '../servers/backup-server.ts';
import { CatchupMember, memberOf } from '../servers/catchup-member.ts';
import { expectSame } from './expect-same.ts';
import { FileTree } from './file-tree.ts';
import { type GraphMoment, RecordedGraph } from './recorded-graph.ts';

/** A command whose file operations are recorded, and what must hold after a power failure on the way. */
export interface RecordedCommand {
  /** Also the name of the file with its write order. */
  name: string;
  /** Says what the command does to what. */
  title: string;
  /** The state before it. */
  prepare(root: string): void;
  run(root: string): Promise<unknown>;
  /**
   * Inspects what a power failure after `done` operations has left: the old state or the new one must be there, complete. Changes nothing.
   * `moment` says in errors what was tried.
   * @returns true if it is the new one
   */
  expectIntact(root: string, moment: string, done: number): Promise<boolean>;
  /** The next run must make the new state and clean up. */
  expectNextRun(root: string, moment: string, done: number): Promise<void>;
}

const { signal } = new AbortController();
const LOCKS = ['store_lock'];
const extensions = createRequire(import.meta.url)('fs-native-extensions') as { swap: unknown };

/** The commands, with the servers and stores that they need. Call {@link end}. */
export class RecordedCommands {
  readonly list: RecordedCommand[];
  private readonly graph: RecordedGraph;
  private readonly server: BackupServer;
  private readonly member: CatchupMember;
  private readonly scratch: string;
  private readonly stores: Record<'oldBackup' | 'newBackup' | 'killed', FileTree>;

  private constructor(
    scratch: string,
    graph: RecordedGraph,
    [server, member]: [BackupServer, CatchupMember],
    stores: RecordedCommands['stores'],
  ) {
    this.scratch = scratch;
    this.graph = graph;
    this.server = server;
    this.member = member;
    this.stores = stores;
    this.list = [
      this.fullBackup('common'),
      this.fullBackup('catchup'),
      this.incremental('common'),
      this.incremental('catchup'),
      this.fallback(),
      this.mounted(),
      this.restore('restore', 'restore where no database is', false),
      this.restore('restore-force', 'restore in the place of a database', true),
      this.restoreWithoutExchange(),
      this.restoreWithLogs(),
      this.load('load', 'load where no database is', false),
      this.load('load-force', 'load in the place of a database', true),
      this.dump(),
      this.recover(),
    ];
  }

  static async prepare(scratch: string): Promise<RecordedCommands> {
    const graph = await RecordedGraph.make(scratch);
    const server = await BackupServer.start(graph.growing, graph.old.lastTransaction);
    const member = await CatchupMember.start(memberOf(graph.growing));
    const made = join(scratch, 'made');
    mkdirSync(made);
    await makeBackup(made, server.address, { name: 'old' });
    server.newest = graph.new.lastTransaction;
    await makeBackup(made, server.address, { name: 'new' });
    graph.writeKilled(join(made, 'killed'));
    await dumpDatabase({ ...dumpOptions(join(made, 'new')), to: join(scratch, 'made.dump') });
    const stores = {
      oldBackup: FileTree.read(join(made, 'old')),
      newBackup: FileTree.read(join(made, 'new')),
      killed: FileTree.read(join(made, 'killed')),
    };
    return new RecordedCommands(scratch, graph, [server, member], stores);
  }

  async end(): Promise<void> {
    await this.server.stop();
    await this.member.stop();
  }

  private fullBackup(protocol: 'common' | 'catchup'): RecordedCommand {
    const from = () => (protocol === 'common' ? this.server.address : this.member.address);
    const backUp = (root: string) => {
      this.server.prunedTo = 1;
      return makeBackup(join(root, 'backups'), from(), { protocol });
    };
    return {
      name: `full-${protocol}`,
      title: `full backup, ${protocol} protocol`,
      prepare: (root) => makeEmpty(root, 'backups'),
      run: backUp,
      expectIntact: async (root, moment) => {
        const target = join(root, 'backups', 'db');
        if (!existsSync(target)) return false;
        await this.expectNew(target, moment);
        return true;
      },
      expectNextRun: async (root, moment) => {
        const { lastTransaction } = await backUp(root);
        expectSame(moment, lastTransaction, this.graph.new.lastTransaction);
        expectNames(join(root, 'backups'), ['db'], moment);
        await this.expectNew(join(root, 'backups', 'db'), moment);
      },
    };
  }

  private incremental(protocol: 'common' | 'catchup'): RecordedCommand {
    const from = () => (protocol === 'common' ? this.server.address : this.member.address);
    const backUp = (root: string) => {
      this.server.prunedTo = 1;
      return makeBackup(join(root, 'backups'), from(), { protocol, fallbackToFull: false });
    };
    return {
      name: `incremental-${protocol}`,
      title: `incremental backup, ${protocol} protocol`,
      prepare: (root) => this.layOutBackup(root),
      run: backUp,
      expectIntact: async (root, moment) => {
        return (await this.graph.recoverCopy(join(root, 'backups', 'db'), moment)) === this.graph.new;
      },
      expectNextRun: async (root, moment) => {
        const { lastTransaction } = await backUp(root);
        expectSame(moment, lastTransaction, this.graph.new.lastTransaction);
        expectNames(join(root, 'backups'), ['db'], moment);
        await this.expectNew(join(root, 'backups', 'db'), moment);
      },
    };
  }

  /** The server has pruned what the incremental needs. */
  private backUpInFull(root: string) {
    this.server.prunedTo = this.graph.new.lastTransaction - 1;
    return makeBackup(join(root, 'backups'), this.server.address);
  }

  private fallback(): RecordedCommand {
    const aside = (root: string) => join(root, 'backups', 'db.err.0');
    const target = (root: string) => join(root, 'backups', 'db');
    return {
      name: 'fallback',
      title: 'full backup after an incremental that the server refuses',
      prepare: (root) => this.layOutBackup(root),
      run: (root) => this.backUpInFull(root),
      expectIntact: async (root, moment) => {
        const isAside = existsSync(aside(root));
        this.expectUntouched(isAside ? aside(root) : target(root), moment);
        const waiting = join(root, 'backups', 'db.graphkeep-work', 'ready');
        if (isAside) await this.expectNew(existsSync(target(root)) ? target(root) : waiting, moment);
        return isAside && existsSync(target(root));
      },
      expectNextRun: async (root, moment) => {
        await this.backUpInFull(root);
        expectNames(join(root, 'backups'), ['db', 'db.err.0'], moment);
        this.expectUntouched(aside(root), moment);
        await this.expectNew(target(root), moment);
      },
    };
  }

  private mounted(): RecordedCommand {
    const target = (root: string) => join(root, 'backups', 'db');
    const backUp = async (root: string) => {
      const unmount = pretendMounts(target(root));
      try {
        await this.backUpInFull(root);
      } finally {
        unmount();
      }
    };
    return {
      name: 'fallback-mounted',
      title: 'full backup after a refused incremental where the backup is a mount point: file by file',
      prepare: (root) => this.layOutBackup(root),
      run: backUp,
      expectIntact: async (root, moment) => {
        const work = join(target(root), '.graphkeep-work');
        const isThere = existsSync(join(target(root), 'neostore'));
        const old = [join(target(root), '.graphkeep-err.0'), join(work, 'old')].find((path) => existsSync(path));
        // The old backup is untouched until a complete new one waits; while they are exchanged, nothing there looks like a backup.
        if (old === undefined) this.expectUntouched(target(root), moment);
        else if (isThere && !existsSync(join(work, 'ready'))) await this.expectNew(target(root), moment);
        else if (isThere) this.expectUntouched(target(root), moment);
        if (existsSync(join(work, 'ready'))) await this.expectNew(join(work, 'ready'), moment);
        return isThere && old !== undefined && !existsSync(join(work, 'ready'));
      },
      expectNextRun: async (root, moment) => {
        await backUp(root);
        const aside = join(target(root), '.graphkeep-err.0');
        this.expectUntouched(aside, moment);
        rmSync(aside, { recursive: true });
        await this.expectNew(target(root), moment);
        expectSame(
          moment,
          readdirSync(target(root)).filter((name) => name.includes('graphkeep')),
          [],
        );
      },
    };
  }

  private restore(name: string, title: string, isForced: boolean): RecordedCommand {
    const run = (root: string, force: boolean) => restoreDatabase({ ...restoreOptions(root), force });
    return this.staged({ name, title, isForced, run, prepare: (root) => this.layOutAt(root, 'newBackup', 'backup') });
  }

  /** Windows, and some file systems, cannot exchange two directories. */
  private restoreWithoutExchange(): RecordedCommand {
    const forced = this.restore(
      'restore-force-no-exchange',
      'restore in the place of a database where the system cannot exchange two directories',
      true,
    );
    const database = (root: string) => join(root, 'databases', 'graph.db');
    const withoutExchange = async (work: () => Promise<unknown>) => {
      const { swap } = extensions;
      extensions.swap = () => Promise.reject(Object.assign(new Error('no exchange'), { code: 'ENOSYS' }));
      try {
        await work();
      } finally {
        extensions.swap = swap;
      }
    };
    return {
      ...forced,
      run: (root) => withoutExchange(() => forced.run(root)),
      expectIntact: async (root, moment, done) => {
        if (existsSync(database(root))) return await forced.expectIntact(root, moment, done);
        this.expectUntouched(join(root, 'databases', 'graph.db.graphkeep-new', 'old'), moment);
        return false;
      },
      expectNextRun: (root, moment, done) => withoutExchange(() => forced.expectNextRun(root, moment, done)),
    };
  }

  private load(name: string, title: string, isForced: boolean): RecordedCommand {
    const run = (root: string, force: boolean) => {
      const databaseDirectory = join(root, 'databases', 'graph.db');
      const places = { databaseDirectory, transactionLogDirectory: databaseDirectory };
      return loadDatabase({ from: join(root, 'graph.dump'), databaseName: 'graph.db', ...places, force, signal });
    };
    const prepare = (root: string) => cpSync(join(this.scratch, 'made.dump'), join(root, 'graph.dump'));
    return this.staged({ name, title, isForced, run, prepare });
  }

  /** Commands that assemble a database beside its final place. */
  private staged(command: {
    name: string;
    title: string;
    isForced: boolean;
    prepare(root: string): void;
    run(root: string, force: boolean): Promise<unknown>;
  }): RecordedCommand {
    const { name, title, isForced, prepare, run } = command;
    const database = (root: string) => join(root, 'databases', 'graph.db');
    return {
      name,
      title,
      prepare: (root) => {
        makeEmpty(root, 'databases');
        prepare(root);
        if (isForced) this.stores.oldBackup.layOut(database(root));
      },
      run: (root) => run(root, isForced),
      expectIntact: async (root, moment) => {
        if (!isForced && !existsSync(database(root))) return false;
        const found = await this.graph.recoverCopy(database(root), moment);
        if (!isForced) expectSame(moment, found.lastTransaction, this.graph.new.lastTransaction);
        return found === this.graph.new;
      },
      expectNextRun: async (root, moment) => {
        await run(root, existsSync(database(root)));
        expectNames(join(root, 'databases'), ['graph.db'], moment);
        await this.expectNew(database(root), moment);
      },
    };
  }

  private restoreWithLogs(): RecordedCommand {
    const database = (root: string) => join(root, 'databases', 'graph.db');
    const logs = (root: string) => join(root, 'logs');
    const run = (root: string) =>
      restoreDatabase({ ...restoreOptions(root), force: true, transactionLogDirectory: logs(root) });
    const openTogether = async (root: string, moment: string): Promise<GraphMoment> => {
      const together = join(this.scratch, 'together');
      rmSync(together, { recursive: true, force: true });
      cpSync(database(root), together, { recursive: true });
      for (const name of readdirSync(logs(root)).filter((one) => one.startsWith('neostore')))
        cpSync(join(logs(root), name), join(together, name));
      return await this.graph.recoverCopy(together, moment);
    };
    return {
      name: 'restore-force-logs',
      title: 'restore in the place of a database whose logs have a directory of their own',
      prepare: (root) => {
        makeEmpty(root, 'databases');
        this.layOutAt(root, 'newBackup', 'backup');
        this.stores.oldBackup.layOut(database(root));
        mkdirSync(logs(root));
        for (const name of readdirSync(database(root)).filter((one) => one.startsWith('neostore.transaction'))) {
          cpSync(join(database(root), name), join(logs(root), name));
          rmSync(join(database(root), name));
        }
      },
      run,
      expectIntact: async (root, moment) => {
        expectSame(moment, existsSync(join(database(root), 'neostore')), true);
        // With the marker among the logs, no server starts.
        if (existsSync(join(logs(root), UNFINISHED_MARKER))) return false;
        return (await openTogether(root, moment)) === this.graph.new;
      },
      expectNextRun: async (root, moment) => {
        await run(root);
        expectNames(join(root, 'databases'), ['graph.db'], moment);
        const others = readdirSync(logs(root)).filter((name) => !/^neostore\.transaction\.db\.\d+$/.test(name));
        expectSame(moment, others, []);
        expectSame(moment, (await openTogether(root, moment)).lastTransaction, this.graph.new.lastTransaction);
      },
    };
  }

  private dump(): RecordedCommand {
    const database = (root: string) => join(root, 'databases', 'graph.db');
    const dump = (root: string, name: string) =>
      dumpDatabase({ ...dumpOptions(database(root)), to: join(root, 'dumps', name) });
    return {
      name: 'dump',
      title: 'dump of a database',
      prepare: (root) => {
        makeEmpty(root, 'databases', 'dumps');
        this.stores.newBackup.layOut(database(root));
      },
      run: (root) => dump(root, 'first.dump'),
      expectIntact: async (root, moment) => {
        const archive = join(root, 'dumps', 'first.dump');
        if (!existsSync(archive)) return false;
        await this.expectLoadable(archive, moment);
        return true;
      },
      expectNextRun: async (root, moment) => {
        const isThere = existsSync(join(root, 'dumps', 'first.dump'));
        await dump(root, 'second.dump');
        await this.expectLoadable(join(root, 'dumps', 'second.dump'), moment);
        expectNames(join(root, 'dumps'), isThere ? ['first.dump', 'second.dump'] : ['second.dump'], moment);
      },
    };
  }

  private async expectLoadable(from: string, moment: string): Promise<void> {
    const databaseDirectory = join(this.scratch, 'loaded', 'graph.db');
    rmSync(databaseDirectory, { recursive: true, force: true });
    const places = { databaseDirectory, transactionLogDirectory: databaseDirectory };
    await loadDatabase({ from, databaseName: 'graph.db', ...places, force: false, signal });
    await this.expectNew(databaseDirectory, moment);
  }

  private recover(): RecordedCommand {
    const database = (root: string) => join(root, 'databases', 'graph.db');
    const run = (root: string) =>
      recoverDatabase({ directory: database(root), logDirectory: database(root), budgetBytes: 1 << 24, signal });
    return {
      name: 'recover',
      title: 'recovery of a database that was killed',
      prepare: (root) => {
        makeEmpty(root, 'databases');
        this.stores.killed.layOut(database(root));
      },
      run,
      expectIntact: async (root, moment) => {
        const { lastTransaction } = await this.graph.recoverCopy(database(root), moment);
        expectSame(moment, lastTransaction, this.graph.new.lastTransaction);
        return !findRecoveryStart(database(root)).needed;
      },
      expectNextRun: async (root, moment) => {
        await run(root);
        expectNames(join(root, 'databases'), ['graph.db'], moment);
        await this.expectNew(database(root), moment);
        expectSame(
          moment,
          readdirSync(database(root)).filter((name) => name.startsWith('.')),
          [],
        );
      },
    };
  }

  private layOutBackup(root: string): void {
    makeEmpty(root, 'backups');
    this.stores.oldBackup.layOut(join(root, 'backups', 'db'));
  }

  private layOutAt(root: string, store: keyof RecordedCommands['stores'], name: string): void {
    this.stores[store].layOut(join(root, name));
  }

  private async expectNew(directory: string, moment: string): Promise<void> {
    expectSame(moment, findRecoveryStart(directory).needed, false);
    await this.graph.expectComplete(directory, this.graph.new, moment);
  }

  /** The old backup must be the same byte for byte. */
  private expectUntouched(directory: string, moment: string): void {
    const found = new Map(FileTree.read(directory).walk());
    for (const name of [...found.keys()])
      if (LOCKS.includes(name) || name.startsWith('.graphkeep-')) found.delete(name);
    expectSame(moment, [...found.keys()], [...new Map(this.stores.oldBackup.walk()).keys()]);
    for (const [name, content] of this.stores.oldBackup.walk()) {
      const isSame = content === undefined || found.get(name)!.equals(content);
      if (!isSame) throw new Error(`${moment}: ${name} of the old backup has changed`);
    }
  }
}

function makeEmpty(root: string, ...names: string[]): void {
  rmSync(root, { recursive: true, force: true });
  for (const name of names) mkdirSync(join(root, name), { recursive: true });
}

function expectNames(directory: string, names: string[], moment: string): void {
  const found = readdirSync(directory).filter((name) => !LOCKS.includes(name));
  expectSame(moment, found.sort(), names);
}

function restoreOptions(root: string) {
  const databaseDirectory = join(root, 'databases', 'graph.db');
  return {
    typedFrom: join(root, 'backup'),
    from: join(root, 'backup'),
    databaseName: 'graph.db',
    databaseDirectory,
    transactionLogDirectory: databaseDirectory,
    signal,
  };
}

function dumpOptions(databaseDirectory: string) {
  return { databaseName: 'graph.db', databaseDirectory, transactionLogDirectory: databaseDirectory, signal };
}
