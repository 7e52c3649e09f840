import { cp, rm } from 'node:fs/promises';
import path from 'node:path';
import { CypherError } from '../bolt.ts';
import { makeScratch } from '../scratch.ts';
import { ModernLoad } from './modern-load.ts';
import { changeSchema } from './modern-schema.ts';
import { ModernServer } from './server.ts';
import type { RestlessOptions } from './settings.ts';

/** Directories of a database, below that of the data. */
const PARTS = ['databases/neo4j', 'transactions/neo4j'];

/** A server under load that may go away and come back; the load goes on with what is in its database then. */
export class BusyModernServer {
  private constructor(
    private server: ModernServer,
    private load: ModernLoad,
    private readonly restless: RestlessOptions,
  ) {}

  static async start(version: string, restless: RestlessOptions = {}, writers = 3): Promise<BusyModernServer> {
    const server = await ModernServer.start({ version, restless });
    const load = new ModernLoad(server, { churn: true, writers });
    await load.start();
    await load.advance(60);
    return new BusyModernServer(server, load, restless);
  }

  get version(): string {
    return this.server.version.text;
  }

  get home(): string {
    return this.server.home;
  }

  /** Of the present load. */
  get seed(): number {
    return this.load.seed;
  }

  acknowledged(): number[] {
    return this.load.acknowledged();
  }

  sent(): number[] {
    return this.load.sent();
  }

  advance(transactions: number): Promise<void> {
    return this.load.advance(transactions);
  }

  /** Ends the server, with SIGKILL or cleanly, and starts it again on the same home. */
  async restart(how: 'kill' | 'stop', version = this.version): Promise<void> {
    await this.server[how]();
    await this.startAgain(version);
    await this.load.continueOn(this.server);
  }

  /** Writes nothing during `work`, in which the server may close connections. */
  async resting(work: () => Promise<unknown>): Promise<void> {
    await this.load.stop();
    this.server.dropConnections();
    await work();
    await this.load.continueOn(this.server);
  }

  /** Stops the process of the server during `work`. */
  async frozen(work: () => Promise<unknown>): Promise<void> {
    process.kill(this.server.pid, 'SIGSTOP');
    try {
      await work();
    } finally {
      process.kill(this.server.pid, 'SIGCONT');
    }
  }

  /** A copy of the database as it is when the server is stopped; the server goes on. */
  async keepCopy(): Promise<string> {
    const kept = makeScratch('kept');
    await this.server.stop();
    for (const part of PARTS) await cp(path.join(this.server.dataDirectory, part), path.join(kept, part), copying);
    await this.startAgain();
    await this.load.continueOn(this.server);
    return kept;
  }

  /** Puts an earlier copy in the place of the database. What follows is another history with the same beginning. */
  async goBackTo(kept: string): Promise<void> {
    await this.server.stop();
    await this.removeDatabase();
    for (const part of PARTS) await cp(path.join(kept, part), path.join(this.server.dataDirectory, part), copying);
    await this.startAgain();
    await this.load.continueOn(this.server);
  }

  /** Replaces the database by a new one, with another load. */
  async beginAnew(): Promise<void> {
    await this.server.stop();
    await this.load.stop();
    await this.removeDatabase();
    await this.startAgain();
    this.load = new ModernLoad(this.server, { churn: true });
    await this.load.start();
    await this.load.advance(30);
  }

  /** Creates or drops an index or a constraint; the number says which. A change for which there is no time is none. */
  changeSchema(round: number): Promise<void> {
    return this.unlessRefused(() => changeSchema(this.server, round));
  }

  /** Fills more than one log file with nodes, and removes them. */
  async writeMuch(): Promise<void> {
    const text = 'bulk '.repeat(2000);
    await this.unlessRefused(async () => {
      await this.server.cypher('UNWIND range(1, 60) AS i CREATE (:Ballast {text: $text + i})', { text });
      await this.server.cypher('MATCH (n:Ballast) DELETE n');
    });
  }

  async close(): Promise<void> {
    await this.server.kill();
    await this.load.stop();
  }

  private async startAgain(version = this.version): Promise<void> {
    this.server = await ModernServer.start({ version, home: this.home, restless: this.restless });
  }

  private async removeDatabase(): Promise<void> {
    for (const part of PARTS) await rm(path.join(this.server.dataDirectory, part), { recursive: true });
  }

  private async unlessRefused(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (!(error instanceof CypherError)) throw error; // A lock that the load holds, say.
    }
  }
}

const copying = { recursive: true, preserveTimestamps: true };
