import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { logFileName } from './log-files.ts';
import { LogFileSet } from './log-source.ts';

let directory: string;
let files: LogFileSet;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'graphkeep-files-'));
  for (const version of [3, 4]) writeFileSync(file(version), 'x'.repeat(10 * version));
  files = new LogFileSet(directory);
});
afterEach(() => {
  files.close();
  rmSync(directory, { recursive: true, force: true });
});

const file = (version: number) => join(directory, logFileName(version));

it('a set of log files looks only at files that are new', () => {
  files.pin();
  // As costly as the new files, however many there are: what became of the name of a file that is open does not matter.
  rmSync(file(3));
  mkdirSync(file(3));
  writeFileSync(file(5), 'new');
  files.pin();
  expect(files).toMatchObject({ lowest: 3, highest: 5 });
  expect([3, 4, 5].map((version) => files.sizeOf(version))).toEqual([30, 40, 3]);
});

it('a set of log files keeps what the server removed, and reports what it removed too early', () => {
  files.pin();
  rmSync(file(3));
  files.pin();
  expect(files.lowest).toBe(3);
  rmSync(file(4));
  writeFileSync(file(6), 'new');
  expect(() => files.pin()).toThrow(expect.objectContaining({ code: 'log.gap', place: { file: file(5) } }));
});

it('a set of log files sees that the newest one was replaced, and not that the others were removed', () => {
  files.pin();
  rmSync(file(3));
  expect(files.holdsNewest()).toBe(true);
  writeFileSync(file(5), 'new');
  rmSync(file(4));
  expect(files.holdsNewest()).toBe(true);
  rmSync(file(5));
  expect(files.holdsNewest()).toBe(false);
  writeFileSync(file(4), 'another');
  expect(files.holdsNewest()).toBe(false);
});

it('only what was forced to disk is seen, in files that grow and in finished ones', async () => {
  files.pin();
  await files.flush(3);
  await files.force(3);
  appendFileSync(file(4), 'more');
  expect([3, 4].map((version) => files.sizeOf(version))).toEqual([30, 40]);
  await files.force(3);
  expect(files.sizeOf(4)).toBe(44);
  appendFileSync(file(4), 'the rest');
  writeFileSync(file(5), 'new');
  files.pin();
  expect([4, 5].map((version) => files.sizeOf(version))).toEqual([44, 0]);
  await files.force(3);
  expect([3, 4, 5].map((version) => files.sizeOf(version))).toEqual([30, 52, 3]);
  appendFileSync(file(5), 'more');
  files.showWritten();
  expect(files.sizeOf(5)).toBe(7);
});
