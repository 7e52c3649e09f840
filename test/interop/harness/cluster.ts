import type { BoltConnection, Result } from './bolt.ts';
import { ClusterMember, type Role } from './cluster-member.ts';
import { poll, unlessSwitch } from './leadership.ts';
import type { Value } from './packstream.ts';
import { findFreePorts } from './ports.ts';
import type { Version } from './releases.ts';
import type { CypherTarget } from './server.ts';

export interface ClusterOptions {
  readonly version: Version;
  /** A read replica besides the three cores. Default false. */
  readonly readReplica?: boolean;
  /** A closed store, copied to each core at its start. Default: an empty one. */
  readonly seed?: string;
  /** Settings of all members, over ours. */
  readonly conf?: Readonly<Record<string, string>>;
  /** Settings of `core-3`, which then obeys `dbms.backup.ssl_policy` (3.4.9). The other members have no TLS. */
  readonly secureConf?: Readonly<Record<string, string>>;
}

/** Starts three cores at once, a read replica as soon as it finds something to copy, and waits until all serve and one leads. */
export async function startCluster(options: ClusterOptions): Promise<Cluster> {
  const cluster = await planCluster(options);
  const { cores, replica } = cluster;
  try {
    const { seed } = options;
    if (seed !== undefined) await Promise.all(cores.map((core) => core.seed(seed)));
    const started = cores.map((core) => core.start());
    // A replica that finds nobody to copy from waits longer each time.
    if (replica !== undefined) started.push(cluster.awaitFirstStore().then(() => replica.start()));
    await Promise.all(started);
    await cluster.leader();
    return cluster;
  } catch (error) {
    await cluster.kill();
    throw new Error(`${(error as Error).message}\n${cluster.console()}`, { cause: error });
  }
}

async function planCluster(options: ClusterOptions): Promise<Cluster> {
  const { version, secureConf } = options;
  const discovery = await findFreePorts(3);
  const conf = { ...sharedSettings(discovery), ...options.conf };
  const planCore = (port: number, i: number) => {
    const plan = { version, name: `core-${i + 1}`, mode: 'CORE', conf, discovery: port } as const;
    const secure = i === 2 && secureConf !== undefined;
    return ClusterMember.plan(secure ? { ...plan, secure, conf: { ...conf, ...secureConf } } : plan);
  };
  const cores = await Promise.all(discovery.map(planCore));
  const replica = options.readReplica
    ? await ClusterMember.plan({ version, name: 'replica', mode: 'READ_REPLICA', conf })
    : undefined;
  return new Cluster(version, cores, replica);
}

function sharedSettings(discovery: readonly number[]): Record<string, string> {
  return {
    'causal_clustering.initial_discovery_members': discovery.map((port) => `127.0.0.1:${port}`).join(','),
    'causal_clustering.minimum_core_cluster_size_at_formation': '3',
    'causal_clustering.minimum_core_cluster_size_at_runtime': '3',
    // A core that has joined waits four times this long, 7 s by default, before it serves.
    'causal_clustering.leader_election_timeout': '2s',
    'causal_clustering.raft_in_queue_max_bytes': '64M',
    'causal_clustering.in_flight_cache.max_bytes': '16M',
    'dbms.memory.pagecache.size': '32m',
  };
}

/** A causal cluster. Kill or stop it; the end of our process kills its members too. */
export class Cluster implements CypherTarget {
  constructor(
    readonly version: Version,
    readonly cores: readonly ClusterMember[],
    /** Only there if requested. */
    readonly replica: ClusterMember | undefined,
  ) {}

  get members(): ClusterMember[] {
    return [...this.cores, ...(this.replica === undefined ? [] : [this.replica])];
  }

  /** Resolves when one of the cores has made a store that others can copy. */
  async awaitFirstStore(): Promise<void> {
    await poll('core that serves its store', async () => {
      const listening = await Promise.all(this.cores.map((core) => core.isListening()));
      return listening.includes(true) ? true : undefined;
    });
  }

  /** The core that leads now; waits for an election. */
  leader(): Promise<ClusterMember> {
    return this.find('LEADER');
  }

  /** A core that follows now. */
  follower(): Promise<ClusterMember> {
    return this.find('FOLLOWER');
  }

  /** A connection to the leader. */
  connect(): Promise<BoltConnection> {
    return poll('connection to the leader', async () => {
      const leader = await this.leader();
      return unlessSwitch(leader.server.connect());
    });
  }

  /**
   * Runs one statement in its own transaction on the leader; if that loses its role, again on the next one, so a write may happen twice.
   */
  cypher(statement: string, params: Readonly<Record<string, Value>> = {}): Promise<Result> {
    return poll('leader that takes the statement', async () => {
      const leader = await this.leader();
      return unlessSwitch(leader.server.cypher(statement, params));
    });
  }

  /** Resolves when a member has everything that the leader has committed by now: the id of its last transaction. */
  async awaitCaughtUp(member: ClusterMember): Promise<number> {
    const target = await (await this.leader()).server.lastTransactionId();
    return poll(`${member.name} at transaction ${target}`, async () => {
      const reached = await unlessSwitch(member.server.lastTransactionId());
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

  private find(role: Role): Promise<ClusterMember> {
    return poll(role.toLowerCase(), async () => {
      for (const core of this.cores) if ((await core.role()) === role) return core;
      return undefined;
    });
  }
}
