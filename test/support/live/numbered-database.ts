import { EmbeddedDatabase } from '../../../src/embedded/embedded-database.ts';

/** A log file is closed between flushes, so not all transactions may share one. */
const TOGETHER = 20;

/** A database whose nodes are numbered from 1, with an index on the numbers, and small logs of which the oldest are pruned. */
export class NumberedDatabase {
  readonly database: EmbeddedDatabase;
  committed = 0;

  private constructor(database: EmbeddedDatabase) {
    this.database = database;
  }

  static async open(directory: string): Promise<NumberedDatabase> {
    const database = await EmbeddedDatabase.open(directory, {
      rotationBytes: 16 * 1024,
      retention: { keep: 'size', bytes: 64 * 1024 },
      checkPointTransactions: 1_000_000,
    });
    const numbered = new NumberedDatabase(database);
    await database.createIndex('Item', ['n']);
    await numbered.commit(600);
    await database.checkPoint();
    return numbered;
  }

  /** One transaction for each node. Some are made concurrently, so that they share their flushes. */
  async commit(count: number): Promise<void> {
    for (const last = this.committed + count; this.committed < last; ) {
      const some = Math.min(TOGETHER, last - this.committed);
      await Promise.all(Array.from({ length: some }, (_, i) => this.createNode(this.committed + 1 + i)));
      this.committed += some;
    }
  }

  private createNode(value: number): Promise<unknown> {
    return this.database.transact((tx) => tx.createNode(['Item'], { n: { type: 'int', value } }));
  }
}
