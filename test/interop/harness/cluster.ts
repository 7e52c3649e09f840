import { setTimeout as pause } from 'node:timers/promises';
import { type BoltConnection, ConnectionLost, CypherError, type Result } from './bolt.ts';
import type { Value } from './packstream.ts';
import { findFreePorts } from './ports.ts';
import type { Version } from './releases.ts';
import { makeScratch } from './scratch.ts';
import { type CypherTarget, launchServer, type RunningServer, type ServerPorts, startTimeoutMs } from './server.ts';

export interface ClusterOptions {
  readonly version: Version;
  /** A read replica besides the three cores. Default false. */
  readonly readReplica?: boolean;
  /** Settings of all members, over ours. */
  readonly conf?: Readonly<Record<string, string>>;
  /** Java class with the `main` of the cores. Default: that of the release. */
  readonly coreClass?: string;
}

export type Role = 'LEADER' | 'FOLLOWER' | 'CANDIDATE' | 'READ_REPLICA';

/** Starts three cores at once and waits until they have formed a cluster with a leader; then the read replica. */
export async function startCluster(options: ClusterOptions): Promise<Cluster> {
  const discovery = await findFreePorts(3);
  const conf = { ...sharedSettings(discovery), ...options.conf };
  const shared = { version: options.version, conf };
  const cores = await Promise.all(
    discovery.map((port, i) =>
      ClusterMember.plan({
        ...shared,
        name: `core-${i + 1}`,
        mode: 'CORE',
        discovery: port,
        mainClass: options.coreClass,
      }),
    ),
  );
  const replica = options.readReplica
    ? await ClusterMember.plan({ ...shared, name: 'replica', mode: 'READ_REPLICA' })
    : undefined;
  const cluster = new Cluster(options.version, cores, replica);
  try {
    await Promise.all(cores.map((core) => core.start()));
    await Promise.all([cluster.leader(), replica?.start()]);
    return cluster;
  } catch (error) {
    const console = cluster.console();
    await cluster.kill();
    throw new Error(`${(error as Error).message}\n${console}`, { cause: error });
  }
}

function sharedSettings(discovery: readonly number[]): Record<string, string> {
  return {
    'causal_clustering.initial_discovery_members': discovery.map((port) => `127.0.0.1:${port}`).join(','),
    'causal_clustering.minimum_core_cluster_size_at_formation': '3',
    'causal_clustering.minimum_core_cluster_size_at_runtime': '3',
    'causal_clustering.raft_in_queue_max_bytes': '64M',
    'causal_clustering.in_flight_cache.max_bytes': '16M',
    'dbms.memory.pagecache.size': '32m',
  };
}

interface MemberPlan {
  readonly version: Version;
  readonly name: string;
  readonly mode: 'CORE' | 'READ_REPLICA';
  readonly conf: Readonly<Record<string, string>>;
  readonly discovery?: number;
  readonly mainClass?: string | undefined;
}

/** One core or read replica, over all its lives: home and ports stay the same. */
export class ClusterMember {
  private current: RunningServer | undefined;

  private constructor(
    private readonly plan: MemberPlan,
    readonly home: string,
    private readonly ports: ServerPorts & { readonly transaction: number; readonly raft: number },
  ) {}

  static async plan(plan: MemberPlan): Promise<ClusterMember> {
    const [bolt, http, backup, transaction, raft, discovery] = (await findFreePorts(6)) as [
      number,
      number,
      number,
      number,
      number,
      number,
    ];
    const home = makeScratch(`${plan.name}-${plan.version}`);
    return new ClusterMember({ discovery, ...plan }, home, { bolt, http, backup, transaction, raft });
  }

  get name(): string {
    return this.plan.name;
  }

  /** The server of the present life. */
  get server(): RunningServer {
    if (this.current === undefined) throw new Error(`${this.name} was never started`);
    return this.current;
  }

  get isRunning(): boolean {
    return this.current?.running ?? false;
  }

  /** `host:port` of `dbms.backup.address`. */
  get backupAddress(): string {
    return `127.0.0.1:${this.ports.backup}`;
  }

  /** `host:port` of `causal_clustering.transaction_listen_address`, which speaks the same protocol. */
  get transactionAddress(): string {
    return `127.0.0.1:${this.ports.transaction}`;
  }

  /** Starts the member and waits until it serves. */
  async start(): Promise<void> {
    if (this.isRunning) throw new Error(`${this.name} is running already`);
    const { version, mainClass } = this.plan;
    this.current = await launchServer({
      version,
      home: this.home,
      ports: this.ports,
      conf: this.settings(),
      heap: '400m',
      ...(mainClass === undefined ? {} : { mainClass }),
    });
    await this.current.waitUntilReady(startTimeoutMs);
  }

  /** Its part in the cluster, or undefined if it does not answer. */
  async role(): Promise<Role | undefined> {
    if (!this.isRunning) return undefined;
    try {
      const { rows } = await this.server.cypher('CALL dbms.cluster.role()');
      return rows[0]?.[0] as Role;
    } catch (error) {
      if (isSwitch(error)) return undefined;
      throw error;
    }
  }

  /** Crash: SIGKILL, and wait for the end of the process. */
  async kill(): Promise<void> {
    await this.current?.kill();
  }

  /** Clean shutdown. */
  async stop(): Promise<void> {
    await this.current?.stop();
  }

  /** What it printed in its present life. */
  console(): string {
    return `--- ${this.name} ${this.backupAddress}\n${this.current?.console() ?? 'not started\n'}`;
  }

  private settings(): Record<string, string> {
    const { ports } = this;
    const own: Record<string, string> = { 'dbms.mode': this.plan.mode };
    for (const [name, port] of [
      ['bolt', ports.bolt],
      ['http', ports.http],
    ] as const) {
      own[`dbms.connector.${name}.advertised_address`] = `127.0.0.1:${port}`;
    }
    for (const [name, port] of [
      ['discovery', this.plan.discovery!],
      ['transaction', ports.transaction],
      ['raft', ports.raft],
    ] as const) {
      own[`causal_clustering.${name}_listen_address`] = `127.0.0.1:${port}`;
      own[`causal_clustering.${name}_advertised_address`] = `127.0.0.1:${port}`;
    }
    return { ...own, ...this.plan.conf };
  }
}

/** How long a cluster may be without a leader, and a member behind, before that is a failure. */
const patienceMs = 120_000;

/** A causal cluster. Kill or stop it; the end of our process kills its members too. */
export class Cluster implements CypherTarget {
  constructor(
    readonly version: Version,
    readonly cores: readonly ClusterMember[],
    /** There only if asked for. */
    readonly replica: ClusterMember | undefined,
  ) {}

  get members(): ClusterMember[] {
    return [...this.cores, ...(this.replica === undefined ? [] : [this.replica])];
  }

  /** The core that leads now; waits for an election. */
  leader(): Promise<ClusterMember> {
    return poll('a leader', async () => {
      for (const core of this.cores) if ((await core.role()) === 'LEADER') return core;
      return undefined;
    });
  }

  /** A core that follows now. */
  follower(): Promise<ClusterMember> {
    return poll('a follower', async () => {
      for (const core of this.cores) if ((await core.role()) === 'FOLLOWER') return core;
      return undefined;
    });
  }

  /** A connection to the leader. */
  connect(): Promise<BoltConnection> {
    return poll('a connection to the leader', async () => {
      const leader = await this.leader();
      return leader.server.connect().catch(absentOnSwitch);
    });
  }

  /**
   * Runs one statement in its own transaction on the leader, and again on the next one if that gave up its place: so a write may happen
   * twice then.
   */
  cypher(statement: string, params: Readonly<Record<string, Value>> = {}): Promise<Result> {
    return poll('a leader that takes the statement', async () => {
      const leader = await this.leader();
      return leader.server.cypher(statement, params).catch(absentOnSwitch);
    });
  }

  /** Returns when a member has everything that the leader has committed by now. The last transaction id. */
  async awaitCaughtUp(member: ClusterMember): Promise<number> {
    const target = await (await this.leader()).server.lastTransactionId();
    return poll(`${member.name} at transaction ${target}`, async () => {
      const reached = await member.server.lastTransactionId().catch(absentOnSwitch);
      return reached !== undefined && reached >= target ? reached : undefined;
    });
  }

  async kill(): Promise<void> {
    await Promise.all(this.members.map((member) => member.kill()));
  }

  async stop(): Promise<void> {
    await Promise.all(this.members.map((member) => member.stop()));
  }

  /** What all members printed. */
  console(): string {
    return this.members.map((member) => member.console()).join('');
  }
}

/** Whether an error only says that the member is not, or no longer, the one that takes writes. */
export function isSwitch(error: unknown): boolean {
  return (
    error instanceof ConnectionLost ||
    (error instanceof CypherError &&
      (error.code.startsWith('Neo.TransientError.') || error.code.startsWith('Neo.ClientError.Cluster.')))
  );
}

function absentOnSwitch(error: unknown): undefined {
  if (!isSwitch(error)) throw error;
  return undefined;
}

/** Asks until there is an answer: the servers tell nobody when their roles change. */
async function poll<T>(what: string, ask: () => Promise<T | undefined>): Promise<T> {
  const deadline = Date.now() + patienceMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (Date.now() > deadline) throw new Error(`no ${what} within ${patienceMs} ms`);
    await pause(100);
  }
}
