import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { canViewReadOnly, viewedReadOnly } from './read-only-view.ts';
import { canTrace, harmfulCalls, traced, tracedCalls } from './traced-calls.ts';

const program = join(import.meta.dirname, '../../../bin/graphkeep');

/** Runs the program as a user does, to back up a database from its files. Returns the kind of backup that it reports. */
export async function backUpFiles(from: string, to: string, before: readonly string[] = []): Promise<string> {
  const args = ['backup', `--from=file:${from}`, `--to=${to}`, '--check-consistency=false', '--json'];
  const [command, ...words] = [...before, process.execPath, program, ...args];
  const { stdout } = await promisify(execFile)(command!, words, { cwd: '/', maxBuffer: 1 << 26 });
  return JSON.parse(stdout.trim().split('\n').at(-1)!).kind;
}

/**
 * Backs up a database where the program cannot write to its directories, and with its system calls traced; each as far as the machine
 * allows. The database itself is not restricted, and may be written meanwhile.
 */
export class WatchedProgram {
  private readonly from: string;
  private readonly calls: string;

  /** `from`: as after `file:`. `scratch`: an existing directory elsewhere. */
  constructor(from: string, scratch: string) {
    this.from = from;
    this.calls = join(scratch, 'calls');
    mkdirSync(this.calls);
  }

  async backUp(to: string): Promise<string> {
    return await backUpFiles(this.from, to, this.watching());
  }

  /** Serves the database while `work` is done with the port of the program. */
  async serveWhile(work: (port: number) => Promise<void>): Promise<void> {
    const args = ['serve', `--live=${this.from}`, '--listen=127.0.0.1:20000-60000', '--json'];
    const [command, ...words] = [...this.watching(), process.execPath, program, ...args];
    // A group of its own: a signal for whoever traces the program would not reach the program.
    const child = spawn(command!, words, { cwd: '/', detached: true, stdio: ['ignore', 'pipe', 'inherit'] });
    const ended = once(child, 'close');
    try {
      child.stdout.setEncoding('utf8');
      let output = '';
      for await (const text of child.stdout) {
        output += text;
        const [, port] = /"address":"127\.0\.0\.1:(\d+)"/.exec(output) ?? [];
        if (port === undefined) continue;
        await work(Number(port));
        break;
      }
    } finally {
      process.kill(-child.pid!, 'SIGTERM');
      await ended;
    }
  }

  private watching(): string[] {
    return [...(canViewReadOnly ? viewedReadOnly(this.from) : []), ...(canTrace ? traced(this.calls) : [])];
  }

  /** Calls of all runs that would have changed or locked something. */
  get harmful(): string[] {
    return harmfulCalls(this.calls, this.from);
  }

  /** How many calls opened a file with this in its name; undefined if calls are not traced. */
  countOpened(name: string): number | undefined {
    if (!canTrace) return undefined;
    const opened = (line: string) => /^open(at|at2)?\(/.test(line) && line.includes(this.from) && line.includes(name);
    return tracedCalls(this.calls).filter(opened).length;
  }
}
