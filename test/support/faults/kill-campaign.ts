import { existsSync, readdirSync } from 'node:fs';
import { cp, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { findRecoveryStart } from '../../../src/log/v3/recovery-start.ts';
import { recoverStore } from '../../../src/replay/recovery.ts';
import { expectExact, hashTree, makeBackup } from '../commands/backup-attempt.ts';
import { BackupProgram, type ProcessResult } from '../commands/backup-process.ts';
import { type GeneratedHistory, generateHistory, readSimpleGraph } from '../history/generated-history.ts';
import { BackupServer } from '../servers/backup-server.ts';
import { pretendMounts } from './pretended-mounts.ts';

/** `mounted`: a fallback whose target is a mount point. */
export type KillKind = 'full' | 'incremental' | 'fallback' | 'mounted';

export const OLD = 9;
export const NEW = 25;

/**
 * Kills backups and inspects what is left. The target must be absent, the old backup, or the new one; an old one with a log after it must
 * lead to the new one when recovered. The next run must make the new one and clean up.
 */
export class KillCampaign {
  readonly server: BackupServer;
  private readonly scratch: string;
  private readonly history: GeneratedHistory;
  private readonly program: BackupProgram;
  private oldHash = '';
  private readonly steps = new Map<KillKind, number>();
  /** Duration of a run that was not killed. */
  private readonly undisturbedMs = new Map<KillKind, number>();

  private constructor(scratch: string, history: GeneratedHistory, server: BackupServer, program: BackupProgram) {
    this.scratch = scratch;
    this.history = history;
    this.server = server;
    this.program = program;
  }

  static async prepare(scratch: string): Promise<KillCampaign> {
    const history = await generateHistory(join(scratch, 'source'), { nodes: 60 });
    const server = await BackupServer.start(history, OLD);
    const campaign = new KillCampaign(scratch, history, server, await BackupProgram.build());
    await makeBackup(join(scratch, 'old'), server.address);
    server.newest = NEW;
    return campaign;
  }

  async end(): Promise<void> {
    this.program.remove();
    await this.server.stop();
  }

  /** Number of steps of a run that is not killed. Such a run is made once. */
  async countSteps(kind: KillKind): Promise<number> {
    const known = this.steps.get(kind);
    if (known !== undefined) return known;
    const started = performance.now();
    const result = await this.run(kind, 0);
    this.undisturbedMs.set(kind, performance.now() - started);
    expect(result).toMatchObject({ end: 'exit', stderr: '' });
    expect(result.error).toBeUndefined();
    this.steps.set(kind, result.steps!);
    return result.steps!;
  }

  /** Kills a run at a step, and the next run too if `again` is given. Returns how many of them were killed: a run may have fewer steps. */
  async killAtStep(kind: KillKind, step: number, again?: number): Promise<number> {
    const results = [await this.run(kind, step)];
    this.expectIntact(kind, `step ${step}`);
    if (again !== undefined) {
      const options = { killAt: again, mounted: this.mountOf(kind) };
      results.push(await this.program.run(this.backupDir, this.server.address, options));
      this.expectIntact(kind, `step ${step}, then ${again}`);
    }
    await this.expectNextRunSucceeds(kind, `step ${step}${again === undefined ? '' : `, then ${again}`}`);
    return results.filter(({ end }) => end === 'SIGKILL').length;
  }

  /** Kills a run after a part of the time of an undisturbed run. Returns whether it was still running. */
  async killDuring(kind: KillKind, part: number): Promise<boolean> {
    if (!this.undisturbedMs.has(kind)) await this.countSteps(kind);
    const delayMs = part * this.undisturbedMs.get(kind)!;
    const result = await this.run(kind, 0, delayMs);
    this.expectIntact(kind, `after ${delayMs} ms`);
    await this.expectNextRunSucceeds(kind, `after ${delayMs} ms`);
    return result.end === 'SIGKILL';
  }

  /** Copies what a kill has left and recovers the copy, as a server would: the result must be the old or the new graph. */
  async recoverLeftovers(kind: KillKind, step: number): Promise<number> {
    await this.run(kind, step);
    const copy = join(this.scratch, 'copy');
    await rm(copy, { recursive: true, force: true });
    await cp(this.target, copy, { recursive: true });
    await mkdir(join(this.scratch, 'recovery'), { recursive: true });
    const found = findRecoveryStart(copy);
    if (found.needed) {
      const scratch = join(this.scratch, 'recovery');
      await recoverStore(copy, { start: found.position!, storeIsExact: false, budgetBytes: 1 << 24, scratch });
    }
    const graph = readSimpleGraph(copy);
    for (const transaction of [OLD, NEW]) {
      if (JSON.stringify([...graph]) === JSON.stringify(sorted(this.history.graphAt(transaction)))) return transaction;
    }
    throw new Error(`step ${step} of ${kind} leaves neither the old nor the new graph`);
  }

  private get backupDir(): string {
    return join(this.scratch, 'backups');
  }

  private mountOf(kind: KillKind): string | undefined {
    return kind === 'mounted' ? this.target : undefined;
  }

  private get target(): string {
    return join(this.backupDir, 'db');
  }

  private async run(kind: KillKind, killAt: number, delayMs?: number): Promise<ProcessResult> {
    await rm(this.backupDir, { recursive: true, force: true });
    await mkdir(this.backupDir);
    this.server.prunedTo = kind === 'fallback' || kind === 'mounted' ? NEW - 1 : 1;
    if (kind !== 'full') {
      await cp(join(this.scratch, 'old', 'db'), this.target, { recursive: true, preserveTimestamps: true });
      this.oldHash = hashTree(this.target);
    }
    return await this.program.run(
      this.backupDir,
      this.server.address,
      { killAt, mounted: this.mountOf(kind) },
      (child) => {
        if (delayMs !== undefined) void sleep(delayMs).then(() => child.kill('SIGKILL'));
      },
    );
  }

  private expectIntact(kind: KillKind, moment: string): void {
    const isThere = existsSync(this.target);
    if (kind === 'full') {
      if (isThere) expectExact(this.target, this.history, NEW, true);
      return;
    }
    if (kind === 'incremental') {
      expect(isThere, moment).toBe(true);
      return;
    }
    if (kind === 'mounted') {
      this.expectMountedIntact(moment);
      return;
    }
    const aside = join(this.backupDir, 'db.err.0');
    const oldAt = existsSync(aside) ? aside : this.target;
    expect(hashTree(oldAt, ['store_lock']), moment).toBe(this.oldHash);
    const newAt =
      oldAt === aside
        ? [this.target, join(`${this.target}.graphkeep-work`, 'ready')].find((path) => existsSync(path))
        : undefined;
    if (oldAt === aside) expectExact(newAt!, this.history, NEW, true);
  }

  /** The old backup is untouched until a complete new one is there; while they are exchanged, nothing there looks like a backup. */
  private expectMountedIntact(moment: string): void {
    const isThere = (...names: string[]) => existsSync(join(this.target, ...names));
    const isPlacing = isThere('.graphkeep-work', 'placing');
    const hasBegun = isPlacing || isThere('.graphkeep-work', 'old') || isThere('.graphkeep-err.0');
    if (!hasBegun) expect(hashTree(this.target, ['store_lock'], isOwn), moment).toBe(this.oldHash);
    if (isThere('.graphkeep-work', 'ready'))
      expectExact(join(this.target, '.graphkeep-work', 'ready'), this.history, NEW);
    if (isThere('.graphkeep-err.0')) expectExact(this.target, this.history, NEW, true);
  }

  private async expectNextRunSucceeds(kind: KillKind, moment: string): Promise<void> {
    const unmount = kind === 'mounted' ? pretendMounts(this.target) : () => {};
    try {
      const fallbackToFull = kind !== 'incremental';
      const report = await makeBackup(this.backupDir, this.server.address, { fallbackToFull });
      expect([moment, report.lastTransaction]).toEqual([moment, NEW]);
    } finally {
      unmount();
    }
    const isReplacing = kind === 'fallback' || kind === 'mounted';
    const aside = kind === 'mounted' ? join(this.target, '.graphkeep-err.0') : join(this.backupDir, 'db.err.0');
    const names = kind === 'fallback' ? ['db', 'db.err.0'] : ['db'];
    expect([moment, ...readdirSync(this.backupDir).sort()]).toEqual([moment, ...names]);
    if (isReplacing) expect(hashTree(aside), moment).toBe(this.oldHash);
    if (kind === 'mounted') await rm(aside, { recursive: true });
    expectExact(this.target, this.history, NEW);
  }
}

function isOwn(name: string): boolean {
  return name.startsWith('.graphkeep-');
}

function sorted(graph: Map<number, unknown>): [number, unknown][] {
  return [...graph].sort(([a], [b]) => a - b);
}
