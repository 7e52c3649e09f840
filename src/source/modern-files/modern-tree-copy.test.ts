import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { makeTemporaryDirectory, removeDirectory } from '../../../test/support/corpus/unpack-corpus.ts';
import { CopyRecorder } from '../../../test/support/servers/copy-recorder.ts';
import { LabelScanBuilder } from '../../store/label-scan/label-scan-builder.ts';
import { updateLabelScanStore } from '../../store/label-scan/label-scan-update.ts';
import { RateLimit } from '../live-files/rate-limit.ts';
import { copyModernTree } from './modern-tree-copy.ts';

/** Enough for a file that is read in several pieces. */
const RANGES = 40_000;
const PAGE_BYTES = 8192;
// Trees of 3.4 to 2026.08 have the same pages.
const name = 'schema/index/range-1.0/7/index-7';

let root: string;
let path: string;
let recorder: CopyRecorder;
let added: number;

beforeEach(async () => {
  root = await makeTemporaryDirectory();
  path = join(root, name);
  mkdirSync(join(path, '..'), { recursive: true });
  const builder = new LabelScanBuilder(path);
  for (let range = 0; range < RANGES; range++) builder.add(64 * range, [1]);
  await builder.finish();
  recorder = new CopyRecorder();
  added = 0;
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await removeDirectory(root);
});

const copyTree = () =>
  copyModernTree({ name, path, role: 'tree-index' }, recorder, {
    rate: new RateLimit(undefined),
    signal: new AbortController().signal,
  });

/** A check point of the tree with nodes all over it. */
async function checkPoint(): Promise<void> {
  const nodes = Array.from({ length: 50 }, (_, i) => 64 * i * (RANGES / 50) + 1 + added++);
  await updateLabelScanStore(
    path,
    nodes.map((node) => ({ node, removed: [], added: [1] })),
  );
}

it('a tree of a running server at rest is copied as it is', async () => {
  expect(await copyTree()).toBe('copied');
  expect(recorder.contents[name]!.equals(readFileSync(path))).toBe(true);
  expect(recorder.restarts).toBe(0);
});

it('a tree that has a check point during every direct copy is staged, and leaves nothing behind', async () => {
  const temporary = join(root, 'temporary');
  mkdirSync(temporary);
  vi.stubEnv('TMPDIR', temporary);
  let spoilt = 0;
  recorder.onCall = async (kind) => {
    if (kind === 'bytes' && spoilt === recorder.restarts && spoilt < 2) {
      spoilt++;
      await checkPoint();
    }
  };
  expect(await copyTree()).toBe('copied');
  expect([spoilt, recorder.restarts]).toEqual([2, 2]);
  expect(recorder.contents[name]!.equals(readFileSync(path))).toBe(true);
  expect(readdirSync(temporary)).toEqual([]);
});

it('a tree without a valid state is waited for, and left out if it gets none', async () => {
  const whole = readFileSync(path);
  const unfinished = Buffer.from(whole).fill(0, PAGE_BYTES, 3 * PAGE_BYTES);
  writeFileSync(path, unfinished);
  const copied = copyTree();
  writeFileSync(path, whole);
  expect(await copied).toBe('copied');
  recorder = new CopyRecorder();
  writeFileSync(path, unfinished);
  expect(await copyTree()).toBe('incomplete');
  expect(recorder.contents).toEqual({});
});

it('a tree that loses its state while it is copied is taken back from the receiver', async () => {
  recorder.onCall = (kind) => {
    if (kind === 'bytes') writeFileSync(path, readFileSync(path).fill(0, PAGE_BYTES, 3 * PAGE_BYTES));
  };
  expect(await copyTree()).toBe('incomplete');
  expect(recorder.contents).toEqual({});
});

it('a tree that was dropped is no file that was left out', async () => {
  rmSync(path);
  expect(await copyTree()).toBe('dropped');
});
