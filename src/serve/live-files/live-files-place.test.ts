import { cpSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { hashTree } from '../../../test/support/commands/backup-attempt.ts';
import { makeTemporaryDirectory, removeDirectory } from '../../../test/support/corpus/unpack-corpus.ts';
import { NumberedDatabase } from '../../../test/support/live/numbered-database.ts';
import { patchMetadataIn, readMetadataIn } from '../../store/files/neostore-metadata.ts';
import type { ServedCopy } from '../database/served-database.ts';
import { LiveFilesPlace } from './live-files-place.ts';

let root: string;
let directory: string;
let place: LiveFilesPlace;
beforeEach(async () => {
  root = await makeTemporaryDirectory();
  directory = join(root, 'graph.db');
  place = await LiveFilesPlace.open({
    locate: async () => ({ directory, logDirectory: directory }),
    spoolDirectory: join(root, 'spool'),
  });
});
afterEach(async () => {
  await place.close();
  await removeDirectory(root);
});

const { signal } = new AbortController();

let template: string;
beforeAll(async () => {
  template = await makeTemporaryDirectory();
  const { database } = await NumberedDatabase.open(join(template, 'graph.db'));
  await database.close();
});
afterAll(() => removeDirectory(template));

/** A database whose server was stopped. */
function makeDatabase(): void {
  cpSync(join(template, 'graph.db'), directory, { recursive: true });
}

async function readAll(copy: ServedCopy): Promise<void> {
  for (const file of copy.files) for await (const _ of copy.readFile(file, signal));
  for await (const _ of await copy.openTransactions());
}

describe('a place with a database', () => {
  it('a database may be missing at first, or later', async () => {
    await expect(place.current(signal)).rejects.toMatchObject({ code: 'serve.unavailable' });
    makeDatabase();
    const { lastTransaction } = readMetadataOf();
    expect((await place.current(signal)).lastTransaction).toBe(lastTransaction);
    renameSync(directory, `${directory}.away`);
    await expect(place.current(signal)).rejects.toMatchObject({ code: 'serve.unavailable' });
    renameSync(`${directory}.away`, directory);
    expect((await place.current(signal)).lastTransaction).toBe(lastTransaction);
  });

  it('a database that is incomplete cannot be served until it is complete', async () => {
    makeDatabase();
    renameSync(join(directory, 'neostore.nodestore.db'), join(root, 'kept'));
    await expect(place.current(signal)).rejects.toMatchObject({ code: 'serve.unavailable' });
    renameSync(join(root, 'kept'), join(directory, 'neostore.nodestore.db'));
    expect((await place.current(signal)).lastTransaction).toBe(readMetadataOf().lastTransaction);
  });

  it('a copy ends with an error if the database is replaced, even by the same one, and the next copy is of the new one', async () => {
    makeDatabase();
    cpSync(directory, `${directory}.other`, { recursive: true });
    const copy = await (await place.current(signal)).openFullCopy(signal);
    renameSync(directory, `${directory}.old`);
    renameSync(`${directory}.other`, directory);
    await expect(readAll(copy)).rejects.toMatchObject({ code: 'serve.changed' });
    copy.close();
    const next = await (await place.current(signal)).openFullCopy(signal);
    await readAll(next);
    next.close();
  });

  it('an upgraded store is another one', async () => {
    makeDatabase();
    const before = await place.current(signal);
    const copy = await before.openFullCopy(signal);
    patchMetadataIn(directory, { upgradeTime: 4711, upgradeTransactionId: 20 });
    await expect(copy.openTransactions()).rejects.toMatchObject({ code: 'serve.changed' });
    await expect(before.openTransactions(1, signal)).rejects.toMatchObject({ code: expect.stringMatching(/^serve\./) });
    copy.close();
    expect((await place.current(signal)).storeId.upgradeTime).toBe(4711);
  });

  it('requests at the same time get the same database, so that each knows which log is kept', async () => {
    makeDatabase();
    const all = await Promise.all([1, 2, 3].map(() => place.current(signal)));
    const copies = await Promise.all(all.map((database) => database.openFullCopy(signal)));
    expect(readdirSync(spoolOf(root))).toHaveLength(1);
    for (const copy of copies) copy.close();
    const gone = await (await place.current(signal)).openFullCopy(signal);
    await readAll(gone);
    gone.close();
  });

  it('nothing in the directories of the server changes', async () => {
    makeDatabase();
    const before = hashTree(directory);
    const copy = await (await place.current(signal)).openFullCopy(signal, { logs: true });
    await readAll(copy);
    copy.close();
    expect(hashTree(directory)).toEqual(before);
  });

  it('a label scan store that the server has not finished makes a copy fail', async () => {
    makeDatabase();
    rmSync(join(directory, 'neostore.labelscanstore.db'));
    const opening = (await place.current(signal)).openFullCopy(signal);
    await expect(opening).rejects.toMatchObject({ code: 'serve.unsettled' });
  });
});

function readMetadataOf(): { lastTransaction: number } {
  return { lastTransaction: readMetadataIn(directory).lastTransactionId };
}

/** The only private directory. */
function spoolOf(folder: string): string {
  const [name] = readdirSync(join(folder, 'spool')).filter((candidate) => !candidate.endsWith('.lock'));
  return join(folder, 'spool', name!);
}
