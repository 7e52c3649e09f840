import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { once } from 'node:events';

/** How a process has ended, and its complete lines of JSON. The exit code is null if it was killed. */
export interface EndedProcess<Line> {
  readonly exitCode: number | null;
  readonly lines: readonly Line[];
  readonly stderr: string;
}

/** Starts a program that prints lines of JSON. */
export function startJsonProcess<Line>(
  [command, ...args]: readonly [string, ...string[]],
  options: Pick<SpawnOptions, 'env'> = {},
): { child: ChildProcess; ended: Promise<EndedProcess<Line>> } {
  const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stdout!.on('data', (chunk: Buffer) => {
    stdout += chunk.toString();
  });
  child.stderr!.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  const ended = once(child, 'close').then(([exitCode]) => {
    const complete = stdout.split('\n').slice(0, -1);
    return { exitCode: exitCode as number | null, lines: complete.map((line) => JSON.parse(line) as Line), stderr };
  });
  return { child, ended };
}
