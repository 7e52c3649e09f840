import { expect, it } from 'vitest';
import type { MeasuredProgress } from './progress.ts';
import { describePhase, describeProgress, describeSeconds, drawProgress } from './progress-text.ts';

const GB = 1024 ** 3;
const copying: MeasuredProgress = {
  phase: 'copying files',
  files: 12,
  totalFiles: 40,
  bytes: GB / 2,
  totalBytes: GB,
  elapsedMs: 11_000,
  percent: 50,
  bytesPerSecond: 48 * 1024 ** 2,
  leftMs: 10_100,
};

it.each([
  [
    140,
    `copying files [${'#'.repeat(15)}${'-'.repeat(15)}]  50 %, 12 of 40 files, 512.00 MB of 1.00 GB, 48.00 MB/s, 11 s left`,
  ],
  [99, 'copying files [#####------]  50 %, 12 of 40 files, 512.00 MB of 1.00 GB, 48.00 MB/s, 11 s left'],
  [79, 'copying files [#####-----]  50 %, 512.00 MB of 1.00 GB, 48.00 MB/s, 11 s left'],
  [60, 'copying files [#####-----]  50 %, 48.00 MB/s, 11 s left'],
  [45, 'copying files: 50 %, 48.00 MB/s, 11 s left'],
  [20, 'copying files: 50 %'],
  [10, 'copying fi'],
])('a terminal of %i columns shows as much as fits', (columns, text) => {
  expect(drawProgress(copying, columns)).toBe(text);
});

it.each([
  [
    119,
    `checking [${'#'.repeat(15)}${'-'.repeat(15)}]  50 %, 512.00 MB of 1.00 GB, 48.00 MB/s, 11 s left (relationship cycles)`,
  ],
  [99, 'checking [#####------]  50 %, 512.00 MB of 1.00 GB, 48.00 MB/s, 11 s left (relationship cycles)'],
  [79, 'checking [#####-----]  50 %, 48.00 MB/s, 11 s left (relationship cycles)'],
  [60, 'checking [#####-----]  50 %, 48.00 MB/s, 11 s left'],
])('the part of a phase comes last, where it moves nothing: %i columns', (columns, text) => {
  const { files: _, totalFiles: __, ...rest } = copying;
  expect(drawProgress({ ...rest, phase: 'checking', part: 'relationship cycles' }, columns)).toBe(text);
});

it('there is no box without a known total', () => {
  const { totalBytes: _, totalFiles: __, percent: ___, leftMs: ____, ...known } = copying;
  expect(drawProgress(known, 140)).toBe('copying files: 12 files, 512.00 MB, 48.00 MB/s');
  expect(drawProgress({ phase: 'waiting for the disk', elapsedMs: 0 }, 140)).toBe('waiting for the disk');
});

it('a guess is marked as one, and forgotten once it was too small', () => {
  const guess = { ...copying, files: 1, isEstimate: true } as const;
  expect(describeProgress(guess)).toBe(
    'copying files: 50 %, 1 of 40 files, 512.00 MB of about 1.00 GB, 48.00 MB/s, 11 s left',
  );
  expect(describeProgress({ ...guess, percent: 30, bytes: 2 * GB })).toContain(', 2.00 GB, ');
});

it('untrusted names cannot move the cursor', () => {
  expect(drawProgress({ phase: 'p', part: 'a\x1b[2Kb', elapsedMs: 0 }, 80)).not.toContain('\x1b');
});

it.each([
  [
    { phase: 'copying files', files: 24, totalFiles: 24, bytes: GB, totalBytes: GB },
    'copying files: 24 files, 1.00 GB in 10.0 s (102.40 MB/s)',
  ],
  [
    { phase: 'receiving transactions', transactions: 1, bytes: 0 },
    'receiving transactions: 1 transaction, 0 B in 10.0 s',
  ],
  [{ phase: 'updating indexes', indexes: 1 }, 'updating indexes: 1 index in 10.0 s'],
  [{ phase: 'waiting for the disk' }, 'waiting for the disk: done in 10.0 s'],
])('a finished phase is reported with what it did: %j', (progress, text) => {
  expect(describePhase(progress, 10_000)).toBe(text);
});

it.each([
  [0, '0.0 s'],
  [59_940, '59.9 s'],
  [60_000, '1 min 0 s'],
  [724_400, '12 min 4 s'],
  [7_500_000, '2 h 5 min'],
])('%i ms are %s', (ms, text) => {
  expect(describeSeconds(ms)).toBe(text);
});
