import { KeptDatabase } from '../../source/modern-files/kept-database.ts';
import { mayPass } from '../follow/follow-errors.ts';
import { type Followed, OBJECT_BYTES } from '../follow/followed.ts';
import { type ModernBackupOptions, runModernBackup } from './modern-backup.ts';

/** A database of 4.2 or later, followed into one repository. Its log stays open between two backups. */
export function followModern(options: ModernBackupOptions): Followed {
  const { from, fallbackToFull, repository } = options;
  const source = new KeptDatabase(from);
  // A full backup was asked for once.
  const later = { ...options, repository: { ...repository, renew: false } };
  return {
    tail: source,
    enoughBytes: OBJECT_BYTES,
    backUp: (isFirst, onEvent, signal) => runModernBackup(isFirst ? options : later, onEvent, signal, source),
    mayPass: (error) => mayPass(error, { from, fallbackToFull }),
    close: async () => source.close(),
  };
}
