import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const repository = fileURLToPath(new URL('../../..', import.meta.url));

export interface StartOptions {
  /** Change of the file system at which the process kills itself; 0 or absent = never. */
  killAt?: number;
  env?: Record<string, string>;
  onLine?: (line: string) => void;
}

/** A process of the campaign, running or ended. */
export class Running {
  readonly child: ChildProcess;
  /** How it ended: a signal or an exit code; its output is then complete. */
  readonly ended: Promise<{ end: NodeJS.Signals | number; stdout: string; stderr: string }>;
  isOver = false;

  constructor(child: ChildProcess, onLine: (line: string) => void) {
    this.child = child;
    const lines: string[] = [];
    const reading = createInterface({ input: child.stdout!, crlfDelay: Number.POSITIVE_INFINITY });
    reading.on('line', (line) => {
      lines.push(line);
      onLine(line);
    });
    const exit = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
    this.ended = Promise.all([exit, once(reading, 'close'), text(child.stderr!)]).then(([[code, signal], , stderr]) => {
      this.isOver = true;
      return { end: signal ?? code!, stdout: lines.join('\n'), stderr };
    });
  }

  kill(signal: NodeJS.Signals = 'SIGKILL'): void {
    this.child.kill(signal);
  }
}

/** The programs of a campaign, bundled once: the executables as installed, and the writer of a ledger. */
export class CampaignPrograms {
  private readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async build(): Promise<CampaignPrograms> {
    // Inside the project, so that the bundles find its modules.
    const folder = join(repository, '.cache', `campaign-programs-${process.pid}`);
    mkdirSync(folder, { recursive: true });
    // The global setup has built it.
    cpSync(join(repository, 'dist'), join(folder, 'dist'), { recursive: true });
    cpSync(join(repository, 'bin'), join(folder, 'bin'), { recursive: true });
    await build({
      absWorkingDir: repository,
      entryPoints: [
        { in: 'test/support/live/ledger-process.ts', out: 'ledger-process' },
        { in: 'test/support/faults/doom-preload.ts', out: 'doom-preload' },
      ],
      outdir: folder,
      outExtension: { '.js': '.mjs' },
      bundle: true,
      packages: 'external',
      format: 'esm',
      platform: 'node',
      target: 'node20',
      logLevel: 'error',
    });
    return new CampaignPrograms(folder);
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Starts a database with a backup listener and writers. */
  startLedger(job: object, options: StartOptions = {}): Running {
    return this.start(['ledger-process.mjs', JSON.stringify(job)], options);
  }

  neo4jAdmin(args: readonly string[], options: StartOptions = {}): Running {
    return this.start(['bin/neo4j-admin', ...args], options);
  }

  graphkeep(args: readonly string[], options: StartOptions = {}): Running {
    return this.start(['bin/graphkeep', ...args], options);
  }

  private start([program, ...args]: string[], { killAt = 0, env = {}, onLine = () => {} }: StartOptions): Running {
    const preload = killAt === 0 ? [] : ['--import', join(this.folder, 'doom-preload.mjs')];
    const child = spawn(process.execPath, [...preload, join(this.folder, program!), ...args], {
      cwd: this.folder,
      env: { PATH: process.env.PATH, ...env, ...(killAt === 0 ? {} : { GRAPHKEEP_DOOM: String(killAt) }) },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    return new Running(child, onLine);
  }
}
