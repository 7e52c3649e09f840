import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { makeTemporaryDirectory, removeDirectory } from '../../test/support/corpus/unpack-corpus.ts';
import type { CopyEvent } from './backup-events.ts';
import { ReceivedCopy } from './received-copy.ts';

let folder: string;
let copy: ReceivedCopy;
const events: CopyEvent[] = [];

beforeEach(async () => {
  events.length = 0;
  folder = await makeTemporaryDirectory();
  copy = new ReceivedCopy(folder, (event) => events.push(event));
});

afterEach(() => removeDirectory(folder));

const open = (name: string) => copy.openFile({ name, alignment: 1, empty: false });

it('takes several files at the same time', async () => {
  const a = await open('a');
  const b = await open('schema/index/b');
  await a.bytes(Buffer.from('one'));
  await b.bytes(Buffer.from('two'));
  await a.bytes(Buffer.from(' more'));
  await b.end();
  await a.end();
  await copy.finish();
  expect(readFileSync(join(folder, 'a'), 'utf8')).toBe('one more');
  expect(readFileSync(join(folder, 'schema/index/b'), 'utf8')).toBe('two');
  expect([copy.files, copy.bytes]).toEqual([2, 11]);
});

it('begins a file anew, and counts what is there only', async () => {
  const file = await open('a');
  await file.bytes(Buffer.from('much longer than later'));
  await file.restart();
  await file.bytes(Buffer.from('short'));
  await file.end();
  await copy.finish();
  expect(readFileSync(join(folder, 'a'), 'utf8')).toBe('short');
  expect([copy.files, copy.bytes]).toEqual([1, 5]);
});

it('leaves nothing of a discarded file', async () => {
  const file = await open('a');
  await file.bytes(Buffer.from('data'));
  await file.discard();
  await copy.finish();
  expect(existsSync(join(folder, 'a'))).toBe(false);
  expect([copy.files, copy.bytes]).toEqual([0, 0]);
});

it('tells what comes, in files and bytes of the whole copy', async () => {
  const a = await open('a');
  await a.bytes(Buffer.from('one'));
  const b = await open('b');
  await b.bytes(Buffer.from('four'));
  await b.bytes(Buffer.from('five'));
  await a.restart();
  await b.end();
  await b.discard();
  await a.end();
  expect(events).toEqual([
    { kind: 'file-began', name: 'a' },
    { kind: 'file-progress', name: 'a', bytes: 3, copiedFiles: 0, copiedBytes: 3 },
    { kind: 'file-began', name: 'b' },
    { kind: 'file-progress', name: 'b', bytes: 4, copiedFiles: 0, copiedBytes: 7 },
    { kind: 'file-progress', name: 'b', bytes: 8, copiedFiles: 0, copiedBytes: 11 },
    { kind: 'file-progress', name: 'a', bytes: 0, copiedFiles: 0, copiedBytes: 8 },
    { kind: 'file-ended', name: 'b', bytes: 8, copiedFiles: 1, copiedBytes: 8 },
    { kind: 'file-dropped', name: 'b', copiedFiles: 0, copiedBytes: 0 },
    { kind: 'file-ended', name: 'a', bytes: 0, copiedFiles: 1, copiedBytes: 0 },
  ]);
});

it('takes a file again that was discarded when it had ended', async () => {
  const file = await open('a');
  await file.bytes(Buffer.from('much longer than later'));
  await file.end();
  await file.discard();
  expect([copy.files, copy.bytes, existsSync(join(folder, 'a'))]).toEqual([0, 0, false]);
  const again = await open('a');
  await again.bytes(Buffer.from('short'));
  await again.end();
  await copy.finish();
  expect(readFileSync(join(folder, 'a'), 'utf8')).toBe('short');
  expect([copy.files, copy.bytes]).toEqual([1, 5]);
});

it('refuses a file that is there already, and closes the others when it is abandoned', async () => {
  const file = await open('a');
  await expect(open('a')).rejects.toMatchObject({ code: 'file.io' });
  await copy.abandon();
  await expect(file.bytes(Buffer.from('late'))).rejects.toMatchObject({ code: 'file.io' });
});
