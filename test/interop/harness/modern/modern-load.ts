import { nextSeed } from '../../../support/random/seed.ts';
import { ConnectionLost, CypherError } from '../bolt.ts';
import type { ModernStatement } from './cypher-over-http.ts';
import { hubKeys, ModernPlan, writerKey } from './modern-plan.ts';
import { churnIndexes, createModernSchema } from './modern-schema.ts';
import type { ModernServer } from './server.ts';

export interface ModernLoadOptions {
  /** Default: from the clock. Printed. */
  readonly seed?: number;
  /** Concurrent writers. Default 3. */
  readonly writers?: number;
  /** Create and drop indexes all the time too. Default false. */
  readonly churn?: boolean;
}

const TRANSACTIONS_PER_CHURN = 15;

/**
 * Concurrent writes to a real server. Transaction n of a writer is a function of (seed, writer, n), and sets the number on the writer's own
 * node to n: whatever becomes of the database, its numbers say exactly what must be in it (`findModernDifferences`). If the server goes
 * away, killed on purpose say, the writers end quietly.
 */
export class ModernLoad {
  readonly seed: number;
  private plans: ModernPlan[];
  private readonly acknowledgedNumbers: number[];
  private running: Promise<unknown> | undefined;
  private stopping = false;

  constructor(
    private server: ModernServer,
    private readonly options: ModernLoadOptions = {},
  ) {
    this.seed = options.seed ?? nextSeed();
    this.plans = Array.from({ length: options.writers ?? 3 }, (_, writer) => new ModernPlan(this.seed, writer));
    this.acknowledgedNumbers = this.plans.map(() => 0);
    console.log(`modern load: seed ${this.seed}`);
  }

  /** Last acknowledged number of each writer. Taken before a backup, it is what the backup must hold at least. */
  acknowledged(): number[] {
    return [...this.acknowledgedNumbers];
  }

  /** Number of the last transaction that each writer has sent. Taken after a backup, it is what the backup can hold at most. */
  sent(): number[] {
    return this.plans.map(({ sequence }) => sequence);
  }

  /** Indexes and nodes, the first time; then writes until `stop`. */
  async start(): Promise<void> {
    if (this.running !== undefined) throw new Error('the load is already running');
    if (this.sent().every((sequence) => sequence === 0)) await this.prepare();
    if (this.plans.some(({ writer, sequence }) => sequence !== this.acknowledgedNumbers[writer]))
      throw new Error('a writer does not know whether its last transaction was committed');
    this.stopping = false;
    const writers = this.plans.map((plan) => this.write(plan));
    const churn = this.options.churn ? [this.churn()] : [];
    this.running = Promise.all([...writers, ...churn]);
    this.running.catch(() => {}); // Reported by stop().
  }

  /** Goes on, on a server that was started again or on a restored one, from the numbers in its database. */
  async continueOn(server: ModernServer): Promise<void> {
    await this.stop();
    this.server = server;
    const { rows } = await server.cypher('MATCH (n:Writer) RETURN n.key, n.number');
    const numbers = new Map(rows.map(([key, number]) => [key, number as number]));
    this.plans = this.plans.map(({ writer }) => ModernPlan.at(this.seed, writer, numbers.get(writerKey(writer))!));
    for (const { writer, sequence } of this.plans) this.acknowledgedNumbers[writer] = sequence;
    await this.start();
  }

  /** Resolves when this many more transactions have been acknowledged. */
  async advance(transactions: number): Promise<void> {
    const goal = this.total() + transactions;
    while (this.total() < goal) {
      const ended = this.running?.then(() => true);
      if ((await Promise.race([pause(), ended])) ?? true) throw new Error('the load has ended');
    }
  }

  /** Ends after the transactions under way; returns the acknowledged numbers. */
  async stop(): Promise<number[]> {
    this.stopping = true;
    await this.running;
    this.running = undefined;
    return this.acknowledged();
  }

  private total(): number {
    return this.acknowledgedNumbers.reduce((sum, number) => sum + number, 0);
  }

  private async prepare(): Promise<void> {
    await createModernSchema(this.server);
    const writers = this.plans.map(({ writer }) => writerKey(writer));
    await this.server.transaction([
      { statement: 'UNWIND $keys AS key CREATE (:Hub {key: key})', parameters: { keys: hubKeys } },
      { statement: 'UNWIND $keys AS key CREATE (:Writer {key: key, number: 0})', parameters: { keys: writers } },
    ]);
  }

  private write(plan: ModernPlan): Promise<void> {
    return untilLost(async () => {
      while (!this.stopping) {
        await this.commit(plan.step());
        this.acknowledgedNumbers[plan.writer] = plan.sequence;
      }
    });
  }

  /** Changes an index after every few transactions, not all the time: after each one the server has to plan all statements again. */
  private churn(): Promise<void> {
    return untilLost(async () => {
      let due = this.total();
      for (let round = 0; !this.stopping; ) {
        await pause();
        if (this.total() < due) continue;
        due = this.total() + TRANSACTIONS_PER_CHURN;
        await this.persist(() => churnIndexes(this.server, round++), 'change of an index');
      }
    });
  }

  /** No refusal by the server may leave a gap in the numbers. */
  private commit(statements: readonly ModernStatement[]): Promise<void> {
    return this.persist(async () => void (await this.server.transaction(statements)), statements);
  }

  /** Tries until it works. */
  private async persist(work: () => Promise<void>, what: unknown): Promise<void> {
    for (;;) {
      try {
        return await work();
      } catch (error) {
        if (!(error instanceof CypherError)) throw error;
        if (!this.server.running || isShutdown(error)) throw new ConnectionLost(error.message);
        if (!isTransient(error)) {
          throw new Error(`${error.message}\nin ${JSON.stringify(what).slice(0, 2000)}`, { cause: error });
        }
      }
    }
  }
}

/** A server that stops answers requests that it does not serve any more. */
function isShutdown({ code }: CypherError): boolean {
  return code === 'Neo.TransientError.General.DatabaseUnavailable' || code.startsWith('Neo.ClientError.Database.');
}

/**
 * 4.2 to 4.4 call a deadlock that they find while they commit a fault of the database; nothing is committed then either. 4.2 has a general
 * code for a lock that it waited for too long.
 */
function isTransient({ code, message }: CypherError): boolean {
  const isDeadlock = code.endsWith('.TransactionCommitFailed') && /can't (acquire|wait on)/.test(message);
  const isLate =
    code.endsWith('.ExecutionFailed') && message.includes('Unable to acquire lock within configured timeout');
  return isDeadlock || isLate || code.startsWith('Neo.TransientError.') || code.endsWith('.LockAcquisitionTimeout');
}

function pause(): Promise<false> {
  return new Promise((resolve) => {
    setTimeout(() => resolve(false), 20);
  });
}

async function untilLost(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof ConnectionLost)) throw error; // Otherwise the server is gone.
  }
}
