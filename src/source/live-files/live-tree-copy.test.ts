import { appendFileSync, mkdirSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeTemporaryDirectory, removeDirectory } from '../../../test/support/corpus/unpack-corpus.ts';
import { CopyRecorder } from '../../../test/support/servers/copy-recorder.ts';
import { LabelScanReader } from '../../../test/support/trees/label-scan-reader.ts';
import { LabelScanBuilder } from '../../store/label-scan/label-scan-builder.ts';
import { updateLabelScanStore } from '../../store/label-scan/label-scan-update.ts';
import { copySchemaIndex } from './live-schema-index.ts';
import { copyLiveTree } from './live-tree-copy.ts';
import { RateLimit } from './rate-limit.ts';

/** Enough for a file that is read in several pieces. */
const RANGES = 40_000;
const name = 'neostore.labelscanstore.db';

let root: string;
let path: string;
let recorder: CopyRecorder;
let added: number;

beforeEach(async () => {
  root = await makeTemporaryDirectory();
  path = join(root, name);
  const builder = new LabelScanBuilder(path);
  for (let range = 0; range < RANGES; range++) builder.add(64 * range, [1]);
  await builder.finish();
  recorder = new CopyRecorder();
  added = 0;
});
afterEach(() => removeDirectory(root));

const copying = () => ({ rate: new RateLimit(undefined), signal: new AbortController().signal });
const treeFile = () => ({ name, path, alignment: 1 });
const copyTree = () => copyLiveTree(treeFile(), recorder, copying());

/** A check point of the tree with nodes all over it. */
async function checkPoint(): Promise<void> {
  const nodes = Array.from({ length: 50 }, (_, i) => 64 * i * (RANGES / 50) + 1 + added);
  added++;
  await updateLabelScanStore(
    path,
    nodes.map((node) => ({ node, removed: [], added: [1] })),
  );
}

/** All entries of a tree. */
function read(file: string): string[] {
  const reader = new LabelScanReader(file);
  const entries: string[] = [];
  while (reader.next()) entries.push(`${reader.label} ${reader.range} ${reader.high} ${reader.low}`);
  reader.close();
  return entries;
}

function readCopy(): string[] {
  const copy = join(root, 'copy');
  writeFileSync(copy, recorder.contents[name]!);
  return read(copy);
}

describe('a tree', () => {
  it('a tree at rest is copied as it is', async () => {
    expect(await copyTree()).toBeDefined();
    expect(recorder.contents[name]!.equals(readFileSync(path))).toBe(true);
    expect(recorder.restarts).toBe(0);
  });

  it('a tree that has a check point while it is copied is copied again, so that the copy is of one check point', async () => {
    let pieces = 0;
    recorder.onCall = async (kind) => {
      if (kind === 'bytes' && ++pieces === 2) await checkPoint();
    };
    expect(await copyTree()).toBeDefined();
    expect([pieces > 3, recorder.restarts]).toEqual([true, 1]);
    expect(readCopy()).toEqual(read(path));
  });

  it('a tree is copied as of its check point while pages of the next one are written behind it', async () => {
    const before = read(path);
    recorder.onCall = (kind) => {
      if (kind === 'bytes') appendFileSync(path, Buffer.alloc(8192 + 100, 7));
    };
    expect(await copyTree()).toBeDefined();
    expect([recorder.restarts, readCopy()]).toEqual([0, before]);
  });

  it('a tree that never rests, is not complete, or has vanished is left out', async () => {
    recorder.onCall = async (kind) => {
      if (kind === 'bytes') await checkPoint();
    };
    expect(await copyTree()).toBeUndefined();
    expect(recorder.contents).toEqual({});
    recorder = new CopyRecorder();
    for (const bytes of [20_000, 10, 0]) {
      truncateSync(path, bytes);
      expect(await copyTree()).toBeUndefined();
    }
    rmSync(path);
    expect(await copyTree()).toBeUndefined();
    expect(recorder.calls).toBe(0);
  });

  it('an interruption while a tree is copied again ends the copy', async () => {
    const interruption = new AbortController();
    recorder.onCall = async (kind) => {
      if (kind === 'bytes') await checkPoint();
      if (kind === 'restart') interruption.abort();
    };
    const how = { rate: new RateLimit(undefined), signal: interruption.signal };
    await expect(copyLiveTree(treeFile(), recorder, how)).rejects.toMatchObject({ code: 'cancelled' });
  });
});

describe('a schema index', () => {
  const parts = ['native-1.0/index-3', 'string-1.0/index-3'];
  const folder = 'schema/index/lucene_native-2.0/3';
  const partName = (part: string) => `${folder}/${part}`;

  function indexFiles() {
    for (const part of parts) {
      mkdirSync(join(root, folder, part, '..'), { recursive: true });
      writeFileSync(join(root, partName(part)), readFileSync(path));
    }
    mkdirSync(join(root, folder, 'lucene-1.0/1'), { recursive: true });
    writeFileSync(join(root, folder, 'lucene-1.0/1/segments_1'), 'a commit');
    const trees = parts.map((part) => ({ name: partName(part), path: join(root, partName(part)), alignment: 1 }));
    const lucene = { name: `${folder}/lucene-1.0/1`, path: join(root, folder, 'lucene-1.0/1') };
    return { rule: '3', trees, folders: [lucene] };
  }

  it('an index is copied with all its parts', async () => {
    const index = indexFiles();
    await copySchemaIndex(index, () => index, recorder, copying());
    expect(Object.keys(recorder.contents).sort()).toEqual(
      [`${folder}/lucene-1.0/1/segments_1`, ...parts.map(partName)].sort(),
    );
  });

  it('an index that got another part since it was listed is left out as a whole', async () => {
    const index = indexFiles();
    const later = { ...index, trees: [...index.trees, { name: partName('temporal-1.0/date'), path, alignment: 1 }] };
    await copySchemaIndex(index, () => later, recorder, copying());
    expect([recorder.contents, recorder.calls > 3]).toEqual([{}, true]);
  });

  it('an index of which a part cannot be copied is left out as a whole', async () => {
    const second = join(root, partName(parts[1]!));
    const lucene = join(root, folder, 'lucene-1.0/1');
    let commits = 1;
    const troubles: ((opened: string) => void)[] = [
      (opened) => opened === partName(parts[0]!) && rmSync(second),
      (opened) =>
        opened.includes('segments_') &&
        renameSync(join(lucene, `segments_${commits}`), join(lucene, `segments_${++commits}`)),
    ];
    for (const trouble of troubles) {
      const index = indexFiles();
      recorder = new CopyRecorder();
      recorder.onCall = (kind, what) => {
        if (kind === 'openFile') trouble(what);
      };
      await copySchemaIndex(index, () => index, recorder, copying());
      expect([recorder.contents, recorder.calls > 3]).toEqual([{}, true]);
    }
  });
});
