import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { makeTemporaryDirectory, removeDirectory } from '../../../test/support/corpus/unpack-corpus.ts';
import { CopyRecorder } from '../../../test/support/servers/copy-recorder.ts';
import { copyExplicitIndex } from './live-index-folder.ts';
import { RateLimit } from './rate-limit.ts';

let root: string;
beforeEach(async () => {
  root = await makeTemporaryDirectory();
});
afterEach(() => removeDirectory(root));

const folder = () => ({ name: 'index/lucene/node/people', path: root });
const copying = () => ({ rate: new RateLimit(undefined), signal: new AbortController().signal });

/** The content of a commit: texts, each after its length. */
function commitOf(generation: number): string {
  const segment = `_${generation}`;
  return `commit ${String.fromCharCode(segment.length)}${segment}`;
}

/** A commit of Lucene: new files, then the file that names them, then the old ones go. */
function commit(generation: number): void {
  writeFileSync(join(root, `_${generation}.cfs`), `segment ${generation}`);
  writeFileSync(join(root, `segments_${generation.toString(36)}`), commitOf(generation));
  if (generation === 1) return;
  rmSync(join(root, `_${generation - 1}.cfs`));
  rmSync(join(root, `segments_${(generation - 1).toString(36)}`));
}

const copied = (recorder: CopyRecorder) =>
  Object.fromEntries(Object.entries(recorder.contents).map(([name, bytes]) => [name, bytes.toString()]));

it('a folder at rest is copied without what belongs to the server', async () => {
  commit(1);
  writeFileSync(join(root, 'write.lock'), '');
  writeFileSync(join(root, 'pending_segments_2'), '');
  writeFileSync(join(root, '_2.fdt'), 'of the next commit');
  writeFileSync(join(root, 'failure-message'), 'none');
  mkdirSync(join(root, 'folder'));
  const recorder = new CopyRecorder();
  await copyExplicitIndex(folder(), recorder, copying());
  expect(copied(recorder)).toEqual({
    'index/lucene/node/people/_1.cfs': 'segment 1',
    'index/lucene/node/people/failure-message': 'none',
    'index/lucene/node/people/segments_1': commitOf(1),
  });
});

it('a commit during the copy makes it begin again, so that it holds one commit and its files', async () => {
  let generation = 9;
  commit(1);
  for (let at = 2; at <= generation; at++) commit(at);
  const recorder = new CopyRecorder();
  recorder.onCall = (kind) => {
    if (kind === 'end' && generation < 12) commit(++generation);
    return undefined;
  };
  await copyExplicitIndex(folder(), recorder, copying());
  expect(copied(recorder)).toEqual({
    'index/lucene/node/people/_12.cfs': 'segment 12',
    'index/lucene/node/people/segments_c': commitOf(12),
  });
});

it('an index that never rests is an error, one that was dropped is none', async () => {
  let generation = 1;
  commit(1);
  const recorder = new CopyRecorder();
  recorder.onCall = (kind) => {
    if (kind === 'openFile') commit(++generation);
    return undefined;
  };
  await expect(copyExplicitIndex(folder(), recorder, copying())).rejects.toMatchObject({ code: 'file.io' });
  const dropped = new CopyRecorder();
  await copyExplicitIndex({ ...folder(), path: join(root, 'gone') }, dropped, copying());
  expect(dropped.contents).toEqual({});
});
