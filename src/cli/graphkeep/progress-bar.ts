/** Milliseconds between two pictures. */
const REDRAW_MS = 100;

const PART_COLUMNS = 30;

/** `phase [######------] 20 of 40` */
export function drawPart({ phase, done, total }: { phase: string; done: number; total: number }): string {
  const filled = total === 0 ? PART_COLUMNS : Math.min(PART_COLUMNS, Math.floor((PART_COLUMNS * done) / total));
  return `${phase} [${'#'.repeat(filled)}${'-'.repeat(PART_COLUMNS - filled)}] ${done} of ${total}`;
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
