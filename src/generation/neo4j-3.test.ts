import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { goldenStores, unpackStore } from '../../test/support/corpus/golden-store.ts';
import { makeTemporaryDirectory, removeDirectory, unpackCorpus } from '../../test/support/corpus/unpack-corpus.ts';
import { LOG_FILE_PREFIX } from '../log/log-files.ts';
import { releaseOfLog } from '../store/files/neo4j-versions.ts';
import { requireGeneration } from './known-generations.ts';
import { NEO4J_3 } from './neo4j-3.ts';

let scratch: string;
beforeAll(async () => {
  scratch = await makeTemporaryDirectory();
});
afterAll(() => removeDirectory(scratch));

describe.each(goldenStores)('the row of Neo4j 3, beside the store %s', (name) => {
  let store: string;
  beforeAll(async () => {
    store = await unpackStore(name, join(scratch, name));
  });

  it('the row of Neo4j 3 is found for a genuine store', async () => {
    expect(await requireGeneration(store, 'change')).toBe(NEO4J_3);
  });

  it('the row of Neo4j 3 knows the role of every file', () => {
    const names = readdirSync(store, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    const paths = names.map((entry) => join(entry.parentPath, entry.name).slice(store.length + 1));
    expect(paths.length).toBeGreaterThan(20);
    expect(paths.filter((path) => NEO4J_3.files.roleOf(path) === 'unknown')).toEqual([]);
    const inKeyFile = paths.filter((path) => NEO4J_3.files.roleOf(path) === 'metadata');
    expect(inKeyFile).toEqual([NEO4J_3.files.keyFile]);
  });

  it('the row of Neo4j 3 names the format of the logs, and where recovery begins', () => {
    const logs = readdirSync(store).filter((file) => file.startsWith(LOG_FILE_PREFIX));
    expect(logs.length).toBeGreaterThan(0);
    for (const log of logs) expect(readFileSync(join(store, log))[0]).toBe(NEO4J_3.logFormats[0]);
    expect(releaseOfLog(NEO4J_3.logFormats[0]!)).toMatchObject({ releases: NEO4J_3.releases, support: 'full' });
    expect(NEO4J_3.findRecoveryStart(store)).toMatchObject({ needed: false, transactions: 0 });
  });

  it('the row of Neo4j 3 reads what the store says of itself', () => {
    const { format, lastTransaction, storeId } = NEO4J_3.readFacts(store);
    expect(format).toBe(name.includes('high_limit') ? 'vE.H.4' : 'v0.A.9');
    expect(lastTransaction).toBeGreaterThanOrEqual(1);
    expect(storeId.creationTime).toBeGreaterThan(Date.UTC(2018));
  });
});

it('a store of another generation has no row', async () => {
  await unpackCorpus('foreign-stores/4.4.48.tar.gz', join(scratch, '4.4'));
  await expect(requireGeneration(join(scratch, '4.4', 'neo4j'), 'read')).rejects.toMatchObject({
    code: 'store.format',
    message: expect.stringContaining('4.3 or 4.4'),
  });
});
