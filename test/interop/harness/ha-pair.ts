import { poll, unlessSwitch } from './leadership.ts';
import { Member } from './member.ts';
import { findFreePorts } from './ports.ts';
import type { Version } from './releases.ts';

/** Two instances of `dbms.mode=HA`, started at once. They speak the common protocol, each at its own backup address. */
export async function startHaPair(version: Version): Promise<HaPair> {
  const coordination = await findFreePorts(2);
  const instances = await Promise.all(coordination.map((_, i) => planInstance(version, i + 1, coordination)));
  const pair = new HaPair(instances);
  try {
    await Promise.all(instances.map((instance) => instance.start()));
    await pair.master();
    return pair;
  } catch (error) {
    await pair.kill();
    throw new Error(`${(error as Error).message}\n${pair.console()}`, { cause: error });
  }
}

async function planInstance(version: Version, id: number, coordination: readonly number[]): Promise<Member> {
  const [bolt, http, backup, data] = (await findFreePorts(4)) as [number, number, number, number];
  return new Member({
    version,
    name: `instance-${id}`,
    ports: { bolt, http, backup },
    conf: {
      'dbms.mode': 'HA',
      'ha.server_id': String(id),
      'ha.initial_hosts': coordination.map((port) => `127.0.0.1:${port}`).join(','),
      'ha.host.coordination': `127.0.0.1:${coordination[id - 1]}`,
      'ha.host.data': `127.0.0.1:${data}`,
      // How often the slave pulls what it lacks.
      'ha.pull_interval': '200ms',
      'dbms.memory.pagecache.size': '32m',
    },
  });
}

export class HaPair {
  constructor(readonly instances: readonly Member[]) {}

  /** The instance that takes writes; waits for a switch. */
  master(): Promise<Member> {
    return this.find('master');
  }

  /** The instance that follows it. */
  slave(): Promise<Member> {
    return this.find('slave');
  }

  /** Resolves when an instance has everything that the master has committed by now: the id of its last transaction. */
  async awaitCaughtUp(instance: Member): Promise<number> {
    const target = await (await this.master()).server.lastTransactionId();
    return poll(`${instance.name} at transaction ${target}`, async () => {
      const reached = await unlessSwitch(instance.server.lastTransactionId());
      return reached !== undefined && reached >= target ? reached : undefined;
    });
  }

  async kill(): Promise<void> {
    await Promise.all(this.instances.map((instance) => instance.kill()));
  }

  /** What both instances printed. */
  console(): string {
    return this.instances.map((instance) => instance.console()).join('');
  }

  private find(role: 'master' | 'slave'): Promise<Member> {
    return poll(role, async () => {
      for (const instance of this.instances) if ((await this.role(instance)) === role) return instance;
      return undefined;
    });
  }

  /** The role reported by the instance: `master`, `slave`, or `pending`. */
  private async role(instance: Member): Promise<string | undefined> {
    if (!instance.isRunning) return undefined;
    const answer = await fetch(`http://127.0.0.1:${instance.server.httpPort}/db/manage/server/ha/available`).then(
      (response) => response.text(),
      () => undefined,
    );
    return answer;
  }
}
