const ESCAPE = '\x1b';
const ERASE = `${ESCAPE}[K`;
/** A sequence that moves or paints, a control character, or plain text. */
const PART = new RegExp(`${ESCAPE}\\[[\\d;]*[A-Za-z]|[\\r\\n]|[^${ESCAPE}\\r\\n]+`, 'g');

/** What a terminal shows of the output of one command: the lines at its end, and the pictures of the live line before. */
export class TerminalScreen {
  private readonly rows: string[] = [''];
  private column = 0;
  /** Each picture of the live line, in order. `row`: the line of text that stands there at the end, from 0. */
  readonly pictures: { row: number; text: string }[] = [];

  /** `output`: text with carriage returns, line breaks, and of all sequences only erasing and colours. */
  write(output: string): void {
    for (const [part] of output.matchAll(PART)) this.take(part);
  }

  /** The lines as they stand there now, without empty ones at the end. */
  get lines(): string[] {
    return this.rows.join('\n').trimEnd().split('\n');
  }

  private take(part: string): void {
    const row = this.rows.at(-1)!;
    if (part === '\r') {
      this.column = 0;
    } else if (part === '\n') {
      this.rows.push('');
      this.column = 0;
    } else if (part === ERASE) {
      this.rows[this.rows.length - 1] = row.slice(0, this.column);
      if (this.column > 0) this.pictures.push({ row: this.rows.length - 1, text: row.slice(0, this.column) });
    } else if (!part.startsWith(ESCAPE)) {
      this.rows[this.rows.length - 1] =
        row.slice(0, this.column).padEnd(this.column) + part + row.slice(this.column + part.length);
      this.column += part.length;
    } else if (!part.endsWith('m')) {
      throw new Error(`an unknown sequence: ${JSON.stringify(part)}`);
    }
  }
}
