import { connect } from 'node:net';
import { unlessSwitch } from './leadership.ts';
import { Member } from './member.ts';
import { findFreePorts } from './ports.ts';
import type { Version } from './releases.ts';
import type { ServerPorts } from './server.ts';

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

interface ClusterPorts extends ServerPorts {
  readonly discovery: number;
  readonly transaction: number;
  readonly raft: number;
}

/** Members that are all there at once need not wait long for each other. */
const discoveryProperties = {
  'hazelcast.wait.seconds.before.join': '1',
  'hazelcast.max.wait.seconds.before.join': '2',
};

/** A core or a read replica. */
export class ClusterMember extends Member {
  private constructor(
    private readonly plan: MemberPlan,
    private readonly ports: ClusterPorts,
  ) {
    super({
      version: plan.version,
      name: plan.name,
      ports,
      conf: { ...addresses(ports), 'dbms.mode': plan.mode, ...plan.conf },
      properties: discoveryProperties,
      secureCore: plan.secure ?? false,
    });
  }

  static async plan(plan: MemberPlan): Promise<ClusterMember> {
    const free = (await findFreePorts(6)) as [number, number, number, number, number, number];
    const [bolt, http, backup, transaction, raft, discovery] = free;
    const ports = { bolt, http, backup, transaction, raft, discovery: plan.discovery ?? discovery };
    return new ClusterMember(plan, ports);
  }

  /** `host:port` of `causal_clustering.transaction_listen_address`, which speaks the same protocol, never with TLS. */
  get transactionAddress(): string {
    return `127.0.0.1:${this.ports.transaction}`;
  }

  /** Where it serves backups without TLS. */
  get plainAddress(): string {
    return this.plan.secure ? this.transactionAddress : this.backupAddress;
  }

  /** Its role in the cluster; undefined if it does not answer. */
  async role(): Promise<Role | undefined> {
    if (!this.isRunning) return undefined;
    const answer = await unlessSwitch(this.server.cypher('CALL dbms.cluster.role()'));
    return answer?.rows[0]?.[0] as Role | undefined;
  }

  /** Whether it listens for backups. */
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
}

function addresses({ bolt, http, discovery, transaction, raft }: ClusterPorts): Record<string, string> {
  return {
    'dbms.connector.bolt.advertised_address': `127.0.0.1:${bolt}`,
    'dbms.connector.http.advertised_address': `127.0.0.1:${http}`,
    ...clusterAddress('discovery', discovery),
    ...clusterAddress('transaction', transaction),
    ...clusterAddress('raft', raft),
  };
}

function clusterAddress(name: string, port: number): Record<string, string> {
  return {
    [`causal_clustering.${name}_listen_address`]: `127.0.0.1:${port}`,
    [`causal_clustering.${name}_advertised_address`]: `127.0.0.1:${port}`,
  };
}
