import { setTimeout as sleep } from 'node:timers/promises';
import { Dice } from '../../../src/base/dice.ts';
import { GraphLedger } from '../history/model-graph.ts';
import { RecordedTransaction, type WritableTransaction } from '../history/recorded-transaction.ts';
import { campaign } from '../random/campaign-size.ts';
import { KnownIds, type LoadState, makeChange } from '../random/load-operations.ts';
import { LoadValues } from '../random/load-values.ts';

/** The part of the embedded database that the load needs. */
export interface WritableDatabase {
  begin(): WritableTransaction;
  relationshipsOf(node: number): readonly { id: number }[];
}

export interface EmbeddedLoadOptions {
  seed: number;
  /** Number of concurrent writers. Default 4. */
  writers?: number;
  /** Write no values to indexed keys that a `lucene+native` index would keep in Lucene. Default false. */
  nativeOnly?: boolean;
  /** The transactions of an earlier load on the same graph. */
  ledger?: GraphLedger;
}

/** Schema that suits the data of the load: `label`, `keys`. Only `uniqueKey` gets (nearly) unique values. */
export const loadSchema = {
  indexes: [
    { label: 'Thing', keys: ['name'] },
    { label: 'Thing', keys: ['mixed'] },
    { label: 'Thing', keys: ['first', 'second'] },
  ],
  unique: { label: 'Person', key: 'uid' },
} as const;

/** Expected reasons for which transactions fail. */
const REFUSALS = ['embedded.conflict', 'embedded.constraint'];

const HUBS = 4;
/**
 * Pause of a writer that works until it is stopped, while no test waits for what it writes. Without one, writers take the processor from
 * what the test waits for instead.
 */
const PAUSE_MS = campaign.size(0, 25);

/**
 * Random legal transactions by concurrent writers: nodes (dense ones too), relationships, loops, labels, properties of every type, tokens,
 * deletes. Conflicts and constraints that refuse a transaction are counted; any other failure rejects. The ledger knows the graph after
 * each transaction.
 */
export class EmbeddedLoad {
  readonly ledger: GraphLedger;
  readonly statistics = { committed: 0, refused: 0, rolledBack: 0 };
  private readonly database: WritableDatabase;
  private readonly seed: number;
  private readonly writers: number;
  private readonly state: LoadState;
  private rounds = 0;
  private running: Promise<void> | undefined;
  private stopping = false;
  private waiting: { committed: number; resolve(): void }[] = [];
  private readonly underWay = new Set<Promise<void>>();

  constructor(database: WritableDatabase, options: EmbeddedLoadOptions) {
    this.database = database;
    this.seed = options.seed;
    this.writers = options.writers ?? 4;
    this.ledger = options.ledger ?? new GraphLedger();
    this.state = {
      nodes: new KnownIds(),
      relationships: new KnownIds(),
      hubs: [],
      values: new LoadValues(options.seed, options.nativeOnly ?? false),
      nextUid: 1,
      nextToken: 0,
      relationshipsOf: (node) => this.database.relationshipsOf(node),
    };
    this.takeOver();
  }

  /** Runs this many more transactions to completion. */
  async run(transactions: number): Promise<void> {
    const end = this.statistics.committed + transactions;
    await this.work(() => this.statistics.committed < end);
  }

  /** Writes until {@link stop}. */
  start(): void {
    if (this.running !== undefined) throw new Error('the load is already running');
    this.stopping = false;
    this.running = this.work(() => !this.stopping, PAUSE_MS);
    this.running.catch(() => {}); // Reported by stop().
  }

  /** Ends the load after the transactions under way. */
  async stop(): Promise<void> {
    this.stopping = true;
    await this.running;
    this.running = undefined;
  }

  /** Resolves when the running load has committed this many in all; rejects if it fails before. */
  async reach(committed: number): Promise<void> {
    if (this.running === undefined) throw new Error('the load is not running');
    const reached = new Promise<void>((resolve) => this.waiting.push({ committed, resolve }));
    this.tellWaiting();
    await Promise.race([reached, this.running]);
  }

  /**
   * Resolves when the ledger has every transaction that is in the log now. A reader of the log may know one before its writer is told.
   */
  async settle(): Promise<void> {
    await Promise.allSettled([...this.underWay]);
  }

  private tellWaiting(): void {
    const isThere = ({ committed }: { committed: number }) => committed <= this.statistics.committed;
    for (const { resolve } of this.waiting.filter(isThere)) resolve();
    this.waiting = this.waiting.filter((waiter) => !isThere(waiter));
  }

  /** Learns what an earlier load left. */
  private takeOver(): void {
    if (this.ledger.size === 0) return;
    const { nodes, relationships } = this.ledger.graphAt();
    for (const { id, labels, properties } of nodes.values()) {
      if (labels.includes('Hub')) this.state.hubs.push(id);
      else this.state.nodes.add(id);
      const uid = properties.uid;
      if (uid?.type === 'long') this.state.nextUid = Math.max(this.state.nextUid, Number(uid.value) + 1);
    }
    for (const id of relationships.keys()) this.state.relationships.add(id);
    this.state.nextToken = 30;
  }

  private async work(more: () => boolean, pauseMs = 0): Promise<void> {
    if (this.state.hubs.length === 0) await this.createHubs();
    const round = this.rounds++;
    const writers = Array.from({ length: this.writers }, async (_, writer) => {
      const dice = new Dice(this.seed + 7919 * writer + 104_729 * round);
      while (more()) {
        const transaction = this.runTransaction(dice);
        this.underWay.add(transaction);
        await transaction.finally(() => this.underWay.delete(transaction));
        if (pauseMs > 0 && this.waiting.length === 0) await sleep(pauseMs);
      }
    });
    await Promise.all(writers);
  }

  private async createHubs(): Promise<void> {
    const tx = new RecordedTransaction(this.database.begin());
    for (let i = 0; i < HUBS; i++) tx.createNode(['Hub'], { number: { type: 'int', value: i } });
    await tx.commit(this.ledger);
    this.state.hubs.push(...tx.createdNodes);
  }

  private async runTransaction(dice: Dice): Promise<void> {
    const tx = new RecordedTransaction(this.database.begin());
    for (let left = dice.chance(0.6) ? 1 : dice.between(2, 5); left > 0; left--) makeChange(tx, dice, this.state);
    // Now and then a slow transaction, so that others commit while it is open.
    if (dice.chance(0.2)) await new Promise((resolve) => setImmediate(resolve));
    if (tx.operations.length === 0 || dice.chance(0.02)) {
      tx.rollback();
      this.statistics.rolledBack++;
      return;
    }
    try {
      if ((await tx.commit(this.ledger)) === undefined) return;
    } catch (error) {
      if (!REFUSALS.includes((error as { code?: string }).code ?? '')) throw error;
      this.statistics.refused++;
      return;
    }
    this.statistics.committed++;
    this.tellWaiting();
    for (const id of tx.createdNodes) this.state.nodes.add(id);
    for (const { id } of tx.createdRelationships) this.state.relationships.add(id);
  }
}
