import { writeSync } from 'node:fs';

/**
 * One of the streams of this process. Writes are synchronous, so that lines keep their order and nothing is lost when the process ends.
 * Text that cannot be written is lost without further effect: reporting never affects the reported work.
 */
export class OutputStream {
  private readonly fd: number;
  private readonly onLoss: (code: string) => void;
  /** The reader has gone, as in `graphkeep ... | head`. */
  private isGone = false;
  /** A line was cut: the next text begins on a new line. */
  private isCut = false;
  private hasLost = false;

  /**
   * `onLoss` is called once, with the system's error code, if text is lost that somebody may wait for: on a full disk, not if the reader
   * went away.
   */
  constructor(fd: number, onLoss: (code: string) => void = () => {}) {
    this.fd = fd;
    this.onLoss = onLoss;
  }

  readonly write = (text: string): void => {
    if (this.isGone) return;
    let rest = Buffer.from(this.isCut ? `\n${text}` : text);
    this.isCut = false;
    while (rest.length > 0) {
      try {
        rest = rest.subarray(writeSync(this.fd, rest));
      } catch (error) {
        const { code = 'unknown' } = error as NodeJS.ErrnoException;
        if (code !== 'EAGAIN') {
          this.lose(code);
          return;
        }
        waitForReader();
      }
    }
  };

  private lose(code: string): void {
    if (code === 'EPIPE') {
      this.isGone = true;
      return;
    }
    this.isCut = true;
    if (this.hasLost) return;
    this.hasLost = true;
    this.onLoss(code);
  }
}

const pause = new Int32Array(new SharedArrayBuffer(4));

/** A non-blocking pipe is full. */
function waitForReader(): void {
  Atomics.wait(pause, 0, 0, 5);
}
