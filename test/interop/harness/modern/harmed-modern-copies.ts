import type { ChildProcess } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { Dice } from '../../../../src/base/dice.ts';
import { canMount, SmallDisk } from '../../../support/faults/small-disk.ts';
import { graphkeep } from '../graphkeep.ts';
import { type EndedProcess, startJsonProcess } from '../json-process.ts';
import { makeScratch } from '../scratch.ts';
import type { BusyModernServer } from './busy-modern-server.ts';
import { judgeMoment, type ModernMoment } from './modern-moment.ts';

const program = fileURLToPath(new URL('../../../../bin/graphkeep', import.meta.url));
const NEWEST = '2026.08.1';
const DISK_BYTES = 1024 ** 3;

/** What may happen to a backup. The disk can be full only where one can be mounted. */
export const modernHarms = [
  'schema changes',
  'fast rotation',
  'server killed',
  'server killed before',
  'server restarted',
  'server frozen',
  'server upgraded before',
  'older copy swapped in before',
  'other database swapped in before',
  'graphkeep killed',
  ...(canMount ? (['full disk'] as const) : []),
] as const;
export type ModernHarm = (typeof modernHarms)[number];

interface Failure {
  readonly code?: string;
  readonly message?: string;
  readonly hint?: string;
}

interface Line extends Failure {
  readonly event: string;
  readonly kind?: string;
  readonly lastTransaction?: number;
  readonly fallback?: { readonly reason: string };
  readonly attempts?: readonly Failure[];
}

type Ended = EndedProcess<Line>;

/** A repository into which a server is backed up again and again while harm comes to it. */
export class HarmedModernCopies {
  readonly counts = { right: 0, refused: 0, killed: 0 };
  private readonly dice: Dice;
  private readonly state = makeScratch('state');
  private readonly disk = new SmallDisk(makeScratch('harmed'));
  private readonly repository = path.join(this.disk.path, 'repository');
  private readonly repo = `--repo=${this.repository}`;
  /** The last moment that is in the repository, if there is one. */
  private held: ModernMoment | undefined;
  /** An earlier copy of the database, of the server as it is now. */
  private kept: string | undefined;
  private hasRepository = false;

  constructor(
    private readonly busy: BusyModernServer,
    seed: number,
    /** The part of the rounds after which the official checker looks too. */
    private readonly checked = 0.4,
  ) {
    this.dice = new Dice(seed);
    if (canMount) this.disk.mount(`size=${DISK_BYTES}`);
  }

  /** The last round is over. */
  close(): void {
    if (canMount) this.disk.unmount();
  }

  /**
   * Makes a backup, full or incremental, while `harm` happens. It must be right, or end with a clear error and leave what the repository
   * had as it was.
   */
  async make(harm: ModernHarm): Promise<string> {
    const { busy, dice } = this;
    if (!this.hasRepository || dice.chance(0.2)) await this.beginRepository();
    await busy.advance(20);
    await this.harmBefore(harm);
    const atLeast = busy.acknowledged();
    const isFull = this.held === undefined || dice.chance(0.35);
    const ended = await this.run(harm, isFull ? ['--full'] : []);
    const outcome = this.describe(harm, ended);
    if (ended.exitCode === 0) this.hold(ended, atLeast);
    if (ended.exitCode === null) {
      // The next run must find its way, whatever was left.
      const again = await this.start([]).ended;
      expect({ harm, exitCode: again.exitCode, last: again.lines.at(-1) }).toMatchObject({ exitCode: 0 });
      this.hold(again, atLeast);
    }
    if (this.held !== undefined) {
      const check = dice.chance(this.checked);
      expect(await judgeMoment(this.repo, this.held, { check }), `${harm}: ${outcome}`).toEqual([]);
    }
    return outcome;
  }

  private hold({ lines }: Ended, atLeast: readonly number[]): void {
    const { version, seed } = this.busy;
    const transaction = lines.at(-1)!.lastTransaction!;
    this.held = { version, seed, transaction, atLeast, atMost: this.busy.sent() };
  }

  private describe(harm: ModernHarm, { exitCode, lines, stderr }: Ended): string {
    if (exitCode === null) {
      this.counts.killed++;
      return 'killed, and the next backup is right';
    }
    const last = lines.at(-1);
    if (exitCode === 0) {
      this.counts.right++;
      const reason = last!.fallback === undefined ? '' : `, as ${last!.fallback.reason}`;
      return `right, ${last!.kind}${reason}`;
    }
    this.counts.refused++;
    expect({ harm, event: last?.event, stderr }).toEqual({ harm, event: 'error', stderr: '' });
    const { code, message, hint } = last!.attempts?.at(-1) ?? last!;
    expect(code).not.toMatch(/^(internal|cancelled)$/);
    return `refused: ${code}, ${message}; ${hint ?? 'no hint'}`;
  }

  private async beginRepository(): Promise<void> {
    await rm(this.repository, { recursive: true, force: true });
    mkdirSync(this.repository, { recursive: true });
    await graphkeep('repo', 'init', this.repo, '--no-encryption');
    this.hasRepository = true;
    this.held = undefined;
  }

  private async run(harm: ModernHarm, args: readonly string[]): Promise<Ended> {
    if (harm === 'full disk') this.disk.fillUp(this.dice.between(0, 400_000));
    const { child, ended } = this.start(args);
    const [result] = await Promise.all([ended, this.harm(harm, child, ended)]);
    if (harm === 'full disk') this.disk.freeRoom();
    return result;
  }

  private start(more: readonly string[]): { child: ChildProcess; ended: Promise<Ended> } {
    // Slow enough for a harm to come in the middle.
    const rate = this.dice.pick(['--rate-limit=2m', '--rate-limit=6m']);
    const args = ['backup', `--from=file:${this.busy.home}`, this.repo, '--database=neo4j', rate, '--json', ...more];
    const env = { ...process.env, XDG_STATE_HOME: this.state };
    return startJsonProcess([process.execPath, program, ...args], { env });
  }

  private async harmBefore(harm: ModernHarm): Promise<void> {
    const { busy, dice } = this;
    switch (harm) {
      case 'server killed before':
        return await busy.restart('kill');
      case 'server upgraded before':
        this.kept = undefined;
        return await busy.restart('stop', busy.version.startsWith('4.') ? busy.version : NEWEST);
      case 'older copy swapped in before':
        if (this.kept === undefined) {
          this.kept = await busy.keepCopy();
          await busy.advance(20);
          // Something of the history that will be gone has to be in the repository.
          await this.backUpCalmly();
        }
        await busy.goBackTo(this.kept);
        return await busy.advance(dice.between(1, 60));
      case 'other database swapped in before':
        this.kept = undefined;
        return await busy.beginAnew();
      default:
    }
  }

  private async backUpCalmly(): Promise<void> {
    const atLeast = this.busy.acknowledged();
    const ended = await this.start([]).ended;
    expect(ended).toMatchObject({ exitCode: 0 });
    this.hold(ended, atLeast);
  }

  private async harm(harm: ModernHarm, child: ChildProcess, ended: Promise<unknown>): Promise<void> {
    const { busy, dice } = this;
    let isEnded = false;
    const watching = ended.then(() => {
      isEnded = true;
    });
    if (harm.endsWith('before')) return;
    await Promise.race([pause(dice.between(300, 3000)), watching]);
    switch (harm) {
      case 'schema changes':
        for (let change = dice.below(5); !isEnded; change++) await busy.changeSchema(change);
        return;
      case 'fast rotation':
        while (!isEnded) await busy.writeMuch();
        return;
      case 'server killed':
        return await busy.restart('kill');
      case 'server restarted':
        return await busy.restart('stop');
      case 'server frozen':
        return await busy.frozen(() => Promise.race([watching, pause(5000)]));
      case 'graphkeep killed':
        child.kill('SIGKILL');
        return;
      default:
    }
  }
}
