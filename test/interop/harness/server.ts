import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { isLockedUp, summarizeThreads } from '../../support/servers/thread-dump.ts';
import {
  BoltConnection,
  ConnectionLost,
  isServerTrouble,
  type Result,
  ServerLockedUp,
  type ServerWatch,
  type Statement,
} from './bolt.ts';
import type { Child } from './child-process.ts';
import { startServerProcess } from './java.ts';
import type { Value } from './packstream.ts';
import { findFreePorts } from './ports.ts';
import { findRelease, type Version } from './releases.ts';
import { makeScratch } from './scratch.ts';

export interface ServerOptions {
  readonly version: Version;
  /** NEO4J_HOME; created if missing. Default: a scratch directory. */
  readonly home?: string;
  /** Record format of a new store. Enterprise only for `high_limit`. */
  readonly format?: 'standard' | 'high_limit';
  /** Settings that override ours. */
  readonly conf?: Readonly<Record<string, string>>;
  /** For -Xmx. Default `512m`. */
  readonly heap?: string;
  /** Time limit of the start. Default 3 minutes. */
  readonly startTimeoutMs?: number;
  /** Default: free ones. */
  readonly ports?: ServerPorts;
  /** Java system properties. */
  readonly properties?: Readonly<Record<string, string>>;
  /** A core that obeys `dbms.backup.ssl_policy` (see {@link JavaOptions.secure}). Default false. */
  readonly secureCore?: boolean;
}

/** Anything that accepts Cypher: a server, or the leader of a cluster. */
export interface CypherTarget {
  readonly version: Version;
  /** Runs one statement in its own transaction. */
  cypher(statement: string, params?: Readonly<Record<string, Value>>): Promise<Result>;
  /** A connection of its own, for concurrent work; the caller closes it. */
  connect(): Promise<BoltConnection>;
}

const readyLine = 'Remote interface available';
/** How long a virtual machine may take to print the stacks of its threads. */
const DUMP_MS = 5000;
/** Time limit of a start. */
export const startTimeoutMs = 180_000;

/** Starts a real server and waits until it serves; rejects with its output if it does not come up. */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const server = await launchServer(options);
  await server.waitUntilReady(options.startTimeoutMs ?? startTimeoutMs);
  return server;
}

/** Starts the process of a server, which does not serve yet. */
export async function launchServer(options: ServerOptions): Promise<RunningServer> {
  const home = options.home ?? makeScratch(`server-${options.version}`);
  const ports = options.ports ?? (await findServerPorts());
  await mkdir(path.join(home, 'conf'), { recursive: true });
  for (const name of ['data', 'logs', 'plugins', 'import', 'run']) {
    await mkdir(path.join(home, name), { recursive: true });
  }
  await writeFile(path.join(home, 'conf/neo4j.conf'), renderConf(options, ports));
  const args = [`--home-dir=${home}`, `--config-dir=${path.join(home, 'conf')}`];
  const child = await startServerProcess(options.version, args, {
    ...(options.heap === undefined ? {} : { heap: options.heap }),
    ...(options.properties === undefined ? {} : { properties: options.properties }),
    ...(options.secureCore ? { secure: true, mainClass: 'SecureCore' } : {}),
  });
  return new RunningServer(options.version, home, child, ports);
}

export interface ServerPorts {
  readonly bolt: number;
  readonly http: number;
  readonly backup: number;
}

async function findServerPorts(): Promise<ServerPorts> {
  const [bolt, http, backup] = (await findFreePorts(3)) as [number, number, number];
  return { bolt, http, backup };
}

function renderConf(options: ServerOptions, ports: ServerPorts): string {
  const settings: Record<string, string> = {
    'dbms.security.auth_enabled': 'false',
    'dbms.connector.bolt.enabled': 'true',
    'dbms.connector.bolt.listen_address': `127.0.0.1:${ports.bolt}`,
    'dbms.connector.http.enabled': 'true',
    'dbms.connector.http.listen_address': `127.0.0.1:${ports.http}`,
    'dbms.connector.https.enabled': 'false',
    'dbms.memory.pagecache.size': '64m',
    'dbms.udc.enabled': 'false',
  };
  if (findRelease(options.version).edition === 'enterprise') {
    settings['dbms.backup.address'] = `127.0.0.1:${ports.backup}`;
    settings['metrics.enabled'] = 'false';
  }
  if (options.format !== undefined && options.format !== 'standard') settings['dbms.record_format'] = options.format;
  return renderSettings({ ...settings, ...options.conf });
}

/** The text of a `neo4j.conf`. */
export function renderSettings(settings: Readonly<Record<string, string>>): string {
  return Object.entries(settings)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');
}

/** A real server in a child process. Stop or kill it; the end of our process kills it too. */
export class RunningServer implements CypherTarget, ServerWatch {
  private output = '';
  private exited: { code: number | null; signal: NodeJS.Signals | null } | undefined;
  private readonly exit: Promise<void>;
  private shared: Promise<BoltConnection> | undefined;
  private queue: Promise<unknown> = Promise.resolve();
  private looking = false;
  /** That it did not answer, and what its threads were doing. */
  private hasTold = false;
  /** Set when it was found locked up, and killed. */
  fault: ServerLockedUp | undefined;

  constructor(
    readonly version: Version,
    readonly home: string,
    private readonly child: Child,
    readonly ports: ServerPorts,
  ) {
    const collect = (chunk: Buffer) => {
      this.output += chunk.toString();
    };
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    this.exit = new Promise((resolve) => {
      const end = (code: number | null, signal: NodeJS.Signals | null) => {
        this.exited ??= { code, signal };
        resolve();
      };
      child.once('close', end);
      child.once('error', (error) => {
        this.output += error.message;
        end(null, null);
      });
    });
  }

  /** `host:port` of `dbms.backup.address` (Enterprise). */
  get backupAddress(): string {
    return `127.0.0.1:${this.ports.backup}`;
  }

  get boltPort(): number {
    return this.ports.bolt;
  }

  get httpPort(): number {
    return this.ports.http;
  }

  get pid(): number {
    return this.child.pid!;
  }

  /** The store directory, `graph.db`. */
  get storeDirectory(): string {
    return path.join(this.home, 'data/databases/graph.db');
  }

  get running(): boolean {
    return this.exited === undefined;
  }

  async waitUntilReady(timeoutMs: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const ready = new Promise<'ready'>((resolve) => {
      const look = () => {
        if (this.output.includes(readyLine)) {
          this.child.stdout.removeListener('data', look);
          resolve('ready');
        }
      };
      this.child.stdout.on('data', look);
      look();
    });
    const late = new Promise<'late'>((resolve) => {
      timer = setTimeout(() => resolve('late'), timeoutMs);
    });
    const first = await Promise.race([ready, late, this.exit.then(() => 'exit' as const)]);
    clearTimeout(timer);
    if (first === 'ready') return;
    await this.kill();
    const what = first === 'late' ? `did not start within ${timeoutMs} ms` : 'ended during its start';
    throw new Error(`server ${this.version} ${what}\n${this.output}`);
  }

  /** A connection of its own, for concurrent work; the caller closes it. */
  async connect(): Promise<BoltConnection> {
    if (this.fault !== undefined) throw this.fault;
    return BoltConnection.open(this.ports.bolt, this);
  }

  /** Runs one statement in its own transaction; retries once after a fault of the server itself. */
  async cypher(statement: string, params: Readonly<Record<string, Value>> = {}): Promise<Result> {
    const run = () => this.inTurn((connection) => connection.run(statement, params));
    try {
      return await run();
    } catch (error) {
      if (!isServerTrouble(error)) throw error;
      console.log(`once more after: ${error}`);
      return await run();
    }
  }

  /** Runs the statements in one transaction. */
  cypherBatch(statements: readonly Statement[]): Promise<Result[]> {
    return this.inTurn((connection) => connection.transaction(statements));
  }

  /** Id of the last committed transaction (Enterprise), as the server reports it. */
  async lastTransactionId(): Promise<number> {
    const { rows } = await this.cypher(
      "CALL dbms.queryJmx('org.neo4j:instance=kernel#0,name=Transactions') YIELD attributes " +
        'RETURN attributes.LastCommittedTxId.value',
    );
    const value = rows[0]?.[0];
    if (typeof value !== 'number') throw new Error('the server does not report its last transaction id');
    return value;
  }

  /** Everything printed so far. */
  console(): string {
    return this.output;
  }

  /** Text of `logs/debug.log`. */
  async debugLog(): Promise<string> {
    const file = path.join(this.home, 'logs/debug.log');
    return existsSync(file) ? await readFile(file, 'utf8') : '';
  }

  /** Clean shutdown; rejects if the server has to be killed, and says what its threads were doing. */
  async stop(timeoutMs = 120_000): Promise<void> {
    this.disconnect();
    if (!this.running) return;
    this.child.kill('SIGTERM');
    if (!(await this.endsWithin(timeoutMs))) {
      const threads = await this.endIfLockedUp();
      await this.kill();
      if (this.fault === undefined)
        throw new Error(`server ${this.version} did not stop within ${timeoutMs} ms\n${threads}`);
    }
    if (this.fault !== undefined) throw this.fault;
  }

  onSilence(): void {
    if (this.looking) return;
    this.looking = true;
    void this.endIfLockedUp()
      .then((threads) => {
        // If the test runs into its time limit, this tells why.
        if (this.fault === undefined && !this.hasTold)
          console.log(`server ${this.version} does not answer\n${threads}`);
        this.hasTold = true;
      })
      .finally(() => {
        this.looking = false;
      });
  }

  /** Kills the server if its threads wait for each other; tells what they are doing. */
  private async endIfLockedUp(): Promise<string> {
    const before = this.output.length;
    this.child.kill('SIGQUIT');
    await this.endsWithin(DUMP_MS);
    const dump = this.output.slice(before);
    const threads = summarizeThreads(dump);
    if (isLockedUp(dump)) {
      this.fault = new ServerLockedUp(`server ${this.version} has locked itself up\n${threads}`);
      console.log(this.fault.message);
      await this.kill();
    }
    return threads;
  }

  private async endsWithin(timeoutMs: number): Promise<boolean> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<boolean>((resolve) => {
      timer = setTimeout(() => resolve(false), timeoutMs);
    });
    const ended = await Promise.race([this.exit.then(() => true), late]);
    clearTimeout(timer);
    return ended;
  }

  /** Crash: SIGKILL, and wait for the end of the process. */
  async kill(): Promise<void> {
    this.disconnect();
    if (this.running) this.child.kill('SIGKILL');
    await this.exit;
  }

  private inTurn<T>(work: (connection: BoltConnection) => Promise<T>): Promise<T> {
    const turn = this.queue.then(async () => {
      this.shared ??= this.connect();
      return work(await this.shared);
    });
    this.queue = turn.catch((error: unknown) => {
      if (error instanceof ConnectionLost) this.disconnect();
    });
    return turn;
  }

  private disconnect(): void {
    this.shared?.then(
      (connection) => connection.close(),
      () => {},
    );
    this.shared = undefined;
  }
}
