import path from 'node:path';
import { expect, onTestFinished } from 'vitest';
import type { LiveFilesOptions } from '../../../src/source/live-files/live-files-source.ts';
import {
  type BoltConnection,
  type CypherTarget,
  checkLedger,
  copyStore,
  DatabaseOpener,
  expectSoundCheck,
  exportGraph,
  findDifferences,
  Ledger,
  makeScratch,
  RandomLoad,
  type Result,
  type RunningServer,
  startServer,
  type Value,
  type Version,
} from './index.ts';
import { poll, unlessSwitch } from './leadership.ts';
import { restless } from './restless.ts';

/** Writers go on while a backup is judged, however long that takes: the log must reach back to it. */
const KEEPS_LOG = { 'dbms.tx_log.rotation.retention_policy': '500M size' };

/** A server that commits nothing for so long, in milliseconds, never will again. */
const HANG_MS = 90_000;

/** A server that may go away and come back: whoever writes waits for it. */
class ReturningServer implements CypherTarget {
  constructor(public current: RunningServer) {}

  get version(): Version {
    return this.current.version;
  }

  cypher(statement: string, params?: Readonly<Record<string, Value>>): Promise<Result> {
    return poll('answer', () => unlessSwitch(this.current.cypher(statement, params)));
  }

  connect(): Promise<BoltConnection> {
    return poll('connection', () => unlessSwitch(this.current.connect()));
  }
}

/** A server under load, and a judge of its backups. */
export class BusyServer {
  private closing: Promise<void> | undefined;
  /** Somebody has stopped the server, and will start it again. */
  private isAway = false;
  private readonly hangWatch: NodeJS.Timeout;
  private seen = { numbers: '', at: performance.now() };

  private constructor(
    readonly version: Version,
    private readonly server: ReturningServer,
    readonly ledger: Ledger,
    private readonly opener: DatabaseOpener,
    private readonly conf: Readonly<Record<string, string>>,
  ) {
    this.hangWatch = setInterval(() => void this.endHang(), 5000);
  }

  /** Starts it with some content of every kind; the ledger is written from then on, and survives the end of the server. */
  static async start(version: Version, conf: Readonly<Record<string, string>> = {}): Promise<BusyServer> {
    const settings = { ...restless, ...KEEPS_LOG, ...conf };
    const first = await startServer({ version, conf: settings });
    await new RandomLoad(first, { values: 'everything' }).run(150);
    const server = new ReturningServer(first);
    const ledger = new Ledger(server, { workers: 3, survive: true });
    await ledger.start();
    const busy = new BusyServer(version, server, ledger, await DatabaseOpener.start(version), settings);
    onTestFinished(() => busy.close());
    return busy;
  }

  get place(): LiveFilesOptions {
    const { storeDirectory } = this.server.current;
    return { directory: storeDirectory, logDirectory: storeDirectory };
  }

  /** Stops the process of the server during `work`. */
  async frozen(work: () => Promise<unknown>): Promise<void> {
    const { pid } = this.server.current;
    await this.away(async () => {
      process.kill(pid, 'SIGSTOP');
      try {
        await work();
      } finally {
        process.kill(pid, 'SIGCONT');
      }
    });
  }

  /** Creates or drops an index or a constraint; the number says which. */
  async changeSchema(change: number): Promise<void> {
    const which = Math.floor(change / 2) % 3;
    const what = [`INDEX ON :Item(a)`, `INDEX ON :Item(b, c)`, `CONSTRAINT ON (n:LedgerHub) ASSERT n.hub IS UNIQUE`][
      which
    ];
    await this.server.cypher(`${change % 2 === 0 ? 'CREATE' : 'DROP'} ${what}`);
  }

  /** Fills about one log file with nodes, and removes them. */
  async writeMuch(): Promise<void> {
    await this.server.cypher('UNWIND range(1, 60) AS i CREATE (:Ballast {text: $text})', {
      text: 'bulk '.repeat(2000),
    });
    await this.server.cypher('MATCH (n:Ballast) DELETE n');
  }

  /** Ends the server, with SIGKILL or cleanly, and starts it again on the same directory and ports. The ledger goes on. */
  async restart(how: 'kill' | 'stop'): Promise<void> {
    await this.away(async () => {
      await this.server.current[how]();
      await this.startAgain();
    });
  }

  /** Stops the server cleanly, and starts it again after `work`. The ledger goes on. */
  async whileStopped(work: () => Promise<void>): Promise<void> {
    await this.away(async () => {
      await this.server.current.stop();
      await work();
      await this.startAgain();
    });
  }

  private async away(work: () => Promise<void>): Promise<void> {
    this.isAway = true;
    try {
      await work();
    } finally {
      this.isAway = false;
      this.seen.at = performance.now();
    }
  }

  /** 3.5.34 can lock itself up (see `isLockedUp`). */
  private async endHang(): Promise<void> {
    const now = performance.now();
    const numbers = this.ledger.acknowledged().join();
    if (numbers !== this.seen.numbers) this.seen = { numbers, at: now };
    if (this.isAway || this.closing !== undefined) return;
    if (this.server.current.fault === undefined && now - this.seen.at < HANG_MS) return;
    console.log(`${this.version} hangs: it is killed and started again`);
    await this.restart('kill');
  }

  private async startAgain(): Promise<void> {
    const { server, version, conf } = this;
    const { home, ports } = server.current;
    server.current = await startServer({ version, conf, home, ports });
  }

  /**
   * Judges a backup that began when `atLeast` was acknowledged: the real checker has no objections, the real database opens a copy, and the
   * ledger in it is a prefix of the history that reaches `atLeast`.
   */
  async judge(backup: string, atLeast: readonly number[]): Promise<void> {
    await expectSoundCheck(this.version, backup, false);
    const copy = path.join(makeScratch('judged'), 'graph.db');
    await copyStore(backup, copy);
    const { violations } = await this.opener.use(copy, (database) => checkLedger(database, this.ledger.seed, atLeast));
    expect(violations).toEqual([]);
  }

  /** With nobody writing any more: the whole graph of a backup is that of the server. */
  async expectSameGraph(backup: string): Promise<void> {
    const copy = path.join(makeScratch('judged'), 'graph.db');
    await copyStore(backup, copy);
    const made = await this.opener.use(copy, (database) => exportGraph(database));
    expect(findDifferences(await exportGraph(this.server), made)).toEqual([]);
  }

  /** May be called again. */
  close(): Promise<void> {
    clearInterval(this.hangWatch);
    this.closing ??= (async () => {
      await this.ledger.stop();
      await this.server.current.kill();
      await this.opener.end();
    })();
    return this.closing;
  }
}
