import { readdirSync, readFileSync } from 'node:fs';

const POLL_INTERVAL_MS = 5;

/**
 * Follows the peak resident memory of a process: VmHWM of the kernel, read until the process is gone. What it gains in its last
 * milliseconds may be missed.
 */
export class PeakMemory {
  bytes = 0;
  private readonly timer: NodeJS.Timeout;
  private pid: number | undefined;

  /** `find` names the process as soon as it runs. */
  constructor(find: () => number | undefined) {
    this.timer = setInterval(() => {
      this.pid ??= find();
      if (this.pid !== undefined) this.bytes = Math.max(this.bytes, readPeakBytes(this.pid));
    }, POLL_INTERVAL_MS);
  }

  /** Ends the watch and returns the peak; throws if the process was never seen. */
  stop(): number {
    clearInterval(this.timer);
    if (this.bytes === 0) throw new Error('the memory of the process could not be read');
    return this.bytes;
  }
}

/** 0 if the process has ended. */
function readPeakBytes(pid: number): number {
  try {
    const match = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'));
    return match === null ? 0 : Number(match[1]) * 1024;
  } catch {
    return 0;
  }
}

/** The process with these words among its arguments. */
export function findProcess(program: string, words: readonly string[]): number | undefined {
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    const args = readArguments(entry);
    if (args[0]?.split('/').at(-1) === program && words.every((word) => args.includes(word))) return Number(entry);
  }
  return undefined;
}

function readArguments(pid: string): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  } catch {
    return [];
  }
}
