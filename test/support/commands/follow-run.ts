import { setTimeout as sleep } from 'node:timers/promises';
import { runGraphkeep } from '../../../src/cli/graphkeep/front.ts';
import type { Line } from './json-run.ts';
import type { World } from './world.ts';

/** `graphkeep backup --follow` under way in this process, by its JSON lines. */
export class FollowRun {
  readonly lines: Line[] = [];
  readonly ended: Promise<Line & { exitCode: number }>;
  private readonly stopping = new AbortController();
  private waiting: { isIt(line: Line): boolean; resolve(line: Line): void }[] = [];
  private ask = () => {};

  constructor(world: World, args: readonly string[]) {
    let rest = '';
    const { runBackup: _, ...given } = world.context();
    const context = {
      ...given,
      signal: this.stopping.signal,
      stdout: (text: string) => {
        const complete = (rest + text).split('\n');
        rest = complete.pop()!;
        for (const json of complete) this.take(JSON.parse(json) as Line);
      },
      onStateRequest: (ask: () => void) => {
        this.ask = ask;
      },
    };
    this.ended = runGraphkeep(['backup', ...args, '--json'], context).then((exitCode) => ({
      ...this.lines.at(-1)!,
      exitCode,
    }));
  }

  /** Resolves with the next such line. */
  next(isIt: (line: Line) => boolean): Promise<Line> {
    const found = new Promise<Line>((resolve) => this.waiting.push({ isIt, resolve }));
    const ended = this.ended.then((line) => Promise.reject(new Error(`ended with ${JSON.stringify(line)}`)));
    return Promise.race([found, ended]);
  }

  /** Resolves when a backup is made that ends with a transaction, or is made already. */
  async reach(transaction: number, database = 'neo4j'): Promise<Line> {
    const isIt = (line: Line) =>
      line.event === 'followed' && line.database === database && line.lastTransaction === transaction;
    return this.lines.find(isIt) ?? (await this.next(isIt));
  }

  /** What SIGUSR1 is answered with, as soon as it is about all that is followed, and as wanted. */
  async state(isWanted: (line: Line) => boolean = () => true): Promise<Line> {
    for (;;) {
      const answer = this.next(({ event }) => event === 'state');
      this.ask();
      const state = await answer;
      if (state.following !== undefined && isWanted(state)) return state;
      await sleep(50);
    }
  }

  async stop(): Promise<Line & { exitCode: number }> {
    this.stopping.abort('SIGTERM');
    return await this.ended;
  }

  private take(line: Line): void {
    this.lines.push(line);
    for (const { resolve } of this.waiting.filter(({ isIt }) => isIt(line))) resolve(line);
    this.waiting = this.waiting.filter(({ isIt }) => !isIt(line));
  }
}
