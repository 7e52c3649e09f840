import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import type { BackupOptions } from '../../../src/backup/backup-options.ts';

const here = fileURLToPath(new URL('.', import.meta.url));

export interface ProcessResult {
  /** How it ended: the signal, or 'exit'. */
  end: string;
  /** Calls that changed the file system; known only if it was not killed. */
  steps?: number;
  error?: { code: string; chain: string[] };
  stderr: string;
}

/** A program that makes one backup in a separate process, bundled once so that it starts fast. */
export class BackupProgram {
  private readonly folder: string;
  private readonly file: string;

  private constructor(folder: string) {
    this.folder = folder;
    this.file = join(folder, 'doomed-process.mjs');
  }

  static async build(): Promise<BackupProgram> {
    // Inside the project, so that the bundle finds its native module.
    const folder = join(here, '..', '..', '.cache', `backup-program-${process.pid}`);
    mkdirSync(folder, { recursive: true });
    const program = new BackupProgram(folder);
    await build({
      entryPoints: [join(here, '../faults/doomed-process.ts')],
      outfile: program.file,
      bundle: true,
      packages: 'external',
      format: 'esm',
      platform: 'node',
      target: 'node20',
      logLevel: 'error',
    });
    return program;
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  /**
   * Runs it to its end. `killAt`: the step at which it kills itself, 0 = never. `before`: a command line to which it is appended.
   * `mounted`: a mount point.
   */
  async run(
    backupDir: string,
    from: BackupOptions['from'],
    {
      killAt = 0,
      options = {},
      before = [],
      mounted,
    }: { killAt?: number; options?: Partial<BackupOptions>; before?: string[]; mounted?: string | undefined } = {},
    onStart: (child: ChildProcess) => void = () => {},
  ): Promise<ProcessResult> {
    const job = JSON.stringify({ backupDir, from, options, killAt, mounted });
    const [command, ...args] = [...before, process.execPath, this.file, job];
    const child = spawn(command!, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    onStart(child);
    const [[, signal], stdout, stderr] = await Promise.all([
      once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>,
      text(child.stdout!),
      text(child.stderr!),
    ]);
    const last = stdout.trim().split('\n').at(-1);
    return { end: signal ?? 'exit', stderr, ...(last ? JSON.parse(last) : {}) };
  }
}
