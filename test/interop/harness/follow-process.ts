import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('../../../bin/graphkeep', import.meta.url));

interface Followed {
  kind: string;
  lastTransaction: number;
  behindMs: number;
}

interface Waiting {
  lastTransaction: number;
  transactionsBehind?: number;
}

interface FollowReport {
  fullBackups?: number;
  others?: { database: string; fullBackups: number }[];
}

type Line = { event: string; text?: string; database?: string; following?: Waiting } & Followed &
  Omit<FollowReport, 'others'> & { others?: (Waiting & { database: string; fullBackups: number })[] };

const ASK_MS = 300;

/** `graphkeep backup --follow` as a process, by its JSON lines. */
export class FollowProcess {
  private readonly steps: Followed[] = [];
  private readonly notes: string[] = [];
  private report: FollowReport = {};
  private state: readonly Waiting[] | undefined;
  private waiting: (() => void)[] = [];
  private exitCode: number | null | undefined;

  private constructor(private readonly child: ChildProcessByStdio<null, Readable, null>) {
    createInterface({ input: child.stdout }).on('line', (line) => this.take(JSON.parse(line)));
    child.once('close', (code) => {
      this.exitCode = code;
      this.wake();
    });
  }

  /** Resolves when the first step is made. `target`: a directory. */
  static start(directory: string, target: string): Promise<FollowProcess> {
    return FollowProcess.startWith(directory, [`--to=${target}`, '--follow', '--no-check-consistency']);
  }

  /** The same with these options. */
  static async startWith(directory: string, options: readonly string[]): Promise<FollowProcess> {
    const args = ['backup', `--from=file:${directory}`, ...options, '--json'];
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    const following = new FollowProcess(child);
    await following.reach(1);
    return following;
  }

  /** Resolves when a step is made that has begun after this call. */
  async nextWholeStep(): Promise<void> {
    await this.reach(this.steps.length + 2);
  }

  /** Resolves when nothing waits in any database, of a source that nobody writes any more. */
  async caughtUp(): Promise<void> {
    // The first answer may be of a moment before.
    for (let calm = 0; calm < 2; ) {
      this.state = undefined;
      this.child.kill('SIGUSR1');
      await sleep(ASK_MS);
      this.requireRunning();
      const isCalm = (this.state as readonly Waiting[] | undefined)?.every((each) => each.transactionsBehind === 0);
      calm = isCalm === true ? calm + 1 : 0;
    }
  }

  /** What was told of interruptions and the like. */
  get told(): readonly string[] {
    return this.notes;
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

  async stop(): Promise<FollowReport & { exitCode: number | null }> {
    await this.end('SIGTERM');
    const { fullBackups, others } = this.report;
    return {
      exitCode: this.exitCode ?? null,
      ...(fullBackups === undefined ? {} : { fullBackups }),
      ...(others && { others }),
    };
  }

  private async end(signal: NodeJS.Signals): Promise<void> {
    if (this.exitCode !== undefined) return;
    const closed = once(this.child, 'close');
    this.child.kill(signal);
    await closed;
  }

  private async reach(steps: number): Promise<void> {
    while (this.steps.length < steps) {
      this.requireRunning();
      await new Promise<void>((resolve) => this.waiting.push(resolve));
    }
  }

  private requireRunning(): void {
    if (this.exitCode === undefined) return;
    throw new Error(`graphkeep ended with ${this.exitCode}: ${this.notes.join('; ')}`);
  }

  private take(line: Line): void {
    if (line.event === 'followed' && line.database !== 'system') this.steps.push(line);
    if (line.event === 'state') this.state = line.following && [line.following, ...(line.others ?? [])];
    if (line.event === 'note') this.notes.push(line.text!);
    if (line.event === 'error') this.notes.push(JSON.stringify(line));
    if (line.event === 'report') this.report = line;
    this.wake();
  }

  private wake(): void {
    for (const resolve of this.waiting.splice(0)) resolve();
  }
}
