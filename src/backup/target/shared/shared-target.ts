import type { ErrorPlace } from '../../../base/errors.ts';
import type { BackupTarget, ContinuedBackup, FullBackup } from '../backup-target.ts';
import { isActive, type Member } from './members.ts';
import { SharedContinued } from './shared-continued.ts';
import { SharedFull } from './shared-full.ts';

/**
 * Several targets that receive the same backup, so that its source is read once. Either all of them hold a backup, or none does. One that
 * fails is left out from then on, as its {@link Member} tells; the others go on. Whoever has opened the targets closes them.
 */
export class SharedTarget implements BackupTarget {
  readonly location: string;
  private readonly members: readonly Member[];
  private readonly isHolding: boolean;

  constructor(members: readonly Member[], isHolding: boolean) {
    this.members = members;
    this.isHolding = isHolding;
    this.location = members.map(({ target }) => target.location).join(', ');
  }

  async holdsBackup(): Promise<boolean> {
    return this.isHolding;
  }

  async beginFullBackup(from: ErrorPlace): Promise<FullBackup> {
    return await SharedFull.begin(this.active(), from);
  }

  async continueBackup(signal: AbortSignal): Promise<ContinuedBackup> {
    return await SharedContinued.begin(this.active(), signal);
  }

  renew(): void {
    for (const { target } of this.active()) target.renew?.();
  }

  async close(): Promise<void> {}

  private active(): Member[] {
    return this.members.filter(isActive);
  }
}
