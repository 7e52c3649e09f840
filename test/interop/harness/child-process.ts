import { type ChildProcessByStdio, spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';

export type Child = ChildProcessByStdio<Writable, Readable, Readable>;

export interface Completed {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

const alive = new Set<Child>();
process.once('exit', () => {
  for (const child of alive) child.kill('SIGKILL');
});

/** Kills every process started here that still runs, and waits for their ends. */
export async function killChildren(): Promise<void> {
  await Promise.all(
    [...alive].map((child) => {
      const end = new Promise((resolve) => child.once('close', resolve));
      child.kill('SIGKILL');
      return end;
    }),
  );
}

/** Starts a process that is killed with ours. Its standard input stays open until then. */
export function startProcess(command: string, args: readonly string[], options: ProcessOptions = {}): Child {
  const child = spawn(command, args, {
    stdio: ['pipe', 'pipe', 'pipe'],
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    env: { ...process.env, ...options.env },
  });
  child.stdin.on('error', () => {});
  alive.add(child);
  child.once('close', () => alive.delete(child));
  child.once('error', () => alive.delete(child)); // Never started.
  return child;
}

export interface ProcessOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
}

/** Runs a process to its end and returns what it printed; rejects only if it cannot be started. */
export function runProcess(command: string, args: readonly string[], options: ProcessOptions = {}): Promise<Completed> {
  return new Promise((resolve, reject) => {
    const child = startProcess(command, args, options);
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
    const timer = setTimeout(() => child.kill('SIGKILL'), options.timeoutMs ?? 900_000);
    child.once('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
    child.once('close', (code, signal) => {
      clearTimeout(timer);
      resolve({ code, signal, stdout: Buffer.concat(stdout).toString(), stderr: Buffer.concat(stderr).toString() });
    });
  });
}

/** `runProcess`, but a failure is an error that shows the output. */
export async function runOrThrow(
  command: string,
  args: readonly string[],
  options: ProcessOptions = {},
): Promise<Completed> {
  const done = await runProcess(command, args, options);
  if (done.code !== 0) {
    const end = done.code === null ? `signal ${done.signal}` : `exit ${done.code}`;
    throw new Error(`${command} ${args.join(' ')}: ${end}\n${done.stdout}${done.stderr}`);
  }
  return done;
}
