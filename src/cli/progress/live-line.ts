/** Milliseconds between two redraws. */
const REDRAW_MS = 100;

/** One line at the bottom of a terminal that is redrawn again and again. */
export class LiveLine {
  private readonly write: (text: string) => void;
  private readonly clock: () => number;
  private drawnAt = Number.NEGATIVE_INFINITY;
  private isVisible = false;

  /** `write`: writes to the terminal, including cursor movements. `clock`: in milliseconds. */
  constructor(write: (text: string) => void, clock: () => number) {
    this.write = write;
    this.clock = clock;
  }

  /** Calls `draw` only if it is time for a redraw. Its text must fit into the line and be safe for a terminal. */
  show(draw: () => string): void {
    const now = this.clock();
    if (now - this.drawnAt < REDRAW_MS) return;
    this.drawnAt = now;
    this.isVisible = true;
    this.write(`\r${draw()}\x1b[K`);
  }

  /** Makes room for a line of text. */
  clear(): void {
    if (this.isVisible) this.write('\r\x1b[K');
    this.isVisible = false;
    this.drawnAt = Number.NEGATIVE_INFINITY;
  }
}
