import type { BackupEvents } from './backup-options.ts';

const MONITOR = 'o.n.b.i.BackupOutputMonitor';

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'];

/** Size as the manual prints it: `8.00 kB`. */
export function formatSize(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${value.toFixed(2)} ${UNITS[unit]}`;
}

/** `2026-11-22 08:48:53.032+0000`, UTC. */
function formatTime(time: Date): string {
  return time.toISOString().replace('T', ' ').replace('Z', '+0000');
}

/** Tells which file is copied, in the lines that the manual shows, and how far the copy is. */
export class CopyLog {
  private readonly events: BackupEvents;
  private files = 0;
  private bytes = 0;
  private phase = 'files';

  constructor(events: BackupEvents) {
    this.events = events;
  }

  begin(name: string): void {
    this.line(`Copying ${name}`);
  }

  advance(bytes: number): void {
    this.bytes += bytes;
    this.report();
  }

  end(name: string, size: number): void {
    this.files++;
    this.line(`Copied ${name} ${formatSize(size)}`);
    this.report();
  }

  /** A file that has ended is worthless: it comes again. */
  drop(): void {
    this.files--;
    this.report();
  }

  /** In the words of the Java tool (backup-command spec 3.4). */
  beginTransactions(first: number): void {
    this.line(`Start receiving transactions from ${first}`, MONITOR);
  }

  endTransactions(last: number): void {
    this.line(`Finish receiving transactions at ${last}`, MONITOR);
  }

  done(): void {
    this.line(`Done, copied ${this.files} files`);
  }

  enter(phase: string): void {
    this.phase = phase;
    this.report();
  }

  private line(text: string, logger = 'o.n.c.s.StoreCopyClient'): void {
    this.events.line(`${formatTime(new Date())} INFO  [${logger}] ${text}`);
  }

  private report(): void {
    this.events.progress?.({ bytes: this.bytes, files: this.files, phase: this.phase });
  }
}
