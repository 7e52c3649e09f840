import { EmbeddedDatabase } from '../../../src/embedded/embedded-database.ts';
import { campaign } from '../random/campaign-size.ts';

/** A log file is closed between flushes, so not all transactions may share one. */
const TOGETHER = 20;

const ROTATION_BYTES = campaign.size(16, 4) * 1024;

/** A database whose nodes are numbered from 1, with an index on the numbers, and small logs of which the oldest are pruned. */
export class NumberedDatabase {
  readonly database: EmbeddedDatabase;
  committed = 0;

  private constructor(database: EmbeddedDatabase) {
    this.database = database;
  }

  static async open(directory: string): Promise<NumberedDatabase> {
    const database = await EmbeddedDatabase.open(directory, {
      rotationBytes: ROTATION_BYTES,
      retention: { keep: 'size', bytes: 4 * ROTATION_BYTES },
      checkPointTransactions: 1_000_000,
    });
    const numbered = new NumberedDatabase(database);
    await database.createIndex('Item', ['n']);
    await numbered.commit(campaign.size(600, 150));
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
