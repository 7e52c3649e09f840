import { type ChildProcess, spawn } from 'node:child_process';
import type { Writable } from 'node:stream';
import { throwIfCancelled } from '../../../base/cancellation.ts';
import { startTimer } from '../../../base/timers.ts';
import type { Environment } from './java-program.ts';

/**
 * The program takes the place of the shell. Beside it waits a subshell for a line on a pipe that only this process can write: if the pipe
 * ends without one, this process was killed, and the subshell kills the program.
 */
const TETHER = '(read -r _ <&3 || kill -KILL $$) >/dev/null 2>&1 & exec "$@" 3<&- </dev/null';
/** So much of the end of what it prints is kept. */
const KEPT_CHARACTERS = 65_536;

export interface TetheredOptions {
  readonly cwd: string;
  readonly env: Environment;
}

/** A program that cannot outlive this process, however that ends. It gets no signals of the terminal: who starts it stops it. */
export class TetheredProgram {
  /** Resolves with the exit code, or null if it was killed or could not be started. */
  readonly ended: Promise<number | null>;
  private readonly child: ChildProcess;
  private printed = '';
  private hasEnded = false;

  private constructor(child: ChildProcess) {
    this.child = child;
    const keep = (text: string): void => {
      this.printed = (this.printed + text).slice(-KEPT_CHARACTERS);
    };
    for (const stream of [child.stdout!, child.stderr!]) stream.setEncoding('utf8').on('data', keep);
    const tether = child.stdio[3] as Writable;
    // It breaks when the program was killed together with its tether.
    tether.on('error', () => {});
    this.ended = new Promise((resolve) => {
      const end = (code: number | null): void => {
        this.hasEnded = true;
        resolve(code);
      };
      child.once('error', (error) => {
        keep(error.message);
        end(null);
      });
      // The pipe of the tether stays open until the subshell is told to go.
      child.once('exit', () => tether.end('\n'));
      child.once('close', end);
    });
  }

  static start([program, ...args]: readonly [string, ...string[]], { cwd, env }: TetheredOptions): TetheredProgram {
    const child = spawn('/bin/sh', ['-c', TETHER, 'sh', program, ...args], {
      cwd,
      env,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    });
    return new TetheredProgram(child);
  }

  get isRunning(): boolean {
    return !this.hasEnded;
  }

  /** The end of what it printed. */
  get output(): string {
    return this.printed;
  }

  /** Asks it to end. @returns the exit code, or undefined if it still runs after that time */
  async terminate(withinMs: number): Promise<number | null | undefined> {
    this.child.kill('SIGTERM');
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<undefined>((resolve) => {
      timer = startTimer(() => resolve(undefined), withinMs);
    });
    try {
      return await Promise.race([this.ended, late]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Works with it; an interruption kills it at once. @throws GraphkeepError `cancelled` when the work has ended */
  async during<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    const onAbort = (): void => void this.kill();
    signal.addEventListener('abort', onAbort);
    let result: T;
    try {
      result = await work();
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
    throwIfCancelled(signal);
    return result;
  }

  /** Resolves when it is gone; does nothing if it is. */
  async kill(): Promise<void> {
    if (this.isRunning) this.child.kill('SIGKILL');
    await this.ended;
  }
}
