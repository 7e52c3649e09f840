import { nextSeed } from '../../support/random/seed.ts';
import {
  type BoltConnection,
  ConnectionLost,
  CypherError,
  isServerTrouble,
  ServerLockedUp,
  type Statement,
} from './bolt.ts';
import { isSwitch } from './leadership.ts';
import { describeEdge, describeItem, hubCount, LedgerPlan } from './ledger-plan.ts';
import type { Value } from './packstream.ts';
import type { CypherTarget } from './server.ts';

export interface LedgerOptions {
  /** Default: from the clock. Printed. */
  readonly seed?: number;
  /** Default 4. */
  readonly workers?: number;
  /** Continue with the next leader when the server goes away, instead of ending quietly. Default false. */
  readonly survive?: boolean;
}

/**
 * Concurrent writes that leave a proof of their order, for backups taken while the load runs.
 *
 * Worker w runs its transactions one after the other; transaction n of worker w is a function of (seed, w, n). Each also writes, on the
 * worker's own `:Ledger` node, its number n and `seen`: for every worker the last number acknowledged when this transaction was sent.
 * Workers share dense hub nodes, so their chains interleave.
 *
 * A database is a prefix of this history if and only if: each worker's part equals its plan after the number on its node (every transaction
 * whole, none skipped), and no worker's number is below what another's `seen` says (nothing is there without what came before it). It is
 * recent if the numbers reach what was acknowledged before the copy.
 */
export class Ledger {
  readonly seed: number;
  private readonly acknowledgedNumbers: number[];
  private readonly plans: LedgerPlan[];
  private running: Promise<void> | undefined;
  private stopping = false;

  constructor(
    private readonly server: CypherTarget,
    private readonly options: LedgerOptions = {},
  ) {
    this.seed = options.seed ?? nextSeed();
    const workers = options.workers ?? 4;
    this.plans = Array.from({ length: workers }, (_, worker) => new LedgerPlan(this.seed, worker));
    this.acknowledgedNumbers = this.plans.map(() => 0);
    console.log(`ledger: seed ${this.seed}`);
  }

  /** Last acknowledged number of each worker. Taken before a backup, it is what the backup must hold at least. */
  acknowledged(): number[] {
    return [...this.acknowledgedNumbers];
  }

  /** Constraint, hubs and worker nodes, once; then writes until `stop`. */
  async start(): Promise<void> {
    if (this.running !== undefined) throw new Error('the ledger is already running');
    this.stopping = false;
    if (this.plans.every((plan) => plan.sequence === 0)) await this.prepare();
    this.running = Promise.all(this.plans.map((plan) => this.work(plan))).then(() => {});
    this.running.catch(() => {}); // Reported by stop().
  }

  /** Resolves when this many transactions have been acknowledged in total. */
  async reach(total: number): Promise<void> {
    while (this.total() < total) {
      await Promise.race([new Promise((resolve) => setTimeout(resolve, 20)), this.running]);
      if (this.stopping) throw new Error('the ledger was stopped');
    }
  }

  /** Resolves when this many more transactions have been acknowledged. */
  advance(transactions: number): Promise<void> {
    return this.reach(this.total() + transactions);
  }

  /** Ends after the transactions under way. */
  async stop(): Promise<number[]> {
    this.stopping = true;
    await this.running;
    this.running = undefined;
    return this.acknowledged();
  }

  private total(): number {
    return this.acknowledgedNumbers.reduce((a, b) => a + b, 0);
  }

  private async prepare(): Promise<void> {
    await this.server.cypher('CREATE CONSTRAINT ON (n:Item) ASSERT n.key IS UNIQUE');
    await this.server.cypher("UNWIND range(0, $last) AS i CREATE (:LedgerHub {hub: 'hub' + i})", {
      last: hubCount - 1,
    });
    await this.server.cypher('UNWIND range(0, $last) AS w CREATE (:Ledger {worker: w, number: 0, seen: []})', {
      last: this.plans.length - 1,
    });
  }

  private async work(plan: LedgerPlan): Promise<void> {
    const connection = new Reconnecting(this.server);
    try {
      while (!this.stopping) {
        const statements = plan.step();
        const record: Statement = {
          statement: 'MATCH (n:Ledger {worker: $worker}) SET n.number = $number, n.seen = $seen',
          params: { worker: plan.worker, number: plan.sequence, seen: this.acknowledged() },
        };
        await this.commit(plan, connection, [...statements, record]);
        this.acknowledgedNumbers[plan.worker] = plan.sequence;
      }
    } catch (error) {
      if (!(error instanceof ConnectionLost) || error instanceof ServerLockedUp) throw error;
    } finally {
      connection.close();
    }
  }

  /** Tries until it commits, exactly once: no refusal by the server may leave a gap in the numbers. */
  private async commit(plan: LedgerPlan, connection: Reconnecting, statements: readonly Statement[]): Promise<void> {
    for (;;) {
      try {
        const open = await connection.open();
        return void (await open.transaction(statements));
      } catch (error) {
        if (error instanceof CypherError && error.code === deadlock) continue;
        if (isServerTrouble(error)) {
          if (await this.isCommitted(plan)) return;
          continue;
        }
        if (!isSwitch(error)) throw error;
        if (this.options.survive) connection.close();
        else if (error instanceof ConnectionLost) throw error;
        // The answer may have been lost, not the transaction.
        if (this.options.survive && (await this.isCommitted(plan))) return;
      }
    }
  }

  /**
   * Whether the last step of a plan is permanently in the database. This writes, because only a leader that writes knows everything that
   * its predecessors committed, and nothing of theirs can come after it.
   */
  private async isCommitted(plan: LedgerPlan): Promise<boolean> {
    const { rows } = await this.server.cypher(
      'MATCH (n:Ledger {worker: $worker}) SET n.probe = $number RETURN n.number',
      {
        worker: plan.worker,
        number: plan.sequence,
      },
    );
    return rows[0]?.[0] === plan.sequence;
  }
}

const deadlock = 'Neo.TransientError.Transaction.DeadlockDetected';

/** One connection, reopened after it was closed. */
class Reconnecting {
  private current: BoltConnection | undefined;

  constructor(private readonly server: CypherTarget) {}

  async open(): Promise<BoltConnection> {
    this.current ??= await this.server.connect();
    return this.current;
  }

  close(): void {
    this.current?.close();
    this.current = undefined;
  }
}

export interface LedgerCheck {
  /** Number of the last transaction of each worker that the database holds. */
  readonly numbers: readonly number[];
  /** Why the database is not a prefix of the history; empty if it is. */
  readonly violations: readonly string[];
}

/** Checks the ledger in a database (usually a restored one) against its seed. `atLeast`: numbers it must reach. */
export async function checkLedger(
  server: CypherTarget,
  seed: number,
  atLeast: readonly number[],
): Promise<LedgerCheck> {
  const ledgers = await server.cypher('MATCH (n:Ledger) RETURN n.worker, n.number, n.seen ORDER BY n.worker');
  const numbers = ledgers.rows.map((row) => row[1] as number);
  const violations: string[] = [];
  if (numbers.length !== atLeast.length) violations.push(`${numbers.length} workers instead of ${atLeast.length}`);
  atLeast.forEach((least, worker) => {
    const number = numbers[worker] ?? 0;
    if (number < least) violations.push(`worker ${worker} is at ${number}, but ${least} was acknowledged before`);
  });
  for (const [worker, number, seen] of ledgers.rows) {
    (seen as number[]).forEach((least, other) => {
      if ((numbers[other] ?? 0) < least) {
        violations.push(`worker ${worker} at ${number} saw ${least} of worker ${other}, which is at ${numbers[other]}`);
      }
    });
  }
  const expected = numbers.flatMap((number, worker) => {
    const plan = new LedgerPlan(seed, worker);
    while (plan.sequence < number) plan.step();
    return plan.describe();
  });
  violations.push(...compareLines(expected, await readLedger(server)));
  return { numbers, violations };
}

async function readLedger(server: CypherTarget): Promise<string[]> {
  const items = await server.cypher('MATCH (n:Item) RETURN n.key, labels(n), properties(n)');
  const edges = await server.cypher(
    'MATCH (a:Item)-[r]->(b) RETURN r.key, type(r), a.key, coalesce(b.key, b.hub), properties(r)',
  );
  return [
    ...items.rows.map(([key, labels, props]) =>
      describeItem(key as string, labels as string[], props as Record<string, Value>),
    ),
    ...edges.rows.map(([key, type, from, to, props]) =>
      describeEdge(key as string, type as string, from as string, to as string, props as Record<string, Value>),
    ),
  ];
}

function compareLines(expected: readonly string[], actual: readonly string[]): string[] {
  const wanted = new Set(expected);
  const found = new Set(actual);
  const lines = [
    ...expected.filter((line) => !found.has(line)).map((line) => `missing: ${line}`),
    ...actual.filter((line) => !wanted.has(line)).map((line) => `unexpected: ${line}`),
  ];
  if (actual.length !== found.size) lines.push(`${actual.length - found.size} lines occur twice`);
  return lines.length > 20 ? [...lines.slice(0, 20), `... and ${lines.length - 20} more`] : lines;
}
