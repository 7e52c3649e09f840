import { appendFileSync, cpSync, readdirSync, readFileSync, rmSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { listLogFiles, logFileName } from '../../../src/log/log-files.ts';
import { expectedLog, type modernDatabases, unpackModernDatabase } from './modern-corpus.ts';

type ModernDatabaseName = (typeof modernDatabases)[number];

/** Where a data directory has the log and the files of `neo4j`. */
export const logsOf = (data: string) => join(data, 'transactions', 'neo4j');
export const filesOf = (data: string) => join(data, 'databases', 'neo4j');

/** A genuine database of 4.2 or later whose log ends behind one of its transactions, and can grow. */
export class GrowingDatabase {
  private constructor(
    readonly home: string,
    /** The directory with the whole log. */
    readonly whole: string,
    readonly transactions: ReturnType<typeof expectedLog>['transactions'],
  ) {}

  /** `checkPoints`: false for a log without any, as of a young server, that may end behind its first transaction already. */
  static async unpack(name: ModernDatabaseName, parent: string, { checkPoints = true } = {}): Promise<GrowingDatabase> {
    const home = await unpackModernDatabase(name, join(parent, name));
    const logs = logsOf(join(home, 'data'));
    if (!checkPoints)
      for (const file of readdirSync(logs).filter((each) => each.startsWith('checkpoint.'))) rmSync(join(logs, file));
    const whole = join(parent, `${name}-whole`);
    cpSync(logs, whole, { recursive: true });
    const { transactions, checkpoints } = expectedLog(name, 'databases');
    const [version, offset] = (checkPoints ? checkpoints.at(-1)?.position : undefined) ?? [0, 0];
    // A log that ends before its check point is none that a server ever had.
    const isBehind = ({ end }: (typeof transactions)[number]) =>
      end[0] > version || (end[0] === version && end[1] >= offset);
    return new GrowingDatabase(home, whole, transactions.filter(isBehind));
  }

  get data(): string {
    return join(this.home, 'data');
  }

  /** Makes the log end behind a transaction. */
  endAt(transaction: number): void {
    const [version, offset] = this.transactions.find(({ id }) => id === transaction)!.end;
    const logs = logsOf(this.data);
    for (const name of readdirSync(this.whole)) cpSync(join(this.whole, name), join(logs, name));
    for (const file of listLogFiles(logs).files)
      if (file.version > version) rmSync(join(logs, logFileName(file.version)));
    truncateSync(join(logs, logFileName(version)), offset);
  }
  /** Adds to the log as a server does: nothing that is there changes. `torn`: leave out so many of the last bytes. */
  growTo(transaction: number, torn = 0): void {
    const [highest, offset] = this.transactions.find(({ id }) => id === transaction)!.end;
    const logs = logsOf(this.data);
    for (const { version } of listLogFiles(this.whole).files) {
      if (version > highest || version < (listLogFiles(logs).lowest ?? 0)) continue;
      const path = join(logs, logFileName(version));
      const content = readFileSync(join(this.whole, logFileName(version)));
      const there = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
      appendFileSync(path, content.subarray(there, version === highest ? offset - torn : undefined));
    }
  }

  /** Removes all log files but the newest, as a server that keeps nothing. */
  prune(): void {
    const logs = logsOf(this.data);
    const { files, highest } = listLogFiles(logs);
    for (const { version } of files) if (version !== highest) rmSync(join(logs, logFileName(version)));
  }
}
