import { expect } from 'vitest';
import { describeBackupTarget, type TargetWorld } from '../../../../test/support/conformance/backup-target.ts';
import { MemoryStore } from '../../../../test/support/objects/memory-store.ts';
import { encrypted, repositoryWorld } from '../../../../test/support/repositories/repository-world.ts';
import type { BackupTarget } from '../backup-target.ts';
import { SharedTarget } from './shared-target.ts';

/** Two repositories that receive everything together. */
function twoRepositories(scratch: string): TargetWorld {
  const worlds = [encrypted, { method: 'none' } as const].map((encryption) =>
    repositoryWorld(scratch, async () => new MemoryStore(), encryption),
  );
  return {
    inUse: 'repository.in-use',
    open: async () => {
      const targets: BackupTarget[] = [];
      for (const world of worlds) targets.push(await world.open());
      const holding = await Promise.all(targets.map((target) => target.holdsBackup()));
      expect(new Set(holding).size).toBe(1);
      const shared = new SharedTarget(
        targets.map((target) => ({ target })),
        holding[0]!,
      );
      shared.close = async () => {
        for (const target of targets) await target.close();
      };
      return shared;
    },
    // The first one knows where its own old backup is; the second one received the same.
    read: (replaced) => (replaced === undefined ? worlds[1]! : worlds[0]!).read(replaced),
    fingerprint: async () => (await Promise.all(worlds.map((world) => world.fingerprint()))).join(),
  };
}

describeBackupTarget('Two repositories together', twoRepositories);
