import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { unpackStore } from '../../../test/support/corpus/golden-store.ts';
import { makeTemporaryDirectory, removeDirectory } from '../../../test/support/corpus/unpack-corpus.ts';
import { StoreReader } from '../../store/graph/store-reader.ts';
import { updateLabelScanStore } from '../../store/label-scan/label-scan-update.ts';
import type { CheckContext } from '../findings/check-context.ts';
import type { Finding } from '../findings/finding.ts';
import { readTokenIds } from '../findings/token-ids.ts';
import { checkLabelScan } from './label-scan-check.ts';

let root: string;
let store: string;
let reader: StoreReader;
beforeAll(async () => {
  root = await makeTemporaryDirectory();
  store = await unpackStore('3.5.34-standard', root);
  reader = new StoreReader(store);
});
afterAll(async () => {
  reader.close();
  await removeDirectory(root);
});

const path = () => join(store, 'neostore.labelscanstore.db');

async function check(budgetBytes: number, graph = true): Promise<string[]> {
  const findings: Finding[] = [];
  const context: CheckContext = {
    reader,
    tokens: readTokenIds(reader),
    parts: { graph, indexes: true, labelScan: true, propertyOwners: true, derivedEntries: true },
    report: (finding) => findings.push(finding),
    budgetBytes,
    signal: undefined,
    progress: () => {},
  };
  await checkLabelScan(context);
  return findings.map(({ kind, found }) => `${kind}: ${found}`).sort();
}

describe('the label scan store against the nodes', () => {
  it('the check of the label scan store has the same findings in one window as in one per range', async () => {
    expect(existsSync(path())).toBe(true);
    expect(await check(1)).toEqual([]);
    expect(await check(1 << 20)).toEqual([]);
    const nodes = [...reader.nodes()].filter(({ labels }) => labels.length > 0);
    const [first, last] = [nodes[0]!, nodes.at(-1)!];
    const beyond = reader.file('node').endId + 1000;
    await updateLabelScanStore(path(), [
      { node: first.id, removed: first.labels, added: [] },
      { node: last.id, removed: [], added: [4000] },
      { node: beyond, removed: [], added: [first.labels[0]!, 5000] },
    ]);
    const missing = first.labels.map(
      (label) => `labelScan.nodeLabelNotInIndex: node ${first.id} without label ${label}`,
    );
    const extra = [
      `labelScan.nodeDoesNotHaveExpectedLabel: node ${last.id} with label 4000`,
      `labelScan.nodeNotInUse: node ${beyond} with label ${first.labels[0]}`,
      `labelScan.nodeNotInUse: node ${beyond} with label 5000`,
    ];
    expect(await check(1)).toEqual([...missing, ...extra].sort());
    expect(await check(1 << 20)).toEqual([...missing, ...extra].sort());
    expect(await check(1 << 20, false)).toEqual(extra.sort());
  });
});
