import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { z } from 'zod';
import { GraphkeepError, hasCode } from '../../base/errors.ts';
import type { ObjectStore } from '../../objects/object-store.ts';
import { readWhole } from '../../objects/whole-object.ts';

const RENEW_MS = 20_000;
/** A lease that nobody has renewed for so long belongs to a run that was killed. By the clock of the store. */
const STALE_MS = 180_000;
const MOST_LEASE_BYTES = 10_000;

const leaseSchema = z.object({
  owner: z.string(),
  host: z.string(),
  pid: z.int(),
  operation: z.string(),
  renewed: z.int().nonnegative(),
});

type Lease = z.output<typeof leaseSchema>;

/**
 * Keeps two runs from doing the same work: a lease in the repository, `lease/<database>.json`. Nothing depends on it: objects have names of
 * their own, so two runs could only store something twice. A run on this machine that was killed is noticed at once, any other one after
 * three minutes.
 */
export class RunLock {
  private readonly store: ObjectStore;
  private readonly key: string;
  private readonly lease: Lease;
  private etag: string;
  private readonly timer: NodeJS.Timeout;
  private renewing: Promise<void> = Promise.resolve();

  private constructor(store: ObjectStore, key: string, lease: Lease, etag: string) {
    this.store = store;
    this.key = key;
    this.lease = lease;
    this.etag = etag;
    this.timer = setInterval(() => {
      this.renewing = this.renewing.then(() => this.renew());
    }, RENEW_MS);
    this.timer.unref();
  }

  /**
   * Undefined where this user may not write leases: then nobody is kept out.
   * @throws GraphkeepError `repository.in-use`
   */
  static async take(
    store: ObjectStore,
    database: string,
    signal: AbortSignal,
    operation = 'backup',
  ): Promise<RunLock | undefined> {
    try {
      return await RunLock.takeLease(store, database, signal, operation);
    } catch (error) {
      if (hasCode(error, 'object.denied', 'object.unsupported')) return undefined;
      throw error;
    }
  }

  private static async takeLease(
    store: ObjectStore,
    database: string,
    signal: AbortSignal,
    operation: string,
  ): Promise<RunLock> {
    const key = `lease/${database}.json`;
    const owner = randomBytes(8).toString('hex');
    const lease: Lease = { owner, host: hostname(), pid: process.pid, operation, renewed: 0 };
    const found = await store.stat(key, signal);
    const holder = found && (await findHolder(store, key, found.modified, signal));
    if (holder !== undefined) throw inUse(store, holder);
    try {
      const etag = await store.replace(key, encode(lease), found?.etag, signal);
      held.add(owner);
      return new RunLock(store, key, lease, etag);
    } catch (error) {
      if (!hasCode(error, 'object.changed')) throw error;
      throw inUse(store, await readLease(store, key, signal));
    }
  }

  /** Errors do not matter: a lease that stays is stale after a while. One that another run has taken over is left alone. */
  async release(): Promise<void> {
    clearInterval(this.timer);
    held.delete(this.lease.owner);
    await this.renewing;
    const { signal } = new AbortController();
    try {
      if ((await readLease(this.store, this.key, signal))?.owner === this.lease.owner)
        await this.store.remove([this.key], signal);
    } catch {
      // See above.
    }
  }

  private async renew(): Promise<void> {
    this.lease.renewed++;
    try {
      this.etag = await this.store.replace(this.key, encode(this.lease), this.etag, new AbortController().signal);
    } catch {
      // Only advisory.
    }
  }
}

/** The run that works on a database in a repository now, as far as can be seen: nothing is taken. */
export async function viewLease(
  store: ObjectStore,
  database: string,
  signal: AbortSignal,
): Promise<Pick<Lease, 'operation' | 'pid' | 'host'> | undefined> {
  const key = `lease/${database}.json`;
  const found = await store.stat(key, signal);
  return found && (await findHolder(store, key, found.modified, signal));
}

/** Undefined if the lease belongs to a run that has ended. */
async function findHolder(
  store: ObjectStore,
  key: string,
  modified: Date,
  signal: AbortSignal,
): Promise<Lease | undefined> {
  const holder = await readLease(store, key, signal);
  const ageMs = (await store.now(signal)).getTime() - modified.getTime();
  return holder !== undefined && ageMs < STALE_MS && !hasEnded(holder) ? holder : undefined;
}

function encode(lease: Lease): Buffer {
  return Buffer.from(`${JSON.stringify(lease)}\n`);
}

/** Undefined if it is none, or gone. */
async function readLease(store: ObjectStore, key: string, signal: AbortSignal): Promise<Lease | undefined> {
  try {
    const bytes = await readWhole(store, key, { mostBytes: MOST_LEASE_BYTES }, signal);
    return leaseSchema.safeParse(JSON.parse(bytes.toString())).data;
  } catch (error) {
    if (error instanceof SyntaxError || hasCode(error, 'object.missing', 'object.damaged')) return undefined;
    throw error;
  }
}

/** The leases of this process. */
const held = new Set<string>();

/** True for a run on this machine that is gone. In a container that was started again, it had the number of this process. */
function hasEnded({ host, pid, owner }: Lease): boolean {
  if (host !== hostname()) return false;
  if (pid === process.pid) return !held.has(owner);
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}

function inUse(store: ObjectStore, holder: Lease | undefined): GraphkeepError {
  return new GraphkeepError('repository.in-use', 'another run works on this database in the repository', {
    place: { object: store.address },
    ...(holder === undefined ? {} : { observed: `${holder.operation} by process ${holder.pid} of ${holder.host}` }),
  });
}
