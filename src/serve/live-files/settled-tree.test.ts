import { closeSync, existsSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { makeTemporaryDirectory, removeDirectory } from '../../../test/support/corpus/unpack-corpus.ts';
import { campaign } from '../../../test/support/random/campaign-size.ts';
import { SEED } from '../../../test/support/random/seed.ts';
import { LabelScanReader } from '../../../test/support/trees/label-scan-reader.ts';
import { Dice } from '../../base/dice.ts';
import { LabelScanBuilder } from '../../store/label-scan/label-scan-builder.ts';
import { updateLabelScanStore } from '../../store/label-scan/label-scan-update.ts';
import { copySettledTree } from './settled-tree.ts';

let root: string;
let tree: string;
let copy: string;
beforeEach(async () => {
  root = await makeTemporaryDirectory();
  tree = join(root, 'tree');
  copy = join(root, 'copy');
});
afterEach(() => removeDirectory(root));

const { signal } = new AbortController();
const PAGE_BYTES = 8192;
const NODES = 192_000;

/** A tree of some dozen pages: every 64th node has label 1. */
async function build(): Promise<void> {
  const builder = new LabelScanBuilder(tree);
  for (let node = 0; node < NODES; node += 64) builder.add(node, [1]);
  await builder.finish();
}

/** The nodes with label 2, in order. */
function labelled(path: string): number[] {
  const reader = new LabelScanReader(path, { allowNotClosed: true });
  const nodes: number[] = [];
  let others = 0;
  reader.seek(1);
  while (reader.next()) {
    if (reader.label === 1) others++;
    for (let bit = 0; reader.label === 2 && bit < 64; bit++) {
      const half = bit < 32 ? reader.low : reader.high;
      if (((half >>> (bit % 32)) & 1) === 1) nodes.push(reader.range * 64 + bit);
    }
  }
  reader.close();
  expect(others).toBe(NODES / 64);
  return nodes;
}

it('a tree whose check points spoil one copy after the other is copied as of one of them', async () => {
  await build();
  const dice = new Dice(SEED);
  let isWriting = true;
  let last = -1;
  // Fewer than there are attempts: each can spoil one.
  let due = 0;
  const write = async (path: string): Promise<void> => {
    while (isWriting) {
      if (due > 0) {
        due--;
        await updateLabelScanStore(path, [{ node: last + 1, removed: [], added: [2] }]);
        last++;
      }
      for (let turn = 0; turn < 10; turn++) await new Promise(setImmediate);
    }
  };
  const writing = write(tree);
  try {
    for (let round = 0; round < campaign.rounds(30, 3); round++) {
      const atLeast = last;
      due = dice.between(1, 20);
      expect(await copySettledTree(tree, copy, signal)).toBe('copied');
      const nodes = labelled(copy);
      expect(nodes).toEqual(nodes.map((_, i) => i));
      expect(nodes.length).toBeGreaterThan(atLeast);
    }
    expect(last).toBeGreaterThan(0);
  } finally {
    isWriting = false;
    await writing;
  }
});

it('a tree that never rests is an error that says what to do', async () => {
  await build();
  const state = readFileSync(tree).subarray(PAGE_BYTES, 2 * PAGE_BYTES);
  const file = openSync(tree, 'r+');
  let isWriting = true;
  const write = async (): Promise<void> => {
    for (let generation = 3; isWriting; generation++) {
      for (const at of [0, 57]) state.writeUInt32BE(generation, at);
      for (const at of [4, 61]) state.writeUInt32BE(generation + 1, at);
      writeSync(file, state, 0, PAGE_BYTES, (1 + (generation % 2)) * PAGE_BYTES);
      await new Promise(setImmediate);
    }
    closeSync(file);
  };
  const writing = write();
  try {
    await expect(copySettledTree(tree, copy, signal)).rejects.toMatchObject({
      code: 'serve.unsettled',
      place: { file: tree },
      hint: expect.stringContaining('dbms.checkpoint.interval.time'),
    });
  } finally {
    isWriting = false;
    await writing;
  }
});

it('a tree without any check point yet, or no tree at all, is absent', async () => {
  await build();
  const bytes = readFileSync(tree);
  writeFileSync(tree, bytes.fill(0, PAGE_BYTES, 3 * PAGE_BYTES));
  expect(await copySettledTree(tree, copy, signal)).toBe('absent');
  writeFileSync(tree, '');
  expect(await copySettledTree(tree, copy, signal)).toBe('absent');
  rmSync(tree);
  expect(await copySettledTree(tree, copy, signal)).toBe('absent');
  expect(existsSync(copy)).toBe(false);
});

it('a copy has nothing that was written after the check point', async () => {
  await build();
  const pages = readFileSync(tree).length / PAGE_BYTES;
  writeFileSync(tree, Buffer.concat([readFileSync(tree), Buffer.alloc(5 * PAGE_BYTES, 0xaa)]));
  expect(await copySettledTree(tree, copy, signal)).toBe('copied');
  expect(readFileSync(copy).length).toBe(pages * PAGE_BYTES);
  expect(labelled(copy)).toEqual([]);
});
