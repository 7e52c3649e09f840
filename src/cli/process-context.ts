import { writeSync } from 'node:fs';
import type { CommandContext } from './command-context.ts';

const EXIT_CODES = { SIGINT: 130, SIGTERM: 143 } as const;

/** The context of this process. SIGINT and SIGTERM abort the command; a second one ends the process at once. */
export function createProcessContext(): CommandContext {
  const controller = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => {
      if (controller.signal.aborted) process.exit(EXIT_CODES[name]);
      controller.abort(name);
    });
  }
  return {
    env: process.env,
    cwd: process.cwd(),
    stdout: (text) => writeFully(1, text),
    stderr: (text) => writeFully(2, text),
    signal: controller.signal,
    // Some terminals do not know their size and say 0.
    ...(process.stderr.isTTY ? { terminal: { columns: process.stderr.columns || 80 } } : {}),
    now: () => new Date(),
  };
}

/** Written before the call returns, so that the order of lines holds and nothing is lost when the process ends. */
function writeFully(fd: number, text: string): void {
  let rest = Buffer.from(text);
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(fd, rest));
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EAGAIN') waitForReader();
      // The reader has gone, as in `graphkeep ... | head`: what is left interests nobody, the work goes on.
      else if (code === 'EPIPE') return;
      else throw error;
    }
  }
}

const pause = new Int32Array(new SharedArrayBuffer(4));

/** A pipe that does not block is full. */
function waitForReader(): void {
  Atomics.wait(pause, 0, 0, 5);
}
