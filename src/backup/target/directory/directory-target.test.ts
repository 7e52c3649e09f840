import { existsSync } from 'node:fs';
import { cp, mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { hashTree } from '../../../../test/support/commands/backup-attempt.ts';
import { describeBackupTarget } from '../../../../test/support/conformance/backup-target.ts';
import { findRecoveryStart } from '../../../log/v3/recovery-start.ts';
import { DirectoryTarget } from './directory-target.ts';

describeBackupTarget('DirectoryTarget', (scratch) => {
  const path = join(scratch, 'backups', 'db');
  return {
    open: () => DirectoryTarget.open(path, { budgetBytes: 1 << 20, onEvent: () => {} }),
    read: async (replaced = path) => {
      if (findRecoveryStart(replaced).needed) throw new Error(`${replaced} was not closed cleanly`);
      const copy = join(await mkdtemp(join(scratch, 'read-')), 'store');
      await cp(replaced, copy, { recursive: true });
      return copy;
    },
    fingerprint: () => (existsSync(path) ? hashTree(path, ['store_lock']) : ''),
  };
});
