import { mkdirSync, readFileSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { dirtyStores, expectedStore, goldenStores } from '../../../test/support/corpus/golden-store.ts';
import { makeTemporaryDirectory, removeDirectory, unpackCorpus } from '../../../test/support/corpus/unpack-corpus.ts';
import { makePendingStore, PENDING } from '../../../test/support/stores/pending-store.ts';
import { logFileName } from '../../log/log-files.ts';
import { LogReader } from '../../log/v3/log-reader.ts';
import { findRecoveryStart } from '../../log/v3/recovery-start.ts';
import { encodeCounts, readLiveCounts } from '../../store/counts/counts-store.ts';
import { patchMetadataIn, readMetadata } from '../../store/files/neostore-metadata.ts';
import { describeInspection } from './inspect-body.ts';
import { inspectStore } from './inspection.ts';

let root: string;
let store: string;
const at = (...names: string[]) => join(store, ...names);

beforeEach(async () => {
  root = await makeTemporaryDirectory();
  store = join(root, 'graph.db');
});
afterEach(() => removeDirectory(root));

async function lines(): Promise<string[]> {
  return describeInspection(await inspectStore(store));
}

/** Cuts the second transaction to replay out of its file; returns the id of the first one. */
function removeSecondTransaction(): number {
  const { position } = findRecoveryStart(store);
  const reader = new LogReader(store, { from: position! });
  const ends: { id: number; version: number; offset: number }[] = [];
  while (ends.length < 2) {
    const item = reader.next()!;
    if (item.kind === 'transaction') ends.push({ id: item.transactionId, ...reader.position });
  }
  reader.close();
  const path = at(logFileName(ends[0]!.version));
  const bytes = readFileSync(path);
  writeFileSync(path, Buffer.concat([bytes.subarray(0, ends[0]!.offset), bytes.subarray(ends[1]!.offset)]));
  return ends[0]!.id;
}

describe('inspect', () => {
  it('tells transactions that are left to the server from a store that needs recovery', async () => {
    await makePendingStore(store, root);
    const { log, counts, lastTransaction } = await inspectStore(store);
    expect(log).toMatchObject({ state: 'left-to-server', pending: PENDING });
    expect(lastTransaction.id).toBe(PENDING.last);
    expect(counts).toMatchObject({ transaction: PENDING.last });
    expect(await lines()).toContainEqual(
      expect.stringMatching(
        /^State: +transactions 11 to 30 are left to the server because of explicit indexes; it finishes/,
      ),
    );
  });

  it.each(goldenStores)('%s: knows everything', async (name) => {
    await unpackCorpus(`stores/${name}.tar.gz`, root);
    const { counts, ...inspection } = await inspectStore(store);
    expect(inspection).toMatchObject({
      faults: [],
      problems: [],
      log: { state: 'clean' },
      store: { release: '3.4 or 3.5' },
    });
    const expected = expectedStore(name).counts;
    expect(counts).toMatchObject({ nodes: expected.nodes, relationships: expected.relationships });
  });

  it.each(dirtyStores)('%s: counts of before the recovery are not those of the store', async (name) => {
    await unpackCorpus(`recovery/${name}.tar.gz`, root);
    const inspection = await inspectStore(store);
    expect(inspection).toMatchObject({ counts: undefined, log: { state: 'needs-recovery' } });
    expect(inspection.problems).toEqual([expect.stringMatching(/^counts: the counts store is of transaction \d+/)]);
    expect(describeInspection(inspection).join('\n')).toMatch(/^Nodes: +unknown$/m);
  });

  it('counts that are older than a clean store are unknown', async () => {
    await unpackCorpus('stores/3.4.9-standard.tar.gz', root);
    const { counts, fileName } = readLiveCounts(store)!;
    writeFileSync(at(fileName), encodeCounts(Object.assign(counts, { txId: counts.txId - 1 })));
    expect(await inspectStore(store)).toMatchObject({
      counts: undefined,
      log: { state: 'clean' },
      problems: [
        `counts: the counts store is of transaction ${counts.txId}, the last transaction is ${counts.txId + 1}`,
      ],
    });
  });

  it('names all files that are missing, and does not call that clean', async () => {
    await unpackCorpus('stores/3.4.9-standard.tar.gz', root);
    for (const name of ['nodestore.db', 'schemastore.db']) rmSync(at(`neostore.${name}`));
    const text = (await lines()).join('\n');
    expect(text).toMatch(/^State: +incomplete: 2 store files are missing$/m);
    expect(text).toMatch(/^Incomplete: +neostore.nodestore.db is missing$/m);
    expect(text).toMatch(/^Incomplete: +neostore.schemastore.db is missing$/m);
    expect(text).toMatch(/^Schema: +unknown$/m);
  });

  it('a log whose ids jump: shows the rest and names the gap', async () => {
    await unpackCorpus('recovery/3.4.9-standard-dirty.tar.gz', root);
    const { lastTransactionId } = readMetadata(at('neostore'));
    const left = removeSecondTransaction();
    const inspection = await inspectStore(store);
    expect(inspection).toMatchObject({
      lastTransaction: { id: lastTransactionId },
      log: { state: 'unreadable', transactionsToReplay: undefined },
    });
    expect(inspection.problems[0]).toMatch(
      new RegExp(`^log: the log does not continue with transaction ${left + 1} .*observed ${left + 2}`),
    );
    expect(inspection.schema?.indexes.length).toBeGreaterThan(0);
    expect(describeInspection(inspection).join('\n')).toMatch(/^State: +unknown: the transaction log cannot be read$/m);
  });

  it('is not ended by damage, by links that lead nowhere, or by times that are none', async () => {
    await unpackCorpus('stores/3.4.9-standard.tar.gz', root);
    truncateSync(at('neostore.labeltokenstore.db.names'), 0);
    symlinkSync('nowhere', at('link'));
    patchMetadataIn(store, { creationTime: Number.MAX_SAFE_INTEGER, lastTransactionCommitTime: -5 });
    rmSync(at('neostore.counts.db.a'), { force: true });
    rmSync(at('neostore.counts.db.b'), { force: true });
    mkdirSync(at('neostore.counts.db.a'));
    const inspection = await inspectStore(store);
    expect(inspection).toMatchObject({ counts: undefined, schema: undefined, store: { createdAt: undefined } });
    expect(inspection.problems).toHaveLength(3);
  });
});
