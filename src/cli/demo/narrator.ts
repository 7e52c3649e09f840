import type { Reporter } from '../graphkeep/reporter.ts';

/** Tells a story in numbered steps: text for people, or one event per line for programs, as the reporter does. */
export class Narrator {
  private readonly reporter: Reporter;
  private steps = 0;

  constructor(reporter: Reporter) {
    this.reporter = reporter;
  }

  step(title: string): void {
    this.steps++;
    this.reporter.line(`${this.steps === 1 ? '' : '\n'}${this.steps}. ${title}`);
  }

  /** What a user would type for what happens now. */
  command(line: string): void {
    this.reporter.line(`   $ ${line}`);
  }

  /** What a command has printed. */
  output(lines: readonly string[]): void {
    for (const line of lines) this.reporter.line(`     ${line}`);
  }

  say(text: string): void {
    this.reporter.line(`   ${text}`);
  }

  progress(phase: string, done: number, total: number): void {
    this.reporter.progress({ phase, done, total });
  }
}

/** `12,345` */
export function formatCount(count: number): string {
  return count.toLocaleString('en-US');
}

export function formatSeconds(durationMs: number): string {
  return `${(durationMs / 1000).toFixed(1)} s`;
}
