import { expect, it } from 'vitest';
import type { RestoreNote } from '../../restore/restore-notes.ts';
import { describeLeftOut, describeRestoreNote } from './restore-text.ts';

it.each<[RestoreNote, string]>([
  [
    { kind: 'foreign-owner', path: '/d/x.db', ownerId: 0, wantedOwnerId: 101, wantedGroupId: 102 },
    '/d/x.db belongs to user id 0, not to user id 101 as what was there or is around it. ' +
      'If the server runs as that user: chown -R 101:102 /d/x.db',
  ],
  [
    { kind: 'old-database-left', path: '/d/x.db.graphkeep-new', error: new Error('EIO') },
    'The old database could not be removed (EIO). Remove /d/x.db.graphkeep-new by hand.',
  ],
])('a database that is in its place: %j', (note, text) => {
  expect(describeRestoreNote(note)).toBe(text);
});

it('a name that is left out is shown in printable characters', () => {
  expect(describeLeftOut('a\u001bb')).toBe('left out, since it is not part of a database: a\\x1bb');
});
