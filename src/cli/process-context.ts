import { isatty } from 'node:tty';
import { GraphkeepError } from '../base/errors.ts';
import { lowerPriority } from '../base/low-priority.ts';
import type { CommandContext, Terminal } from './command-context.ts';
import { isStop, stopCodes } from './failure-lines.ts';
import { OutputStream } from './output-stream.ts';

/**
 * The context of this process. SIGINT, SIGTERM and SIGHUP (the terminal was closed) abort the command; a second one ends the process at
 * once.
 */
export function createProcessContext(): CommandContext {
  const lost = { stdout: false };
  const stderr = new OutputStream(2);
  const stdout = new OutputStream(1, (code) => {
    lost.stdout = true;
    stderr.write(`The output cannot be written (${code}): some of it is lost. The work goes on.\n`);
  });
  return {
    env: process.env,
    get cwd() {
      return workingDirectory();
    },
    stdout: stdout.write,
    stderr: stderr.write,
    hasLostOutput: () => lost.stdout,
    signal: abortOnSignals(),
    ...(isatty(2) && process.env.TERM !== 'dumb' ? { terminal: processTerminal() } : {}),
    onStateRequest: listenToStateRequests(),
    now: () => new Date(),
    lowerPriority,
  };
}

function processTerminal(): Terminal {
  return {
    // Some terminals do not know their size and report 0.
    get columns() {
      return process.stderr.columns || 80;
    },
    // https://no-color.org: set and not empty.
    hasColor: !process.env.NO_COLOR,
  };
}

/** Handles SIGUSR1 from the start: otherwise Node would open a port for a debugger. Windows has no such signal. */
function listenToStateRequests(): (listener: () => void) => void {
  let current = () => {};
  if (process.platform !== 'win32') process.on('SIGUSR1', () => current());
  return (listener) => {
    current = listener;
  };
}

function abortOnSignals(): AbortSignal {
  const controller = new AbortController();
  for (const name of Object.keys(stopCodes).filter(isStop)) {
    process.on(name, () => {
      if (controller.signal.aborted) process.exit(stopCodes[name]);
      controller.abort(name);
    });
  }
  return controller.signal;
}

/** Read only by commands that need it: help can be shown anywhere. */
function workingDirectory(): string {
  try {
    return process.cwd();
  } catch (error) {
    throw new GraphkeepError('directory.missing', 'the working directory was removed, or cannot be reached', {
      observed: error instanceof Error ? error.message : String(error),
      hint: 'Change to a directory that exists (cd), then run the command again.',
      cause: error,
    });
  }
}
