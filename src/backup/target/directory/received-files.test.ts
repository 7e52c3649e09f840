import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { makeTemporaryDirectory, removeDirectory } from '../../../../test/support/corpus/unpack-corpus.ts';
import { ReceivedFiles } from './received-files.ts';

let folder: string;
let copy: ReceivedFiles;

beforeEach(async () => {
  folder = await makeTemporaryDirectory();
  copy = new ReceivedFiles(folder);
});

afterEach(() => removeDirectory(folder));

const open = (name: string) => copy.openFile({ name, alignment: 1, empty: false });

it('received files can be written several at a time', async () => {
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
});

it('a received file can start again', async () => {
  const file = await open('a');
  await file.bytes(Buffer.from('much longer than later'));
  await file.restart();
  await file.bytes(Buffer.from('short'));
  await file.end();
  await copy.finish();
  expect(readFileSync(join(folder, 'a'), 'utf8')).toBe('short');
});

it('a discarded file leaves nothing', async () => {
  const file = await open('a');
  await file.bytes(Buffer.from('data'));
  await file.discard();
  await copy.finish();
  expect(existsSync(join(folder, 'a'))).toBe(false);
});

it('a file that was discarded after its end is accepted again', async () => {
  const file = await open('a');
  await file.bytes(Buffer.from('much longer than later'));
  await file.end();
  await file.discard();
  expect(existsSync(join(folder, 'a'))).toBe(false);
  const again = await open('a');
  await again.bytes(Buffer.from('short'));
  await again.end();
  await copy.finish();
  expect(readFileSync(join(folder, 'a'), 'utf8')).toBe('short');
});

it('an existing file is refused, and abandoning closes the others', async () => {
  const file = await open('a');
  await expect(open('a')).rejects.toMatchObject({ code: 'file.io' });
  await copy.abandon();
  await expect(file.bytes(Buffer.from('late'))).rejects.toMatchObject({ code: 'file.io' });
});
