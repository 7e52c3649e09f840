import { Dice } from '../../../src/base/dice.ts';
import { KindGate } from '../../support/live/kind-gate.ts';
import { nextSeed } from '../../support/random/seed.ts';
import {
  type BoltConnection,
  ConnectionLost,
  CypherError,
  isServerTrouble,
  type Result,
  ServerLockedUp,
  type Statement,
} from './bolt.ts';
import { createExplicitIndexes, withExplicitIndexes } from './explicit-indexes.ts';
import { awaitIndexes } from './graph-export.ts';

import { type Operation, operations, type Step } from './load-operations.ts';
import { IdPool, type LoadState } from './load-state.ts';
import { everyKind, numbersAndText, type ValueKinds } from './property-values.ts';
import { createSchema, hasSoundFulltext } from './schema.ts';
import type { CypherTarget } from './server.ts';

export interface LoadOptions {
  /** Default: from the clock. Printed, because a failure report needs it. */
  readonly seed?: number;
  /** Concurrent connections. Default 4. */
  readonly workers?: number;
  /** `plain`: numbers and text only. `everything` (default): every type Cypher can write. */
  readonly values?: 'plain' | 'everything';
  /** Kinds allowed where an index covers the property, beyond numbers and text. Default: as `values`. */
  readonly indexed?: Partial<ValueKinds>;
  /** Create indexes and constraints first. Default true. */
  readonly schema?: boolean;
  /** Fulltext indexes too. Default: where the release has them and its checker can handle them. */
  readonly fulltext?: boolean;
  /** Fill explicit indexes too. Default false. */
  readonly explicitIndexes?: boolean;
}

export interface LoadStatistics {
  committed: number;
  /** Rolled-back transactions by error code: deadlocks, constraint violations. */
  readonly failed: Record<string, number>;
}

/**
 * Random concurrent writes. Everything the load does is legal; transactions rolled back by a constraint or a deadlock are counted. If the
 * server goes away (killed on purpose, say) or loses the lead of its cluster, the workers end quietly.
 */
export class RandomLoad {
  readonly seed: number;
  readonly statistics: LoadStatistics = { committed: 0, failed: {} };
  private readonly state: LoadState;
  private readonly workers: number;
  private readonly table: readonly Operation[];
  private readonly gate = new KindGate();
  private rounds = 0;
  private stopping = false;
  private running: Promise<void> | undefined;

  constructor(
    private readonly server: CypherTarget,
    private readonly options: LoadOptions = {},
  ) {
    this.seed = options.seed ?? nextSeed();
    this.workers = options.workers ?? 4;
    const kinds = (options.values ?? 'everything') === 'everything' ? everyKind : numbersAndText;
    this.state = {
      kinds,
      indexedKinds: { ...kinds, ...options.indexed },
      nodes: new IdPool(),
      relationships: new IdPool(),
      filed: new IdPool(),
      hubs: [],
      nextUid: 1,
      nextToken: 0,
    };
    const chosen = options.explicitIndexes ? withExplicitIndexes(operations) : operations;
    this.table = chosen.flatMap((operation) => Array<Operation>(operation.weight).fill(operation));
    console.log(`random load: seed ${this.seed}`);
  }

  /** Schema and dense nodes. Called by `run` and `start` when not called before. */
  prepare = once(async () => {
    if (this.options.schema ?? true) {
      await createSchema(this.server, { fulltext: this.options.fulltext ?? hasSoundFulltext(this.server) });
      await awaitIndexes(this.server);
    }
    if (this.options.explicitIndexes) await createExplicitIndexes(this.server);
    const hubs = await this.server.cypher('UNWIND range(0, 3) AS i CREATE (h:Hub {number: i}) RETURN id(h)');
    for (const [id] of hubs.rows) this.state.hubs.push(id as number);
  });

  /** Runs this many transactions and waits for them. */
  async run(transactions: number): Promise<LoadStatistics> {
    await this.prepare();
    let left = transactions;
    await this.work(() => left-- > 0);
    return this.statistics;
  }

  /** Writes until `stop`. */
  async start(): Promise<void> {
    if (this.running !== undefined) throw new Error('the load is already running');
    await this.prepare();
    this.stopping = false;
    this.running = this.work(() => !this.stopping);
    this.running.catch(() => {}); // Reported by stop().
  }

  /** Ends the load after the transactions under way; every one counted as committed is acknowledged. */
  async stop(): Promise<LoadStatistics> {
    this.stopping = true;
    await this.running;
    this.running = undefined;
    return this.statistics;
  }

  private async work(more: () => boolean): Promise<void> {
    const round = this.rounds++;
    const workers = Array.from({ length: this.workers }, (_, worker) =>
      this.workAlone(new Dice(this.seed + 7919 * worker + 104_729 * round), more),
    );
    await Promise.all(workers);
  }

  private async workAlone(dice: Dice, more: () => boolean): Promise<void> {
    let connection: BoltConnection | undefined;
    try {
      connection = await this.server.connect();
      while (more()) await this.runTransaction(connection, dice);
    } catch (error) {
      if (!(error instanceof ConnectionLost) || error instanceof ServerLockedUp) throw error;
    } finally {
      connection?.close();
    }
  }

  /** Runs a transaction when no other one is under way with which it would make the server damage its store. */
  private apart<T>(steps: readonly Step[], run: () => Promise<T>): Promise<T> {
    const kind = this.server.version === '3.5.34' ? undefined : kindOf(steps);
    return kind === undefined ? run() : this.gate.run(kind, run);
  }

  private async runTransaction(connection: BoltConnection, dice: Dice): Promise<void> {
    const count = dice.chance(0.6) ? 1 : dice.between(2, 5);
    const steps = Array.from({ length: count }, () => dice.pick(this.table).plan(dice, this.state)).flatMap(
      (step) => step ?? [],
    );
    if (steps.length === 0) return;
    const statements: Statement[] = steps.map(({ statement, params }) => ({ statement, params: params ?? {} }));
    let results: Result[];
    try {
      results = await this.apart(steps, () => connection.transaction(statements));
    } catch (error) {
      if (!(error instanceof CypherError)) throw error;
      if (error.code.startsWith('Neo.ClientError.Cluster.')) throw new ConnectionLost(error.message);
      if (!isExpected(error))
        throw new Error(`${error.message}\nin ${JSON.stringify(statements.map((s) => s.statement))}`);
      this.statistics.failed[error.code] = (this.statistics.failed[error.code] ?? 0) + 1;
      return;
    }
    this.statistics.committed++;
    steps.forEach((step, i) => {
      step.done?.(results[i]!.rows);
    });
  }
}

/** A transaction with both kinds of steps runs apart from all others. */
let nextBoth = 0;

/**
 * Older servers damage their store when one transaction deletes a node with its relationships while another one changes properties of these
 * relationships (docs/formats/consistency-check.md 4): such two never run at the same time. 3.5.34 has not been seen to do that.
 */
function kindOf(steps: readonly Step[]): string | undefined {
  const kinds = ['DETACH DELETE', '-[r]->() WHERE id(r)'].filter((text) =>
    steps.some(({ statement }) => statement.includes(text)),
  );
  return kinds.length === 0 ? undefined : kinds.length === 1 ? kinds[0] : `both ${nextBoth++}`;
}

function isExpected(error: CypherError): boolean {
  return (
    error.code.startsWith('Neo.TransientError.') ||
    error.code.startsWith('Neo.ClientError.Schema.ConstraintV') ||
    error.code === 'Neo.ClientError.Statement.EntityNotFound' ||
    isServerTrouble(error)
  );
}

function once(work: () => Promise<void>): () => Promise<void> {
  let pending: Promise<void> | undefined;
  return () => {
    pending ??= work();
    return pending;
  };
}
