/** Receives the story: lines, and the progress of a step. */
export interface Audience {
  line(text: string): void;
  progress(done: { phase: string; done: number; total: number }): void;
}

/** Tells a story in numbered steps: text for people, or one JSON event per line for programs, as the audience prefers. */
export class Narrator {
  private readonly audience: Audience;
  private steps = 0;

  constructor(audience: Audience) {
    this.audience = audience;
  }

  step(title: string): void {
    this.steps++;
    this.audience.line(`${this.steps === 1 ? '' : '\n'}${this.steps}. ${title}`);
  }

  /** The command line that a user would type for the next step. */
  command(line: string): void {
    this.audience.line(`   $ ${line}`);
  }

  /** The output of a command. */
  output(lines: readonly string[]): void {
    for (const line of lines) this.audience.line(`     ${line}`);
  }

  say(text: string): void {
    this.audience.line(`   ${text}`);
  }

  progress(phase: string, done: number, total: number): void {
    this.audience.progress({ phase, done, total });
  }
}

/** `12,345` */
export function formatCount(count: number): string {
  return count.toLocaleString('en-US');
}

export function formatSeconds(durationMs: number): string {
  return `${(durationMs / 1000).toFixed(1)} s`;
}
