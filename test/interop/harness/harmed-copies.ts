import type { ChildProcess } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { cp, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { Dice } from '../../../src/base/dice.ts';
import type { BusyServer } from './busy-server.ts';
import { type EndedProcess, startJsonProcess } from './json-process.ts';
import { makeScratch } from './scratch.ts';

const program = fileURLToPath(new URL('../../../bin/graphkeep', import.meta.url));
/** A clock that is an hour off, in another direction each time it is read. */
const jumpingClock = `data:text/javascript,${encodeURIComponent(`
  const real = Date.now; let ahead = 1;
  Date.now = () => real() + (ahead = -ahead) * 3600000;
`)}`;
/** Slow enough for a harm to come in the middle. */
const RATE = '4m';
/** More than the log of a step, less than a store. In blocks of 512 bytes. */
const SMALL_FILE_BLOCKS = 400;

/** What may happen to a copy. */
export const harms = [
  'schema changes',
  'fast rotation',
  'server killed',
  'server restarted',
  'server frozen',
  'jumping clock',
  'directory swapped',
  'full disk',
  'graphkeep killed',
] as const;
export type Harm = (typeof harms)[number];

interface Failure {
  code?: string;
  message?: string;
  hint?: string;
}

type Ended = EndedProcess<Failure & { event: string; attempts?: Failure[] }>;

/** One backup directory, to which harmed copies are made one after the other. */
export class HarmedCopies {
  readonly counts = { right: 0, refused: 0 };
  private readonly folder = makeScratch('harmed');
  private readonly target = path.join(this.folder, 'live');
  private readonly dice: Dice;
  /** What the backup in the target holds at least; undefined if there is none. */
  private held: readonly number[] | undefined;

  constructor(
    private readonly busy: BusyServer,
    seed: number,
  ) {
    this.dice = new Dice(seed);
  }

  /**
   * Makes a copy, full or incremental, while `harm` happens. It must be right, or end with a clear error and leave the old backup as it
   * was. Nothing else may be left.
   */
  async make(harm: Harm): Promise<string> {
    if (this.dice.chance(0.3)) await this.removeBackups();
    await this.busy.ledger.advance(20);
    const atLeast = this.busy.ledger.acknowledged();
    const ended = await this.run(harm);
    const killed = ended.exitCode === null;
    const outcome = killed ? 'killed' : ended.exitCode === 0 ? 'right' : this.describeRefusal(harm, ended);
    if (ended.exitCode === 0) this.held = atLeast;
    if (killed) {
      // The next run must find its way, whatever was left.
      const again = await this.start([]).ended;
      expect({ exitCode: again.exitCode, lines: again.lines.slice(-1) }).toMatchObject({ exitCode: 0 });
      this.held = atLeast;
    }
    const others = readdirSync(this.folder).filter((name) => !/^live(\.err\.\d+)?$/.test(name));
    expect(others).toEqual([]);
    const { held } = this;
    // The processor is for the judge meanwhile.
    if (held !== undefined) await this.busy.frozen(() => this.busy.judge(this.target, held));
    else expect(existsSync(this.target)).toBe(false);
    this.counts[outcome.startsWith('refused') ? 'refused' : 'right']++;
    return outcome;
  }

  private describeRefusal(harm: Harm, { lines, stderr }: Ended): string {
    const error = lines.at(-1);
    expect({ harm, event: error?.event, stderr }).toEqual({ harm, event: 'error', stderr: '' });
    expect(error!.code).not.toMatch(/^(internal|cancelled)$/);
    expect(error!.hint).toBeTruthy();
    const { code, message } = error!.attempts?.at(-1) ?? error!;
    return `refused: ${code}, ${message}`;
  }

  private async removeBackups(): Promise<void> {
    for (const name of readdirSync(this.folder)) await rm(path.join(this.folder, name), { recursive: true });
    this.held = undefined;
  }

  private async run(harm: Harm): Promise<Ended> {
    const before = harm === 'full disk' ? ['sh', '-c', `ulimit -f ${SMALL_FILE_BLOCKS}; exec "$@"`, 'sh'] : [];
    const options = harm === 'jumping clock' ? ['--import', jumpingClock] : [];
    const { child, ended } = this.start(before, options);
    const [result] = await Promise.all([ended, this.harm(harm, child, ended)]);
    return result;
  }

  private start(
    before: readonly string[],
    nodeOptions: readonly string[] = [],
  ): { child: ChildProcess; ended: Promise<Ended> } {
    const { directory } = this.busy.place;
    const job = ['backup', `--from=file:${directory}`, `--to=${this.target}`, `--rate-limit=${RATE}`, '--json'];
    const words = [...before, process.execPath, ...nodeOptions, program, ...job, '--no-check-consistency'];
    return startJsonProcess(words as [string, ...string[]]);
  }

  private async harm(harm: Harm, child: ChildProcess, ended: Promise<unknown>): Promise<void> {
    const { busy, dice } = this;
    let isEnded = false;
    const watching = ended.then(() => {
      isEnded = true;
    });
    await Promise.race([pause(dice.between(100, 1500)), watching]);
    switch (harm) {
      case 'schema changes':
        for (let change = 0; !isEnded; change++) await busy.changeSchema(change);
        return;
      case 'fast rotation':
        while (!isEnded) await busy.writeMuch();
        return;
      case 'server killed':
        await busy.restart('kill');
        return;
      case 'server restarted':
        await busy.restart('stop');
        return;
      case 'server frozen':
        await busy.frozen(() => Promise.race([watching, pause(5000)]));
        return;
      case 'directory swapped': {
        const { directory } = busy.place;
        const aside = `${directory}.aside`;
        await busy.whileStopped(async () => {
          await rename(directory, aside);
          await pause(dice.between(0, 300));
          await cp(aside, directory, { recursive: true });
          await rm(aside, { recursive: true });
        });
        return;
      }
      case 'graphkeep killed':
        child.kill('SIGKILL');
        return;
      case 'jumping clock':
      case 'full disk':
        return;
      default:
        harm satisfies never;
    }
  }
}
