import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CheckEvent } from '../../src/check/check-events.ts';
import { checkStoreWithReport } from '../../src/check/report/reported-check.ts';
import { type CheckOptions, checkStore } from '../../src/check/store-check.ts';
import { findRecoveryStart } from '../../src/log/v3/recovery-start.ts';
import { recoverStore } from '../../src/replay/recovery.ts';
import { type Corruption, CorruptionLab, loadCorruptions } from '../support/corpus/corruptions.ts';
import { dirtyStores, goldenStores, unpackStore } from '../support/corpus/golden-store.ts';
import { makeTemporaryDirectory, removeDirectory } from '../support/corpus/unpack-corpus.ts';

/*
 * Promise: the consistency check only reads, reports nothing about sound stores, and refuses those that must be recovered first.
 */

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

/** Findings about a store, one line each, with all checks enabled. */
async function findingsOf(store: string, options: CheckOptions = {}): Promise<string[]> {
  const findings: string[] = [];
  const onFinding: CheckOptions['onFinding'] = ({ kind, file, record }) => findings.push(`${kind} ${file} ${record}`);
  await checkStore(store, { propertyOwners: true, ...options, onFinding });
  return findings;
}

/** This beta server left the folder of a dropped index. */
const leftBehind: Record<string, string[]> = {
  '3.5.0-beta03-high_limit': ['index.folderWithoutRule schema/index/native-btree-1.0/44 undefined'],
};

describe('a sound store', () => {
  it.each(goldenStores)('a sound store (%s) has no findings', async (name) => {
    expect(await findingsOf(await unpackStore(name, root))).toEqual(leftBehind[name] ?? []);
  });

  it.each(['base34', 'base35'] as const)('a sound store (%s) has no findings, with any memory', async (name) => {
    const store = lab.copy(name);
    expect(await findingsOf(store)).toEqual([]);
    expect(await findingsOf(store, { budgetBytes: 1 })).toEqual([]);
  });
});

describe.each(dirtyStores)('%s', (name) => {
  it('a store that needs recovery is refused, and then has no findings except indexes left to the server', async () => {
    const parent = join(root, `dirty-${name}`);
    const store = await unpackStore(name, parent, 'recovery');
    await expect(checkStore(store)).rejects.toMatchObject({ code: 'store.needs-recovery' });
    const scratch = join(parent, 'scratch');
    mkdirSync(scratch);
    const start = findRecoveryStart(store).position!;
    const recovery = await recoverStore(store, { start, storeIsExact: false, budgetBytes: 64 << 20, scratch });
    const findings = await findingsOf(store);
    const left = recovery.derived.leftToServer.map(() => 'schema.schemaRuleNotOnline neostore.schemastore.db');
    expect(findings.map((finding) => finding.replace(/ \d+$/, ''))).toEqual(left);
  });
});

/** Content and times of everything in a directory. */
function photograph(directory: string): string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .sort()
    .map((name) => {
      const { mtimeMs, size } = statSync(join(directory, name));
      const isFile = statSync(join(directory, name)).isFile();
      const hash = isFile
        ? createHash('sha1')
            .update(readFileSync(join(directory, name)))
            .digest('hex')
        : '';
      return `${name} ${size} ${mtimeMs} ${hash}`;
    });
}

describe('a check', () => {
  const corruption = (id: string): Corruption => loadCorruptions().find((candidate) => candidate.id === id)!;

  it.each([
    'base35/none',
    'base34/none',
    'base35/node-08',
    'base35/lss-06',
    'base35/lss-07',
    'base35/idx-08',
    'base35/cnt-04',
  ])('a check of %s changes nothing', async (id) => {
    const store = await lab.apply(corruption(id));
    const before = photograph(store);
    await checkStore(store, { propertyOwners: true });
    expect(photograph(store)).toEqual(before);
  });

  it('a check looks only at what it was asked for', async () => {
    const store = await lab.apply(corruption('base35/node-06'));
    const kindsOf = async (parts: CheckOptions) => [...(await checkStore(store, parts)).byKind.keys()].toSorted();
    const off = { graph: false, indexes: false, labelScan: false };
    expect(await kindsOf(off)).toEqual([]);
    expect(await kindsOf({ ...off, labelScan: true })).toEqual(['labelScan.nodeNotInUse']);
    expect(await kindsOf({ ...off, indexes: true })).toEqual(['index.nodeNotInUse']);
    const dirty = await lab.apply(corruption('base35/idx-05'));
    expect([...(await checkStore(dirty, off)).byKind.keys()]).toEqual(['schema.schemaRuleNotOnline']);
    const swapped = await lab.apply(corruption('base35/idx-09'));
    expect([...(await checkStore(swapped, off)).byKind.keys()]).toEqual([]);
    const ofGraph = await kindsOf({ ...off, graph: true });
    expect(ofGraph).toContain('relationship.sourceNodeNotInUse');
    expect(ofGraph.filter((kind) => /^(labelScan|index)\./.test(kind))).toEqual([]);
  });

  it('a check passes on as many findings of a kind as wanted, counts all, and writes all to the report', async () => {
    const store = await lab.apply(corruption('base35/met-03'));
    const passed: string[] = [];
    const check = await checkStoreWithReport(store, {
      reportDirectory: root,
      startedAt: new Date(),
      maxFindingsPerKind: 3,
      onFinding: ({ kind }) => passed.push(kind),
    });
    expect(check.consistent).toBe(false);
    expect(check.byKind.get('labelScan.nodeNotInUse')).toBeGreaterThan(3);
    expect(passed.filter((kind) => kind === 'labelScan.nodeNotInUse').length).toBe(3);
    const entries = readFileSync(check.reportPath!, 'utf8').match(/^(ERROR|WARN ): /gm);
    expect(entries?.length).toBe(check.errors + check.warnings + 1);
  });

  it('a check can be cancelled, and reports its progress', async () => {
    const store = lab.copy('base35');
    const phases = new Set<string>();
    await checkStore(store, { onEvent: (event) => event.kind === 'check-progress' && phases.add(event.phase) });
    expect(phases.size).toBeGreaterThan(4);
    const controller = new AbortController();
    const onEvent = ({ kind }: CheckEvent) => {
      if (kind === 'check-progress') controller.abort();
    };
    await expect(checkStore(store, { signal: controller.signal, onEvent })).rejects.toMatchObject({
      code: 'cancelled',
    });
  });

  it('a check begins only if its report can be written', async () => {
    const reportDirectory = join(root, 'nowhere');
    const check = checkStoreWithReport(lab.copy('base35'), { reportDirectory, startedAt: new Date() });
    await expect(check).rejects.toMatchObject({ code: 'directory.missing' });
  });
});
