import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { throwIfCancelled } from '../../../base/cancellation.ts';
import { makeDirectory } from '../../../base/durable-files.ts';
import type { ErrorCode } from '../../../base/error-codes.ts';
import { GraphkeepError } from '../../../base/errors.ts';
import { atFile } from '../../../base/file-errors.ts';
import { sleep } from '../../../base/timers.ts';
import { SYSTEM_DATABASE } from '../../../source/modern-files/modern-location.ts';
import { findCause } from './failure-cause.ts';
import { findFreePort } from './free-port.ts';
import { javaCommand } from './java-command.ts';
import { scratchSettings } from './scratch-settings.ts';
import type { ServerHome } from './server-home.ts';
import { type QueryResult, query, StatementRefused } from './server-query.ts';
import { TetheredProgram } from './tethered-program.ts';

/** Between two looks. */
const LOOK_MS = 250;
/** A server that stops writes a check point. */
const STOP_MS = 1_800_000;

export interface ScratchServerOptions {
  readonly installed: ServerHome;
  /** A scratch directory with `data` in it; the server puts everything else there too. */
  readonly home: string;
  /** The database in question. */
  readonly database: string;
  /** Time for start and recovery. */
  readonly startMs: number;
  readonly signal: AbortSignal;
}

/** A server of an installation on a home of its own, that only this process talks to. Kill it in the end, whatever happens. */
export class ScratchServer {
  private readonly options: ScratchServerOptions;
  private readonly program: TetheredProgram;
  private readonly port: number;
  private readonly deadline: number;

  private constructor(options: ScratchServerOptions, program: TetheredProgram, port: number) {
    this.options = options;
    this.program = program;
    this.port = port;
    this.deadline = performance.now() + options.startMs;
  }

  static async start(options: ScratchServerOptions): Promise<ScratchServer> {
    const { installed, home, signal } = options;
    const conf = join(home, 'conf');
    for (const name of ['conf', 'logs', 'plugins', 'import', 'run']) await makeDirectory(join(home, name));
    const port = await findFreePort();
    const file = join(conf, 'neo4j.conf');
    await atFile('write the file', file, () => writeFile(file, scratchSettings(installed, port)));
    throwIfCancelled(signal);
    const command = javaCommand(installed, installed.mainClass, [`--home-dir=${home}`, `--config-dir=${conf}`]);
    const program = TetheredProgram.start(command, { cwd: home, env: environmentOf(installed, home) });
    return new ScratchServer(options, program, port);
  }

  /**
   * Resolves when the server has recovered the database and serves it, with all its indexes.
   * @throws GraphkeepError `server.refuses-database`, `server.failed`, `server.timeout`, `cancelled`
   */
  async waitForDatabase(): Promise<void> {
    await this.waitFor('the server did not open the database in time', async () => {
      const { status, message } = await this.readState();
      if (status !== 'online' && message !== '') throw await this.refusal(message);
      return status === 'online';
    });
    if (!this.canCount || !this.options.installed.release.isFrom(4, 3)) return;
    await this.waitFor('the server did not make the missing indexes in time', async () => {
      const populating = await this.ask("SHOW INDEXES YIELD state WHERE state = 'POPULATING'", this.options.database);
      return populating?.rows.length === 0;
    });
  }

  /** The system database answers to commands of administration only. */
  get canCount(): boolean {
    return this.options.database !== SYSTEM_DATABASE;
  }

  /** The number that a statement about the database returns. @throws as {@link waitForDatabase} */
  async count(statement: string): Promise<number> {
    let count: unknown;
    await this.waitFor('the server did not count in time', async () => {
      count = (await this.ask(statement, this.options.database))?.rows[0]?.[0];
      return typeof count === 'number';
    });
    return count as number;
  }

  /** A clean stop, without which its checker does not look at the database. @throws GraphkeepError `server.timeout` */
  async stop(): Promise<void> {
    await this.program.during(this.options.signal, async () => {
      if ((await this.program.terminate(STOP_MS)) === undefined)
        throw await this.failure('server.timeout', 'the server did not stop in time');
    });
  }

  async kill(): Promise<void> {
    await this.program.kill();
  }

  /** Asks again and again. */
  private async waitFor(late: string, isThere: () => Promise<boolean>): Promise<void> {
    while (!(await isThere())) {
      if (!this.program.isRunning) throw await this.failure('server.failed', 'the server has ended');
      if (performance.now() > this.deadline) throw await this.failure('server.timeout', late);
      await sleep(LOOK_MS, this.options.signal);
    }
  }

  /** The state of the database in the words of the server; columns differ between releases. */
  private async readState(): Promise<{ status: string; message: string }> {
    const databases = await this.ask('SHOW DATABASES', SYSTEM_DATABASE);
    const column = (name: string) => databases?.columns.indexOf(name) ?? -1;
    const row = databases?.rows.find((each) => each[column('name')] === this.options.database);
    const textOf = (name: string) => String(row?.[column(name)] ?? '');
    return { status: textOf('currentStatus'), message: textOf('statusMessage') || textOf('error') };
  }

  /** Undefined while the server cannot answer. */
  private async ask(statement: string, database: string): Promise<QueryResult | undefined> {
    const { signal } = this.options;
    throwIfCancelled(signal);
    try {
      return await query(this.port, database, statement, signal);
    } catch (error) {
      if (!(error instanceof StatementRefused)) throw error;
      if (error.isPassing) return undefined;
      throw new GraphkeepError('server.failed', `the server refused a statement: ${error.message}`, { cause: error });
    }
  }

  private async refusal(message: string): Promise<GraphkeepError> {
    const cause = await findCause(this.options.home, this.program.output);
    // The database has no part in that.
    if (/No space left on device|OutOfMemoryError/.test(cause)) return await this.failure('server.failed', message);
    return await this.failure('server.refuses-database', `the server cannot open the database: ${message}`);
  }

  private async failure(code: ErrorCode, message: string): Promise<GraphkeepError> {
    const { home, installed } = this.options;
    const observed = await findCause(home, this.program.output);
    return new GraphkeepError(code, message, {
      place: { file: installed.directory },
      ...(observed === '' ? {} : { observed }),
    });
  }
}

/** For programs of an installation that work on another home. */
export function environmentOf({ env }: ServerHome, home: string): ServerHome['env'] {
  return { ...env, NEO4J_HOME: home, NEO4J_CONF: join(home, 'conf') };
}
