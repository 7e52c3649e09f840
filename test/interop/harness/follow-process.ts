import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('../../../bin/graphkeep', import.meta.url));

interface Followed {
  kind: string;
  lastTransaction: number;
  behindMs: number;
}

/** `graphkeep backup --follow` as a process, by its JSON lines. */
export class FollowProcess {
  private readonly steps: Followed[] = [];
  private readonly notes: string[] = [];
  private report: { fullBackups?: number } = {};
  private waiting: (() => void)[] = [];
  private exitCode: number | null | undefined;

  private constructor(private readonly child: ChildProcessByStdio<null, Readable, null>) {
    createInterface({ input: child.stdout }).on('line', (line) => this.take(JSON.parse(line)));
    child.once('close', (code) => {
      this.exitCode = code;
      this.wake();
    });
  }

  /** Resolves when the first step is made. */
  static async start(directory: string, target: string): Promise<FollowProcess> {
    const args = [
      'backup',
      `--from=file:${directory}`,
      `--to=${target}`,
      '--follow',
      '--no-check-consistency',
      '--json',
    ];
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    const following = new FollowProcess(child);
    await following.reach(1);
    return following;
  }

  /** Resolves when a step is made that has begun after this call. */
  async nextWholeStep(): Promise<void> {
    await this.reach(this.steps.length + 2);
  }

  /** Of the steps after the first one. */
  describe(): string {
    const behind = this.steps.slice(1).map(({ behindMs }) => behindMs);
    const mean = behind.reduce((sum, ms) => sum + ms, 0) / Math.max(1, behind.length);
    return `${behind.length} steps, ${Math.round(mean)} ms behind on average, ${Math.max(0, ...behind)} ms at most`;
  }

  async kill(): Promise<void> {
    await this.end('SIGKILL');
  }

  async stop(): Promise<{ exitCode: number | null; fullBackups: number | undefined }> {
    await this.end('SIGTERM');
    return { exitCode: this.exitCode ?? null, fullBackups: this.report.fullBackups };
  }

  private async end(signal: NodeJS.Signals): Promise<void> {
    if (this.exitCode !== undefined) return;
    const closed = once(this.child, 'close');
    this.child.kill(signal);
    await closed;
  }

  private async reach(steps: number): Promise<void> {
    while (this.steps.length < steps) {
      if (this.exitCode !== undefined) {
        throw new Error(`graphkeep ended with ${this.exitCode}: ${this.notes.join('; ')}`);
      }
      await new Promise<void>((resolve) => this.waiting.push(resolve));
    }
  }

  private take(line: { event: string; text?: string; message?: string } & Followed & { fullBackups?: number }): void {
    if (line.event === 'followed') this.steps.push(line);
    if (line.event === 'note') this.notes.push(line.text!);
    if (line.event === 'error') this.notes.push(JSON.stringify(line));
    if (line.event === 'report') this.report = line;
    this.wake();
  }

  private wake(): void {
    for (const resolve of this.waiting.splice(0)) resolve();
  }
}
