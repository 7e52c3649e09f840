import { setTimeout as sleep } from 'node:timers/promises';
import { type BoltConnection, CypherError, type RunningServer, type Value } from '../test/interop/harness/index.ts';
import type { StoreFixture } from './store-fixture.ts';

interface Work {
  readonly statement: string;
  readonly params: Readonly<Record<string, Value>>;
}

/** Steps through ids without repeating one before all were used; a prime larger than any fixture. */
const STRIDE = 2_147_483_647;
const CONNECTIONS = 16;

const create = 'CREATE (:Person {name: $name, number: $number, text: $text})';
const setIndexed = 'MATCH (n) WHERE id(n) = $id SET n.number = $number';
const setText = 'MATCH (n) WHERE id(n) = $id SET n.text = $text';
const relate = 'MATCH (a), (b) WHERE id(a) = $id AND id(b) = $other CREATE (a)-[:KNOWS {since: $number}]->(b)';
const unrelate = 'MATCH ()-[r]->() WHERE id(r) = $relationship DELETE r';

/** Out of twenty transactions, how many do what. */
const mix: readonly (readonly [statement: string, share: number])[] = [
  [create, 8],
  [setIndexed, 4],
  [setText, 4],
  [relate, 3],
  [unrelate, 1],
];
const cycle = mix.flatMap(([statement, share]) => Array.from({ length: share }, () => statement));

/** Small transactions on a fixture. Each changes something, so that as many are committed as requested. */
export class TransactionLoad {
  private readonly server: RunningServer;
  private readonly fixture: StoreFixture;
  private readonly lastTransaction: () => Promise<number>;
  private written = 0;

  /** `lastTransaction`: finds the last transaction of a server that cannot be asked for it. */
  constructor(server: RunningServer, fixture: StoreFixture, lastTransaction = () => server.lastTransactionId()) {
    this.server = server;
    this.fixture = fixture;
    this.lastTransaction = lastTransaction;
  }

  /** Commits `count` transactions over several connections; throws if the server counts a different number. */
  async run(count: number): Promise<void> {
    const before = await this.lastTransaction();
    let left = count;
    await this.work(() => left-- > 0);
    const committed = (await this.lastTransaction()) - before;
    if (committed !== count) throw new Error(`the server committed ${committed} transactions instead of ${count}`);
  }

  /** Writes while `work` runs, at most so many transactions per second. Returns how many were committed per second. */
  async runDuring(work: () => Promise<void>, mostPerSecond = Number.POSITIVE_INFINITY): Promise<number> {
    const before = this.written;
    const startedAt = performance.now();
    let isOver = false;
    const written = this.work(async () => {
      const due = startedAt + (1000 * (this.written - before)) / mostPerSecond;
      const early = due - performance.now();
      if (early > 0) await sleep(early);
      return !isOver;
    });
    await work().finally(() => {
      isOver = true;
    });
    const seconds = (performance.now() - startedAt) / 1000;
    const perSecond = (this.written - before) / seconds;
    await written;
    return perSecond;
  }

  private async work(hasMore: () => boolean | Promise<boolean>): Promise<void> {
    const worker = async () => {
      const connection = await this.server.connect();
      try {
        while (await hasMore()) await commit(connection, this.plan(this.written++));
      } finally {
        connection.close();
      }
    };
    await Promise.all(Array.from({ length: CONNECTIONS }, worker));
  }

  private plan(i: number): Work {
    const { nodes, relationships } = this.fixture;
    const text = `transaction ${i}: `.padEnd(30 + (i % 60), 'some words ');
    return {
      statement: cycle[i % cycle.length]!,
      params: {
        id: (i * STRIDE) % nodes,
        other: (i * STRIDE + 1) % nodes,
        relationship: (Math.floor(i / cycle.length) * STRIDE) % relationships,
        name: `new person ${i}`,
        number: 2_000_000_000 + i,
        text,
      },
    };
  }
}

/** Retries transactions that lost a deadlock. */
async function commit(connection: BoltConnection, { statement, params }: Work): Promise<void> {
  for (;;) {
    try {
      await connection.run(statement, params);
      return;
    } catch (error) {
      if (!(error instanceof CypherError && error.code.startsWith('Neo.TransientError.'))) throw error;
    }
  }
}
