import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { BackupEvent, BackupNote } from '../../src/backup/backup-events.ts';
import type { RunBackup } from '../../src/backup/backup-options.ts';
import { GraphkeepError } from '../../src/base/errors.ts';
import { runGraphkeep } from '../../src/cli/graphkeep/front.ts';
import { runNeo4jAdmin } from '../../src/cli/neo4j-admin/front.ts';
import { placeOf, World } from '../support/commands/world.ts';

/*
 * Every note shown to the user is in the JSON report: with the kind of its event as code, the text for people, and the values in it.
 */

const error = new GraphkeepError('peer.closed', 'the connection was lost', { place: { peer: 'h:1' } });

/** Each note with its text. The compiler requires a row for each kind. */
const notes: { [Kind in BackupNote['kind']]: [note: Extract<BackupNote, { kind: Kind }>, text: string] } = {
  'request-keeps-failing': [
    { kind: 'request-keeps-failing', request: 'index', rule: 7, attempt: 5, error },
    'Asking again for index 7: the connection was lost',
  ],
  'fallback-began': [
    { kind: 'fallback-began', error },
    'Incremental backup failed, falling back to a full one: the connection was lost (server h:1)',
  ],
  'old-backup-moved': [{ kind: 'old-backup-moved', path: '/b/x.err.0' }, 'The old backup was moved to /b/x.err.0'],
  'target-left-out': [
    { kind: 'target-left-out', target: '/r/db/x', error },
    'No new backup in /r/db/x: the connection was lost (server h:1)',
  ],
  'file-left-to-server': [
    { kind: 'file-left-to-server', name: 'neostore.counts.db', cause: 'changing' },
    'neostore.counts.db changed faster than it could be copied; the server makes it anew when it starts after a restore',
  ],
  'finished-backup-set-aside': [
    { kind: 'finished-backup-set-aside', backup: '/b/x.u.0/ready', aside: '/b/x.u.0', error },
    'A backup that an earlier run had finished could not take its place: the connection was lost (server h:1). ' +
      'It is in /b/x.u.0/ready; if nobody needs it, remove /b/x.u.0.',
  ],
  'former-work-directory-found': [
    { kind: 'former-work-directory-found', path: '/b/x.graphkeep-ready' },
    '/b/x.graphkeep-ready is not used. If it is a backup (graphkeep check tells), move it to a name of its own.',
  ],
  'full-continued': [
    { kind: 'full-continued', objects: 12, bytes: 3 * 1024 * 1024 },
    'Goes on with the full backup that was interrupted: 12 objects, 3.00 MB, are there already',
  ],
  'rights-not-restored': [
    { kind: 'rights-not-restored', path: '/b/x', error: new Error('EIO') },
    'New files of the backup may have other owners or modes than the old ones: EIO',
  ],
  'index-left-to-server': [
    { kind: 'index-left-to-server', index: 'people', provider: 'fulltext-1.0', why: 'changes-unknown' },
    'Index people will be populated by the server at its first start (do not stop it before the index is online): its changes are not known one by one',
  ],
  'fulltext-settings-missing': [
    { kind: 'fulltext-settings-missing', index: 'texts' },
    'The server does not send the settings of fulltext index texts: if they are not the defaults, create it anew after a restore',
  ],
  'explicit-indexes-left-to-server': [
    { kind: 'explicit-indexes-left-to-server', firstTransaction: 8 },
    'Transactions from 8 on change explicit indexes; the server applies them to these indexes at its first start',
  ],
  'check-report-failed': [
    { kind: 'check-report-failed', error },
    'The report of the check is not complete: the connection was lost (server h:1)',
  ],
  'check-left-to-server': [
    { kind: 'check-left-to-server', firstTransaction: 8, lastTransaction: 8 },
    'Transaction 8 waits for the server, because explicit indexes are changed. Checked: records, tokens, schema rules, counts, and the ' +
      'structure of label scan store and indexes. Not checked: the entries of label scan store and indexes, which are those before these ' +
      'transactions; the server brings them up to date at its first start.',
  ],
  'check-warned': [
    { kind: 'check-warned', warnings: 2, reportPath: '/r/x.report' },
    "The backup is consistent, with 2 warnings. See '/r/x.report' for details.",
  ],
};

let world: World;

beforeEach(async () => {
  world = await World.create();
});

afterEach(() => world.close());

/** Runs a backup that reports these events. */
async function backUp(front: typeof runGraphkeep, events: readonly BackupEvent[], ...more: string[]) {
  const runBackup: RunBackup = async (options, onEvent) => {
    for (const event of events) onEvent(event);
    const made = { firstTransaction: 2, lastTransaction: 9, bytes: 10, files: 1, durationMs: 7 };
    return { kind: 'full', ...made, ...placeOf(options), notes: [] };
  };
  world.stdout = '';
  world.stderr = '';
  const args = ['backup', `--backup-dir=${world.path('backup')}`, '--name=x', ...more];
  expect(await front(args, { ...world.context(), runBackup })).toBe(0);
  return { stdout: world.stdout, stderr: world.stderr };
}

const readLines = (stdout: string): Record<string, unknown>[] =>
  stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

describe.each(Object.entries(notes))('%s', (kind, [note, text]) => {
  it('a note has the same words in both fronts, on stderr', async () => {
    expect((await backUp(runGraphkeep, [note])).stderr).toBe(`${text}\n`);
    const { stdout, stderr } = await backUp(runNeo4jAdmin, [note]);
    expect({ stdout, stderr }).toEqual({ stdout: '', stderr: `${text}\n` });
  });

  it('a note is a line for programs, and in the report', async () => {
    const { stdout, stderr } = await backUp(runGraphkeep, [note], '--json');
    expect(stderr).toBe('');
    const [line, report] = readLines(stdout);
    const { kind: _, ...data } = note;
    const described =
      'error' in data ? { ...data, error: expect.objectContaining({ code: expect.any(String) }) } : data;
    const expected = { code: kind, text, ...described };
    expect(line).toEqual({ time: expect.any(String), event: 'note', ...expected });
    expect(report).toMatchObject({ event: 'report', command: 'backup' });
    expect(report!.notes).toEqual([expected]);
  });
});

it('all notes are in the report, in the order in which they were reported', async () => {
  const all = Object.values(notes).map(([note]) => note);
  const { stdout } = await backUp(runGraphkeep, all, '--json');
  const report = readLines(stdout).at(-1)!;
  expect((report.notes as { code: string }[]).map(({ code }) => code)).toEqual(all.map(({ kind }) => kind));
});

it('a failing backup has its notes beside the error', async () => {
  const runBackup: RunBackup = (_, onEvent) => {
    onEvent({ kind: 'old-backup-moved', path: '/b/x.err.0' });
    return Promise.reject(new GraphkeepError('check.inconsistent', 'Inconsistencies found.'));
  };
  const args = ['backup', `--backup-dir=${world.path('backup')}`, '--name=x', '--json'];
  expect(await runGraphkeep(args, { ...world.context(), runBackup })).toBe(3);
  expect(readLines(world.stdout).at(-1)).toMatchObject({
    event: 'error',
    code: 'check.inconsistent',
    notes: [{ code: 'old-backup-moved', path: '/b/x.err.0' }],
  });
});

it.each([
  ['created-later', undefined, 'it was created after the backup it is added to'],
  ['not-writable', 'values are in the Lucene part', 'values are in the Lucene part'],
] as const)('the reason why an index is left to the server is shown: %s', async (why, detail, text) => {
  const left = { kind: 'index-left-to-server', index: 'i', provider: 'lucene-1.0', why } as const;
  const { stderr } = await backUp(runNeo4jAdmin, [detail === undefined ? left : { ...left, detail }]);
  expect(stderr).toBe(
    `Index i will be populated by the server at its first start (do not stop it before the index is online): ${text}\n`,
  );
});
