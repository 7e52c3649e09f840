import { startTimer } from '../../base/timers.ts';

/** Milliseconds between two redraws. */
const REDRAW_MS = 100;

/** One line at the bottom of a terminal that is redrawn again and again. */
export class LiveLine {
  private readonly write: (text: string) => void;
  private readonly clock: () => number;
  private drawnAt = Number.NEGATIVE_INFINITY;
  private isVisible = false;
  private waiting: { draw: () => string; timer: NodeJS.Timeout } | undefined;

  /** `write`: writes to the terminal, including cursor movements. `clock`: in milliseconds. */
  constructor(write: (text: string) => void, clock: () => number) {
    this.write = write;
    this.clock = clock;
  }

  /**
   * Draws at once, or as soon as it is time for a redraw. The last call is always drawn, because a long silence may follow it. The text of
   * `draw` must fit into the line and be safe for a terminal.
   */
  show(draw: () => string): void {
    const waitMs = this.drawnAt + REDRAW_MS - this.clock();
    if (waitMs <= 0) this.draw(draw);
    else if (this.waiting === undefined) {
      const timer = startTimer(() => this.waiting !== undefined && this.draw(this.waiting.draw), waitMs).unref();
      this.waiting = { draw, timer };
    } else this.waiting.draw = draw;
  }

  /** Makes room for a line of text. */
  clear(): void {
    this.forget();
    if (this.isVisible) this.write('\r\x1b[K');
    this.isVisible = false;
    this.drawnAt = Number.NEGATIVE_INFINITY;
  }

  private draw(draw: () => string): void {
    this.forget();
    this.drawnAt = this.clock();
    this.isVisible = true;
    this.write(`\r${draw()}\x1b[K`);
  }

  private forget(): void {
    clearTimeout(this.waiting?.timer);
    this.waiting = undefined;
  }
}
