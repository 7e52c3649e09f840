import { join } from 'node:path';
import { describeBackupTarget } from '../../../../test/support/conformance/backup-target.ts';
import { MemoryStore } from '../../../../test/support/objects/memory-store.ts';
import { encrypted, repositoryWorld } from '../../../../test/support/repositories/repository-world.ts';
import { FolderStore } from '../../../objects/folder/folder-store.ts';

describeBackupTarget('An encrypted repository in memory', (scratch) =>
  repositoryWorld(scratch, async () => new MemoryStore(), encrypted),
);

describeBackupTarget('A repository in a folder', (scratch) =>
  repositoryWorld(scratch, () => FolderStore.open(join(scratch, 'repository'), { create: true }), { method: 'none' }),
);
