import { copyFileSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { makeTemporaryDirectory, removeDirectory } from '../../../test/support/corpus/unpack-corpus.ts';
import { unpackModernDatabase } from '../../../test/support/modern/modern-corpus.ts';
import { answer, FaultyStore, faults } from '../../../test/support/objects/faulty-store.ts';
import { MemoryStore } from '../../../test/support/objects/memory-store.ts';
import { readCheckPointFile } from '../../log/modern/check-points/check-point-log.ts';
import { initRepository } from '../../repository/opening/repository.ts';
import { readDatabase } from '../../repository/reading/database-history.ts';
import type { BackupEvent } from '../backup-events.ts';
import { type ModernBackupOptions, runModernBackup } from './modern-backup.ts';

const never = new AbortController().signal;

let scratch: string;
let store: FaultyStore;
let options: ModernBackupOptions;

beforeEach(async () => {
  scratch = await makeTemporaryDirectory();
  const home = await unpackModernDatabase('5.26.30-fuzzy', scratch);
  const place = (kind: string) => join(home, 'data', kind, 'neo4j');
  store = new FaultyStore(new MemoryStore());
  await initRepository(store, { method: 'none' }, never);
  options = {
    from: { name: 'neo4j', directory: place('databases'), logDirectory: place('transactions') },
    repository: { location: 'memory', database: 'neo4j', renew: false, open: async () => store },
    fallbackToFull: true,
    bytesPerSecond: undefined,
  };
});
afterEach(() => removeDirectory(scratch));

const backUp = (onEvent: (event: BackupEvent) => void = () => {}) => runModernBackup(options, onEvent, never);

/** As a restore of the server does, from the view of who looks at inodes. */
function replaceMetadata(): void {
  const path = join(options.from.directory, 'neostore');
  copyFileSync(path, `${path}.new`);
  renameSync(`${path}.new`, path);
}

it('a database that is replaced while it is copied is copied again', async () => {
  let copies = 0;
  const made = await backUp(({ kind }) => {
    if (kind === 'transactions-began' && copies++ === 0) replaceMetadata();
  });
  expect(copies).toBe(2);
  expect(made).toMatchObject({ kind: 'full' });
  const { histories, unfinished } = await readDatabase(store, 'neo4j', never);
  expect(histories).toMatchObject([{ bases: [{}] }]);
  expect(unfinished).toEqual([]);
});

it('a database whose server has stopped while it was copied is copied again, though nobody sees its process', async () => {
  const home = await unpackModernDatabase('2026.08.1-clean', scratch);
  const place = (kind: string) => join(home, 'data', kind, 'neo4j');
  options = {
    ...options,
    from: { name: 'neo4j', directory: place('databases'), logDirectory: place('transactions') },
  };
  const path = join(place('transactions'), 'checkpoint.0');
  const whole = readFileSync(path);
  const last = readCheckPointFile(place('transactions'), 0).at(-1)!;
  expect(last.reason).toContain('Database shutdown');
  writeFileSync(path, Buffer.from(whole).fill(0, last.start));
  let copies = 0;
  const made = await backUp(({ kind }) => {
    if (kind === 'transactions-began' && copies++ === 0) writeFileSync(path, whole);
  });
  expect([copies, made.kind]).toEqual([2, 'full']);
});

it('a database that is replaced again and again is an error, and no backup', async () => {
  const replacing = backUp(({ kind }) => {
    if (kind === 'transactions-began') replaceMetadata();
  });
  await expect(replacing).rejects.toMatchObject({ code: 'peer.other-store' });
  expect(await readDatabase(store, 'neo4j', never)).toMatchObject({ histories: [], unfinished: [] });
});

it('a store that fails ends the backup with its error, and the next one is whole', async () => {
  store.script = ({ operation, key }) =>
    operation === 'create' && key.includes('/log/') ? faults.before(answer(403)) : undefined;
  await expect(backUp()).rejects.toMatchObject({ code: 'object.denied' });
  store.script = () => undefined;
  expect(await backUp()).toMatchObject({ kind: 'full' });
  expect(await backUp()).toMatchObject({ kind: 'unchanged' });
});

it('a full backup in between belongs to the same history', async () => {
  await backUp();
  options = { ...options, repository: { ...options.repository, renew: true } };
  expect(await backUp()).toMatchObject({ kind: 'full' });
  const { histories } = await readDatabase(store, 'neo4j', never);
  expect(histories).toMatchObject([{ bases: [{}, {}] }]);
});

it('without a backup to continue, and without leave for a full one, nothing is made', async () => {
  options = { ...options, fallbackToFull: false };
  await expect(backUp()).rejects.toMatchObject({ code: 'usage' });
});
