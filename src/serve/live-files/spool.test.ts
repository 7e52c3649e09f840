import { chownSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { makeTemporaryDirectory, removeDirectory } from '../../../test/support/corpus/unpack-corpus.ts';
import { Spool } from './spool.ts';

let root: string;
beforeEach(async () => {
  root = await makeTemporaryDirectory();
});
afterEach(() => removeDirectory(root));

it('a spool leaves nothing behind', async () => {
  const spool = await Spool.open(join(root, 'new', 'place'));
  const [kept, dropped] = [await spool.makeFolder(), await spool.makeFolder()];
  for (const folder of [kept, dropped]) writeFileSync(join(folder, 'file'), 'x');
  spool.drop(dropped);
  await spool.close();
  expect(readdirSync(join(root, 'new', 'place'))).toEqual([]);
});

it('what a killed process left is removed, what belongs to a living one or to nobody is not', async () => {
  const name = 'graphkeep-serve-0123456789abcdef';
  mkdirSync(join(root, name));
  mkdirSync(join(root, name, '0'));
  writeFileSync(join(root, name, '0', 'neostore'), 'x');
  writeFileSync(join(root, `${name}.lock`), '');
  mkdirSync(join(root, 'graphkeep-serve-of-mine'));
  const living = await Spool.open(root);
  const folder = await living.makeFolder();
  const second = await Spool.open(root);
  expect(existsSync(folder)).toBe(true);
  expect(existsSync(join(root, name))).toBe(false);
  expect(existsSync(join(root, `${name}.lock`))).toBe(false);
  await second.close();
  await living.close();
  expect(readdirSync(root)).toEqual(['graphkeep-serve-of-mine']);
});

it.runIf(process.geteuid?.() === 0)('what a process of another user left is not touched', async () => {
  const name = 'graphkeep-serve-0123456789abcdef';
  mkdirSync(join(root, name));
  writeFileSync(join(root, `${name}.lock`), '');
  chownSync(join(root, name), 1234, 1234);
  const spool = await Spool.open(root);
  await spool.close();
  expect(readdirSync(root).sort()).toEqual([name, `${name}.lock`]);
});
