import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { describeBackupTarget } from '../../../test/support/conformance/backup-target.ts';
import { MemoryRepository } from '../../../test/support/targets/memory-repository.ts';

describeBackupTarget('A repository in memory', (scratch) => {
  const repository = new MemoryRepository();
  return {
    open: async () => repository.openTarget(),
    read: async (replaced) => {
      const folder = await mkdtemp(join(scratch, 'read-'));
      const base = replaced === undefined ? repository.bases.length - 1 : Number(replaced);
      await repository.restore(join(folder, 'store'), base, join(folder, 'replay'));
      return join(folder, 'store');
    },
    fingerprint: () => repository.fingerprint(),
  };
});
