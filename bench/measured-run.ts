import { type Completed, startProcess } from '../test/interop/harness/child-process.ts';
import { ProcessWatch, type Usage } from './measured-process.ts';

export interface MeasuredRun extends Usage, Completed {
  readonly startedAt: number;
  readonly durationMs: number;
}

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Called with all of stdout so far. */
  readonly onStdout?: (stdout: string) => void;
}

/** Runs one of our programs to its end, and measures it. */
export async function runMeasured(
  command: string,
  args: readonly string[],
  { onStdout, ...options }: RunOptions = {},
): Promise<MeasuredRun> {
  const startedAt = performance.now();
  const child = startProcess(command, args, options);
  const watch = new ProcessWatch(() => child.pid);
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk;
    onStdout?.(stdout);
  });
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk;
  });
  const ended = await new Promise<Pick<Completed, 'code' | 'signal'>>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ code, signal }));
  });
  const durationMs = performance.now() - startedAt;
  return { startedAt, durationMs, ...watch.stop(), ...ended, stdout, stderr };
}
