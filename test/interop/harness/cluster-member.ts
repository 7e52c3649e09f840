import { connect } from 'node:net';
import { ConnectionLost, CypherError } from './bolt.ts';
import { findFreePorts } from './ports.ts';
import type { Version } from './releases.ts';
import { makeScratch } from './scratch.ts';
import { launchServer, type RunningServer, type ServerPorts, startTimeoutMs } from './server.ts';

export type Role = 'LEADER' | 'FOLLOWER' | 'CANDIDATE' | 'READ_REPLICA';

export interface MemberPlan {
  readonly version: Version;
  readonly name: string;
  readonly mode: 'CORE' | 'READ_REPLICA';
  readonly conf: Readonly<Record<string, string>>;
  /** Port of the discovery. Default: a free one. */
  readonly discovery?: number;
  /** Obeys `dbms.backup.ssl_policy`. Default false. */
  readonly secure?: boolean;
}

interface MemberPorts extends ServerPorts {
  readonly discovery: number;
  readonly transaction: number;
  readonly raft: number;
}

/** Members that are all there at once need not wait for each other long. */
const discoveryProperties = {
  'hazelcast.wait.seconds.before.join': '1',
  'hazelcast.max.wait.seconds.before.join': '2',
};

/** One core or read replica, over all its lives: home and ports stay the same. */
export class ClusterMember {
  private current: RunningServer | undefined;
  private readonly home: string;

  private constructor(
    private readonly plan: MemberPlan,
    private readonly ports: MemberPorts,
  ) {
    this.home = makeScratch(`${plan.name}-${plan.version}`);
  }

  static async plan(plan: MemberPlan): Promise<ClusterMember> {
    const free = (await findFreePorts(6)) as [number, number, number, number, number, number];
    const [bolt, http, backup, transaction, raft, discovery] = free;
    const ports = { bolt, http, backup, transaction, raft, discovery: plan.discovery ?? discovery };
    return new ClusterMember(plan, ports);
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

  /** `host:port` of `causal_clustering.transaction_listen_address`, which speaks the same protocol, never with TLS. */
  get transactionAddress(): string {
    return `127.0.0.1:${this.ports.transaction}`;
  }

  /** Where it gives backups without TLS. */
  get plainAddress(): string {
    return this.plan.secure ? this.transactionAddress : this.backupAddress;
  }

  /** Starts the member and waits until it serves. */
  async start(): Promise<void> {
    if (this.isRunning) throw new Error(`${this.name} is running already`);
    this.current = await launchServer({
      version: this.plan.version,
      home: this.home,
      ports: this.ports,
      conf: { ...this.addresses(), 'dbms.mode': this.plan.mode, ...this.plan.conf },
      heap: '400m',
      properties: discoveryProperties,
      secureCore: this.plan.secure ?? false,
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

  /** Whether it listens for backups already, or still. */
  isListening(): Promise<boolean> {
    return new Promise((resolve) => {
      const socket = connect(this.ports.backup, '127.0.0.1');
      const end = (listening: boolean) => {
        socket.destroy();
        resolve(listening);
      };
      socket.once('connect', () => end(true));
      socket.once('error', () => end(false));
    });
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
    return `--- ${this.name}, backups at ${this.backupAddress}\n${this.current?.console() ?? 'never started\n'}`;
  }

  private addresses(): Record<string, string> {
    const { bolt, http, discovery, transaction, raft } = this.ports;
    return {
      'dbms.connector.bolt.advertised_address': `127.0.0.1:${bolt}`,
      'dbms.connector.http.advertised_address': `127.0.0.1:${http}`,
      ...clusterAddress('discovery', discovery),
      ...clusterAddress('transaction', transaction),
      ...clusterAddress('raft', raft),
    };
  }
}

function clusterAddress(name: string, port: number): Record<string, string> {
  return {
    [`causal_clustering.${name}_listen_address`]: `127.0.0.1:${port}`,
    [`causal_clustering.${name}_advertised_address`]: `127.0.0.1:${port}`,
  };
}

/** Whether an error only says that a member is gone, or does not take writes (any more). */
export function isSwitch(error: unknown): boolean {
  return (
    error instanceof ConnectionLost ||
    (error instanceof CypherError &&
      (error.code.startsWith('Neo.TransientError.') || error.code.startsWith('Neo.ClientError.Cluster.')))
  );
}
