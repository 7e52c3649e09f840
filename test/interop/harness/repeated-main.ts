import { createInterface, type Interface } from 'node:readline';
import type { Child, Completed } from './child-process.ts';
import { type JavaOptions, startRepeated } from './java.ts';
import type { Version } from './releases.ts';

/** How a run of a main class ended. `code` null: it hung and was stopped after its time limit. */
export type RepeatedRun = Omit<Completed, 'signal'>;

/** A main class of a release in a separate JVM, which runs it repeatedly, one run after the other. */
export class RepeatedMain {
  private queue: Promise<unknown> = Promise.resolve();

  private constructor(
    private readonly child: Child,
    private readonly answers: AsyncIterator<string>,
    private readonly lines: Interface,
  ) {}

  static async start(version: Version, main: string, options: JavaOptions): Promise<RepeatedMain> {
    const child = await startRepeated(version, main, options);
    child.stderr.resume();
    const lines = createInterface({ input: child.stdout });
    return new RepeatedMain(child, lines[Symbol.asyncIterator](), lines);
  }

  /** Runs it once. Rejects if the JVM is gone. */
  run(args: readonly string[], limitMs: number): Promise<RepeatedRun> {
    const turn = this.queue.then(() => this.runNow(args, limitMs));
    this.queue = turn.catch(() => {});
    return turn;
  }

  /** Ends the JVM after the requested runs. */
  async end(): Promise<void> {
    await this.queue;
    const closed = new Promise((resolve) => this.child.once('close', resolve));
    this.lines.close();
    this.child.stdin.end();
    await closed;
  }

  private async runNow(args: readonly string[], limitMs: number): Promise<RepeatedRun> {
    if ([...args].some((arg) => /[\t\n\r]/.test(arg))) throw new Error(`not a line: ${JSON.stringify(args)}`);
    this.child.stdin.write(`${[limitMs, ...args].join('\t')}\n`);
    const { value, done } = await this.answers.next();
    const [code, stdout, stderr] = done ? [] : (value as string).split('\t');
    if (code === undefined || stdout === undefined || stderr === undefined || !/^(\d+|hung)$/.test(code)) {
      throw new Error(`no exit code of ${args.join(' ')}: ${done ? 'the JVM has ended' : value}`);
    }
    const decode = (text: string) => Buffer.from(text, 'base64').toString();
    return { code: code === 'hung' ? null : Number(code), stdout: decode(stdout), stderr: decode(stderr) };
  }
}
