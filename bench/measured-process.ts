import { readdirSync, readFileSync } from 'node:fs';

const POLL_INTERVAL_MS = 5;

/** Tick of the kernel's processor time accounting, the same on every Linux. */
const TICK_MS = 10;

export interface Usage {
  /** Peak resident memory. */
  readonly peakBytes: number;
  /** Processor time, user and system. */
  readonly cpuMs: number;
}

/**
 * Tracks the resources of a process: VmHWM and the kernel's processor time, read until the process ends. Growth in its last milliseconds
 * may be missed.
 */
export class ProcessWatch {
  private peakBytes = 0;
  private cpuMs = 0;
  private readonly timer: NodeJS.Timeout;
  private pid: number | undefined;

  /** `find` returns the process once it runs. */
  constructor(find: () => number | undefined) {
    this.timer = setInterval(() => {
      this.pid ??= find();
      if (this.pid !== undefined) this.read(this.pid);
    }, POLL_INTERVAL_MS);
  }

  /** Ends the watch; throws if the process was never seen. */
  stop(): Usage {
    clearInterval(this.timer);
    if (this.peakBytes === 0) throw new Error('the memory of the process could not be read');
    return { peakBytes: this.peakBytes, cpuMs: this.cpuMs };
  }

  private read(pid: number): void {
    try {
      const peak = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'));
      if (peak !== null) this.peakBytes = Math.max(this.peakBytes, Number(peak[1]) * 1024);
      // After the name, which may contain anything: fields 14 to 17 are user and system time, its own and of children that have ended.
      const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ').at(-1)!.split(' ');
      const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
      this.cpuMs = Math.max(this.cpuMs, ticks * TICK_MS);
    } catch {
      // It has ended.
    }
  }
}

/** Finds the process with these words among its arguments. */
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
    // It has ended.
    return [];
  }
}
