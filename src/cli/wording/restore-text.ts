import { describeError } from '../../base/errors.ts';
import { printableText } from '../../base/printable-text.ts';
import type { RestoreNote } from '../../restore/restore-notes.ts';

/** What the user should know although a restored or loaded database is in its place. */
export function describeRestoreNote(note: RestoreNote): string {
  switch (note.kind) {
    case 'foreign-owner': {
      const { path, ownerId, wantedOwnerId, wantedGroupId } = note;
      return (
        `${path} belongs to user id ${ownerId}, not to user id ${wantedOwnerId} as what was there or is around it. ` +
        `If the server runs as that user: chown -R ${wantedOwnerId}:${wantedGroupId} ${path}`
      );
    }
    case 'old-database-left':
      return `The old database could not be removed (${describeError(note.error)}). Remove ${note.path} by hand.`;
    default:
      return note satisfies never;
  }
}

/** A name in the directory of a database that does not go into its dump. */
export function describeLeftOut(name: string): string {
  return `left out, since it is not part of a database: ${printableText(name)}`;
}
