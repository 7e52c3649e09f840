import { formatBytes } from '../../config/sizes.ts';

/** Milliseconds between two pictures. */
const REDRAW_MS = 100;

const PART_COLUMNS = 30;

/** `phase [######------] 20 of 40` */
export function drawPart({ phase, done, total }: { phase: string; done: number; total: number }): string {
  return `${phase} ${drawBox(done, total)} ${done} of ${total}`;
}

/** Bytes of a known whole, and how long the rest may take. */
export interface BytesDone {
  phase: string;
  bytes: number;
  totalBytes: number;
  /** Undefined while nothing can be said. */
  leftMs?: number;
}

/** `phase [######------] 50 % of 1.20 GB, 20 s left` */
export function drawBytes({ phase, bytes, totalBytes, leftMs }: BytesDone): string {
  const percent = totalBytes === 0 ? 100 : Math.floor((100 * bytes) / totalBytes);
  const left = leftMs === undefined ? '' : `, ${describeTime(leftMs)} left`;
  return `${phase} ${drawBox(bytes, totalBytes)} ${percent} % of ${formatBytes(totalBytes)}${left}`;
}

function drawBox(done: number, total: number): string {
  const filled = total === 0 ? PART_COLUMNS : Math.min(PART_COLUMNS, Math.floor((PART_COLUMNS * done) / total));
  return `[${'#'.repeat(filled)}${'-'.repeat(PART_COLUMNS - filled)}]`;
}

function describeTime(ms: number): string {
  const seconds = Math.ceil(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.ceil(seconds / 60);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** Before that a rate says nothing. */
const RATE_FROM_MS = 1000;

/** How long the rest takes if it goes on like that; undefined at the beginning. */
export function estimateLeftMs(elapsedMs: number, done: number, total: number): number | undefined {
  if (elapsedMs < RATE_FROM_MS || done === 0) return undefined;
  return (elapsedMs * Math.max(0, total - done)) / done;
}

/** One line at the bottom of a terminal that is drawn over and over. */
export class ProgressBar {
  private readonly write: (text: string) => void;
  private readonly columns: () => number;
  private readonly clock: () => number;
  private drawnAt = Number.NEGATIVE_INFINITY;
  private isVisible = false;

  constructor(write: (text: string) => void, columns: () => number, clock: () => number) {
    this.write = write;
    this.columns = columns;
    this.clock = clock;
  }

  show(text: string): void {
    const now = this.clock();
    if (now - this.drawnAt < REDRAW_MS) return;
    this.drawnAt = now;
    this.isVisible = true;
    // The last column stays free: some terminals wrap as soon as it is written.
    this.write(`\r${text.slice(0, Math.max(1, this.columns() - 1))}\x1b[K`);
  }

  /** Makes room for a line of text. */
  clear(): void {
    if (this.isVisible) this.write('\r\x1b[K');
    this.isVisible = false;
    this.drawnAt = Number.NEGATIVE_INFINITY;
  }
}
