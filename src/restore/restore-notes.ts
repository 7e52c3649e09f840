import type { ForeignOwner } from '../base/file-rights.ts';

/** What the user should know although a restored or loaded database is in place. */
export type RestoreNote =
  /** It could not be given its intended owner. */
  | ({ kind: 'foreign-owner' } & ForeignOwner)
  /** The old database could not be removed; the rest of it is in `path`. */
  | { kind: 'old-database-left'; path: string; error: unknown };
