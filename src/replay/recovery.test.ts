import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { corpusPath } from '../../test/support/corpus/unpack-corpus.ts';
import { listLogFiles } from '../log/log-files.ts';
import { findRecoveryStart } from '../log/v3/recovery-start.ts';
import { readLiveCounts } from '../store/counts/counts-store.ts';
import { readMetadata } from '../store/files/neostore-metadata.ts';
import { storeFiles } from '../store/files/store-files.ts';
import { recoverStore } from './recovery.ts';

const corpus = corpusPath('');
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'graphkeep-recover-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

function unpack(archive: string, name: string): string {
  const into = join(folder, name);
  mkdirSync(into);
  execFileSync('tar', ['xzf', join(corpus, archive), '-C', into]);
  const [top] = readdirSync(into);
  return readdirSync(into).includes('neostore') ? into : join(into, top!);
}

async function recover(store: string, budgetBytes: number) {
  const found = findRecoveryStart(store);
  expect(found.needed).toBe(true);
  return await recoverStore(store, {
    start: found.position!,
    storeIsExact: false,
    budgetBytes,
    scratch: folder,
  });
}

/** Budgets: everything in memory; or every transaction spilled to a run and images read piecewise. */
test.each([
  ['small-3.4.9', 64 << 20],
  ['small-3.5.34', 64 << 20],
  ['small-3.4.9', 0],
  ['small-3.5.34', 0],
])('%s: recovery equals that of the server, byte for byte (budget %d)', async (name, budget) => {
  const before = unpack(`recovery/${name}/store-before-recovery.tar.gz`, 'before');
  const after = unpack(`stores/${name}-recovered.tar.gz`, 'after');
  const recovery = await recover(before, budget);
  expect(recovery.transactions).toBeGreaterThan(0);
  for (const { fileName } of storeFiles) {
    expect(readFileSync(join(before, fileName)).equals(readFileSync(join(after, fileName))), fileName).toBe(true);
  }
  expect(readMetadata(join(before, 'neostore'))).toEqual(readMetadata(join(after, 'neostore')));
  for (const { path, version } of listLogFiles(after).files) {
    const ours = readFileSync(join(before, `neostore.transaction.db.${version}`));
    expect(ours.equals(readFileSync(path)), `log ${version}`).toBe(true);
  }
  const [ours, theirs] = [readLiveCounts(before)!.counts, readLiveCounts(after)!.counts];
  expect({ id: ours.txId, nodes: ours.nodes, relationships: ours.relationships }).toEqual({
    id: theirs.txId,
    nodes: theirs.nodes,
    relationships: theirs.relationships,
  });
  expect(findRecoveryStart(before).needed).toBe(false);
});
