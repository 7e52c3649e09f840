import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { ConnectionLost, CypherError } from '../bolt.ts';
import type { Child } from '../child-process.ts';
import { findFreePorts } from '../ports.ts';
import { makeScratch } from '../scratch.ts';
import { renderSettings } from '../server.ts';
import { CypherOverHttp, type JsonValue, type ModernResult, type ModernStatement } from './cypher-over-http.ts';
import { DatabaseOffline, type DatabaseState, readCause, readState } from './database-state.ts';
import { startModernProcess } from './java.ts';
import { ModernVersion } from './modern-version.ts';
import { plainSettings, type RestlessOptions, restlessSettings } from './settings.ts';

export interface ModernServerOptions {
  readonly version: string;
  /** NEO4J_HOME; created if missing. Default: a scratch directory. */
  readonly home?: string;
  readonly restless?: RestlessOptions;
  /** Settings that override ours, by their full names in this release. */
  readonly conf?: Readonly<Record<string, string>>;
  /** For -Xmx. Default `512m`. */
  readonly heap?: string;
  /** Time limit of the start. Default 5 minutes. */
  readonly startTimeoutMs?: number;
}

const START_MS = 300_000;
const DATABASE = 'neo4j';

/** A real server from 4.0 on in a child process. Stop or kill it; the end of our process kills it too. */
export class ModernServer {
  private output = '';
  private exited = false;
  private readonly exit: Promise<void>;
  private readonly http: CypherOverHttp;

  private constructor(
    readonly version: ModernVersion,
    readonly home: string,
    private readonly child: Child,
    readonly httpPort: number,
  ) {
    this.http = new CypherOverHttp(httpPort);
    const collect = (chunk: Buffer) => {
      this.output += chunk.toString();
    };
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    this.exit = new Promise((resolve) => {
      const end = () => {
        this.exited = true;
        resolve();
      };
      child.once('close', end);
      child.once('error', (error) => {
        this.output += error.message;
        end();
      });
    });
  }

  /** Starts a server and waits until it serves its database; rejects with {@link DatabaseOffline} if it cannot. */
  static async start(options: ModernServerOptions): Promise<ModernServer> {
    const server = await ModernServer.launch(options);
    try {
      await server.waitForDatabase(options.startTimeoutMs);
    } catch (error) {
      await server.kill();
      throw error;
    }
    return server;
  }

  /** Starts a server and waits until it answers, whatever becomes of its database. */
  static async launch(options: ModernServerOptions): Promise<ModernServer> {
    const version = new ModernVersion(options.version);
    const home = options.home ?? makeScratch(`modern-${options.version}`);
    const [port] = (await findFreePorts(1)) as [number];
    for (const name of ['conf', 'data', 'logs', 'plugins', 'import', 'run']) {
      await mkdir(path.join(home, name), { recursive: true });
    }
    const settings = { ...plainSettings(version, port), ...restlessSettings(version, options.restless) };
    await writeFile(path.join(home, 'conf/neo4j.conf'), renderSettings({ ...settings, ...options.conf }));
    const args = [`--home-dir=${home}`, `--config-dir=${path.join(home, 'conf')}`];
    const heap = options.heap === undefined ? {} : { heap: options.heap };
    const child = await startModernProcess(options.version, args, heap);
    const server = new ModernServer(version, home, child, port);
    await server.waitUntilAnswering(options.startTimeoutMs ?? START_MS);
    return server;
  }

  get pid(): number {
    return this.child.pid!;
  }

  get running(): boolean {
    return !this.exited;
  }

  get dataDirectory(): string {
    return path.join(this.home, 'data');
  }

  /** The store of the database. */
  get databaseDirectory(): string {
    return path.join(this.dataDirectory, 'databases', DATABASE);
  }

  /** The transaction log of the database. */
  get logDirectory(): string {
    return path.join(this.dataDirectory, 'transactions', DATABASE);
  }

  /** Runs one statement in its own transaction. */
  async cypher(statement: string, parameters: Readonly<Record<string, JsonValue>> = {}): Promise<ModernResult> {
    const [result] = await this.transaction([{ statement, parameters }]);
    return result!;
  }

  /** Runs the statements in one transaction, in one request. */
  transaction(statements: readonly ModernStatement[], database = DATABASE): Promise<ModernResult[]> {
    return this.http.transaction(statements, database);
  }

  /** Whether the database is served. */
  async state(): Promise<DatabaseState> {
    const [databases] = await this.transaction([{ statement: 'SHOW DATABASES' }], 'system');
    const state = readState(databases!, DATABASE);
    const failed = state.status !== 'online' && state.message !== '';
    return { ...state, cause: failed ? await readCause(path.join(this.home, 'logs')) : undefined };
  }

  /** Resolves when the database answers; rejects with {@link DatabaseOffline} if the server gave it up. */
  async waitForDatabase(timeoutMs = START_MS): Promise<void> {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      const state = await this.look();
      if (state?.status === 'online' && (await this.answers())) return;
      const givenUp = state !== undefined && state.status !== 'online' && state.message !== '';
      if (givenUp || Date.now() > deadline) {
        throw new DatabaseOffline(DATABASE, state ?? { status: 'unknown', message: this.output, cause: undefined });
      }
      await this.pause();
    }
  }

  /** Everything printed so far. */
  console(): string {
    return this.output;
  }

  /** Those that nobody uses; the next request opens a new one. */
  dropConnections(): void {
    this.http.close();
  }

  /** Clean shutdown; rejects if the server has to be killed. */
  async stop(timeoutMs = 180_000): Promise<void> {
    this.http.close();
    if (!this.running) return;
    this.child.kill('SIGTERM');
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<boolean>((resolve) => {
      timer = setTimeout(() => resolve(true), timeoutMs);
    });
    const isLate = await Promise.race([this.exit.then(() => false), late]);
    clearTimeout(timer);
    if (!isLate) return;
    await this.kill();
    throw new Error(`server ${this.version.text} did not stop within ${timeoutMs} ms\n${this.output}`);
  }

  /** Crash: SIGKILL, and wait for the end of the process. */
  async kill(): Promise<void> {
    if (this.running) this.child.kill('SIGKILL');
    await this.exit;
    this.http.close();
  }

  private async waitUntilAnswering(timeoutMs: number): Promise<void> {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      try {
        return await this.http.knock();
      } catch (error) {
        if (!(error instanceof ConnectionLost)) throw error;
      }
      if (Date.now() > deadline) await this.kill();
      if (!this.running) throw new Error(`server ${this.version.text} did not start\n${this.output}`);
      await this.pause();
    }
  }

  /** The state, or undefined while the server cannot tell it. */
  private async look(): Promise<DatabaseState | undefined> {
    try {
      return await this.state();
    } catch (error) {
      if (this.running && error instanceof CypherError) return undefined;
      throw this.running ? error : new Error(`server ${this.version.text} has ended\n${this.output}`);
    }
  }

  private async answers(): Promise<boolean> {
    try {
      await this.cypher('RETURN 1');
      return true;
    } catch (error) {
      if (error instanceof CypherError) return false;
      throw error;
    }
  }

  /** Until the next look, or the end of the process. */
  private async pause(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const time = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, 100);
    });
    await Promise.race([time, this.exit]);
    clearTimeout(timer);
  }
}
