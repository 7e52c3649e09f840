import { createInterface, type Interface } from 'node:readline';
import { BoltConnection, type Result } from './bolt.ts';
import type { Child } from './child-process.ts';
import { startOpener } from './java.ts';
import type { Value } from './packstream.ts';
import { findFreePorts } from './ports.ts';
import type { Version } from './releases.ts';
import type { CypherTarget } from './server.ts';

/**
 * Opens databases with a real release in a separate JVM, one after the other: recovery, indexes and queries as in a server, in a fraction
 * of the time that a server needs to start (see `Opened.java`).
 */
export class DatabaseOpener {
  private constructor(
    private readonly version: Version,
    private readonly child: Child,
    private readonly answers: AsyncIterator<string>,
    private readonly lines: Interface,
  ) {}

  static async start(version: Version): Promise<DatabaseOpener> {
    const child = await startOpener(version);
    child.stderr.resume();
    const lines = createInterface({ input: child.stdout });
    return new DatabaseOpener(version, child, lines[Symbol.asyncIterator](), lines);
  }

  /** Opens the database, uses it, and closes it cleanly. Rejects with what the release says if it does not open. */
  async use<T>(directory: string, use: (database: CypherTarget) => Promise<T>): Promise<T> {
    const [port] = (await findFreePorts(1)) as [number];
    await this.command('open', directory, String(port));
    const connections: BoltConnection[] = [];
    const connect = async (): Promise<BoltConnection> => {
      const connection = await BoltConnection.open(port);
      connections.push(connection);
      return connection;
    };
    const main = await connect();
    const cypher = (statement: string, params: Readonly<Record<string, Value>> = {}): Promise<Result> =>
      main.run(statement, params);
    try {
      return await use({ version: this.version, cypher, connect });
    } finally {
      for (const connection of connections) connection.close();
      await this.command('close');
    }
  }

  /** Ends the JVM. */
  async end(): Promise<void> {
    const closed = new Promise((resolve) => this.child.once('close', resolve));
    this.lines.close();
    this.child.stdin.end();
    await closed;
  }

  private async command(...fields: string[]): Promise<void> {
    this.child.stdin.write(`${fields.join('\t')}\n`);
    const { value, done } = await this.answers.next();
    if (done || value !== 'done') throw new Error(`${fields.join(' ')}: ${done ? 'the JVM has ended' : value}`);
  }
}
