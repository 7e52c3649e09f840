import { copyFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { GraphkeepError } from '../../src/base/errors.ts';
import type { Finding } from '../../src/check/findings/finding.ts';
import { checkStore } from '../../src/check/store-check.ts';
import { bringLabelScanUpToDate, storedLabels } from '../../src/replay/derived/label-scan-file.ts';
import { StoreWriter } from '../../src/store/build/store-writer.ts';
import { LABEL_SCAN_FILE } from '../../src/store/files/store-files.ts';
import { CorruptionLab, loadCorruptions } from '../support/corpus/corruptions.ts';
import { makeTemporaryDirectory, removeDirectory } from '../support/corpus/unpack-corpus.ts';
import { campaign } from '../support/random/campaign-size.ts';

/*
 * Promise: the number of threads makes no difference to the findings, their order, or how the check ends.
 */

/** Use every fifth corruption: all of them take minutes (GRAPHKEEP_CAMPAIGN=5). A shorter form uses a few. */
const STEP = campaign.size(5, 20);

let root: string;
let lab: CorruptionLab;
beforeAll(async () => {
  root = await makeTemporaryDirectory();
  lab = await CorruptionLab.open();
});
afterAll(async () => {
  await lab.close();
  await removeDirectory(root);
});

interface Outcome {
  findings: Finding[];
  end: unknown;
}

async function outcomeOf(store: string, workers: number): Promise<Outcome> {
  const findings: Finding[] = [];
  const onFinding = (finding: Finding) => findings.push(finding);
  try {
    return { findings, end: await checkStore(store, { propertyOwners: true, workers, onFinding }) };
  } catch (error) {
    if (!(error instanceof GraphkeepError)) throw error;
    const { code, message, place, observed, hint } = error;
    return { findings, end: { code, message, place, observed, hint } };
  }
}

describe('two threads', () => {
  it('two threads find the same in the corpus as one, in the same order', async () => {
    let found = 0;
    const corruptions = campaign.some(loadCorruptions(), STEP);
    for (const corruption of corruptions) {
      const store = await lab.apply(corruption);
      const alone = await outcomeOf(store, 1);
      expect(await outcomeOf(store, 2), corruption.id).toEqual(alone);
      found += alone.findings.length;
    }
    // A handful may happen to be harmless ones.
    if (corruptions.length > 50) expect(found).toBeGreaterThan(100);
    expect(corruptions.length).toBeGreaterThan(campaign.size(5, 1));
  });
});

/** A store whose label scan store and counts are those of an empty one: every node yields a finding, in the last parts. */
async function writeStoreWithManyFindings(nodes: number): Promise<string> {
  const directories = { empty: join(root, 'empty'), full: join(root, 'full') };
  const scratch = join(root, 'scratch');
  await mkdir(scratch);
  for (const [name, directory] of Object.entries(directories)) {
    const store = new StoreWriter(directory);
    const label = store.label('Person');
    for (let i = 0; i < (name === 'full' ? nodes : 0); i++) store.addNode({ labels: [label] });
    await store.finish();
  }
  await bringLabelScanUpToDate(directories.empty, 'rebuild', storedLabels(directories.empty), scratch);
  copyFileSync(join(directories.empty, LABEL_SCAN_FILE), join(directories.full, LABEL_SCAN_FILE));
  return directories.full;
}

describe('threads', () => {
  it('threads hold back their findings until it is their turn, however many they are', async () => {
    const nodes = campaign.size(20_000, 5000);
    const store = await writeStoreWithManyFindings(nodes);
    const alone = await outcomeOf(store, 1);
    expect(alone.findings.length).toBe(nodes);
    for (const workers of campaign.sample([2, 4, 20])) expect(await outcomeOf(store, workers)).toEqual(alone);
  });

  it('threads end when the check is cancelled, and when a finding cannot be processed', async () => {
    const store = lab.copy('base35');
    const openPorts = () => process.getActiveResourcesInfo().filter((name) => name === 'MessagePort').length;
    const before = openPorts();
    const controller = new AbortController();
    const cancelled = checkStore(store, {
      workers: 2,
      signal: controller.signal,
      onEvent: ({ kind }) => {
        if (kind === 'check-progress') controller.abort();
      },
    });
    await expect(cancelled).rejects.toMatchObject({ code: 'cancelled' });
    const onFinding = () => {
      throw new Error('the disk is full');
    };
    await expect(checkStore(join(root, 'full'), { workers: 2, onFinding })).rejects.toThrow('the disk is full');
    // The handle of an ended thread may be closed in the next turn.
    await expect.poll(openPorts).toBeLessThanOrEqual(before);
  });

  it('threads report their progress in bytes, never more than there are', async () => {
    const told: number[] = [];
    await checkStore(lab.copy('base35'), {
      workers: 2,
      onEvent: (event) => {
        if (event.kind === 'check-progress') told.push(event.doneBytes / event.totalBytes);
      },
    });
    expect(told.length).toBeGreaterThan(0);
    expect(told.toSorted((a, b) => a - b)).toEqual(told);
    expect(told.at(-1)!).toBeLessThanOrEqual(1);
  });
});
