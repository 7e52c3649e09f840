import type { BackupTarget } from '../backup-target.ts';

/** One of several targets that receive the same backup. */
export interface Member {
  readonly target: BackupTarget;
  /** Set once it takes no further part. */
  failure?: unknown;
}

export function isActive(member: Member): boolean {
  return !('failure' in member);
}

/** What a member takes part with: a backup that is being made in it. */
interface Abandonable {
  abandon(): Promise<void>;
}

/**
 * Does the same for several targets, each with a backup of its own. One that fails is left out from then on, and the others go on; only if
 * none is left, its error is thrown.
 */
export class Members<Backup extends Abandonable> {
  private readonly members: readonly Member[];
  private readonly backups = new Map<Member, Backup>();
  private readonly abandoning: Promise<void>[] = [];

  private constructor(members: readonly Member[]) {
    this.members = members;
  }

  static async begin<Backup extends Abandonable>(
    all: readonly Member[],
    open: (member: Member) => Promise<Backup>,
  ): Promise<Members<Backup>> {
    const members = new Members<Backup>(all);
    await members.all(async (member) => {
      members.backups.set(member, await open(member));
    });
    return members;
  }

  get active(): readonly Member[] {
    return this.members.filter(isActive);
  }

  of(member: Member): Backup {
    return this.backups.get(member)!;
  }

  /** Does something at once. */
  now(work: (member: Member) => void): void {
    for (const member of this.active) {
      try {
        work(member);
      } catch (error) {
        this.leaveOut(member, error);
      }
    }
  }

  /** Does something that may take time, for all at the same time. Undefined if nobody has to wait. */
  all(work: (member: Member) => Promise<void> | void): Promise<void> | undefined {
    const waiting: Promise<void>[] = [];
    this.now((member) => {
      const done = work(member);
      if (done !== undefined) waiting.push(done.catch((error: unknown) => this.leaveOut(member, error)));
    });
    return waiting.length === 0 ? undefined : settle(waiting);
  }

  /** Asks all at the same time; those that fail have no answer. There is at least one. */
  async ask<Answer>(work: (member: Member) => Promise<Answer>): Promise<Map<Member, Answer>> {
    const answers = new Map<Member, Answer>();
    await this.all(async (member) => {
      answers.set(member, await work(member));
    });
    return answers;
  }

  leaveOut(member: Member, error: unknown): void {
    if (isActive(member)) {
      member.failure = error;
      this.abandoning.push(this.abandon(member).catch(() => {}));
    }
    if (this.active.length === 0) throw error;
  }

  /** Drops everything. */
  async abandonAll(): Promise<void> {
    await Promise.all([...this.abandoning, ...this.active.map((member) => this.abandon(member))]);
  }

  private async abandon(member: Member): Promise<void> {
    await this.backups.get(member)?.abandon();
  }
}

/** Waits for all, even if one fails: its memory is in use until then. */
async function settle(waiting: readonly Promise<void>[]): Promise<void> {
  for (const result of await Promise.allSettled(waiting)) if (result.status === 'rejected') throw result.reason;
}
